import type { Contraction } from './contraction.ts';
import type { LowerLimits } from './kernel.ts';
import { blockOf, isInArray, isNarrow, type Loads, type Tiling } from './tiling.ts';

/** How long a way takes on an adapter, in some unit of its own. */
export function costOf(t: Tiling, product: Contraction, limits: LowerLimits, loads: Loads): number {
  const cost = isNarrow(limits) ? costOnNarrow : limits.isSoftware ? costOnCpu : costOnGpu;
  return cost(t, product, limits, loads);
}

/** Threads with the work of idle lanes. */
function threadsOf(t: Tiling, { Z, M, N }: Contraction, subgroup: number): number {
  if (t.variant === 'tile') {
    const block = blockOf(t);
    return Z * Math.ceil(M / block.rows) * Math.ceil(N / block.columns) * t.workgroup;
  }
  const tilesN = Math.ceil(N / t.columns);
  const tilesM = Z * Math.ceil(M / (t.rows * t.repeat));
  return t.variant === 'subgroup'
    ? tilesM * Math.ceil(tilesN / t.workgroup) * t.workgroup
    : Math.ceil((tilesM * tilesN * t.slices) / subgroup) * subgroup;
}

/** A load of one element in multiply-adds: CPUs take lanes one by one. */
const CPU_LOAD = 3.5;

function costOnCpu(t: Tiling, product: Contraction, limits: LowerLimits, loads: Loads): number {
  const size = limits.subgroupSize ?? 4;
  const { left, right } = loads.perTerm(t);
  const shared = t.variant === 'subgroup' ? left / size + t.rows / 8 : left;
  const ofColumns = CPU_LOAD * right;
  const perTerm = (t.repeat > 1 ? 0 : ofColumns) + CPU_LOAD * shared + t.rows * t.columns;
  const tile = product.K * perTerm + 2 * CPU_LOAD * t.rows * t.columns;
  const held = t.repeat > 1 ? product.K * ofColumns : 0;
  return threadsOf(t, product, size) * (t.repeat * tile + held + 40);
}

/**
 * Instructions for four lanes, as SwiftShader compiles: it takes the lanes one by one to load or store an
 * element of each, and computes with sums in memory, which it masks at the end of each step of a loop.
 */
const NARROW = { move: 110, spread: 13, product: 4, carry: 12, step: 60, thread: 300, group: 2400 };
/** Steps of more instructions than a core keeps decoded take longer, the more so the more they are. */
const [DECODED, TWICE_AS_LONG] = [3500, 10000];

function costOnNarrow(t: Tiling, product: Contraction, limits: LowerLimits, loads: Loads): number {
  const size = limits.subgroupSize ?? 4;
  const { left, right, unrolled, products } = loads.perTerm(t);
  const isShared = t.variant === 'subgroup';
  const isRepeated = t.repeat > 1;
  const sums = t.rows * t.columns;
  const ofColumns = NARROW.move * right;
  const perTerm =
    (isRepeated ? 0 : ofColumns) +
    (isShared ? (NARROW.move / size + NARROW.spread) * left : NARROW.move * left) +
    NARROW.product * (isRepeated ? t.rows * products : sums);
  const parts = isRepeated ? Math.ceil(product.K / unrolled) : 1;
  const stores = NARROW.move * sums * (1 + loads.perTurn / parts);
  const kept = parts > 1 ? NARROW.move * sums : 0;
  const step =
    unrolled * perTerm + (isRepeated ? stores + kept : NARROW.carry * sums) + NARROW.step;
  const slower = 1 + Math.max(0, step - DECODED) / TWICE_AS_LONG;
  const steps = isRepeated ? t.repeat * parts : product.K / unrolled;
  const held = product.K * ofColumns * (isInArray(t, limits) ? 2 : 1);
  const once = NARROW.thread + (isRepeated ? held : stores);
  const thread = steps * step * slower + once;
  const threads = threadsOf(t, product, size);
  return (threads / size) * thread + (threads / t.workgroup) * NARROW.group;
}

/** Threads that keep a GPU busy. */
const GPU_THREADS = 16384;
/** A load of one element in multiply-adds. */
const GPU_LOAD = 8;

function costOnGpu(t: Tiling, product: Contraction, _: LowerLimits, loads: Loads): number {
  const threads = threadsOf(t, product, 32);
  const products = t.rows * t.columns;
  const { left, right } = loads.perTerm(t);
  // a tile loads its share of both operands once for the workgroup, and four times as fast again
  const perTerm =
    t.variant === 'tile'
      ? products + (t.rows + t.columns) + (GPU_LOAD * (left + right)) / Math.sqrt(t.workgroup)
      : products + GPU_LOAD * (left + right);
  const once = GPU_LOAD * products + 40 + 20 * Math.log2(t.slices);
  return Math.max(threads, GPU_THREADS) * ((product.K / t.slices) * perTerm + once);
}
