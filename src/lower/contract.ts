import { mentions, strideIn, variable, ZERO, type Index } from '../ir/index-expr.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Group } from '../plan/plan.ts';
import { range } from '../util/shape.ts';
import {
  asProduct,
  rowSizes,
  termCount,
  type Block,
  type Blocks,
  type Contraction,
  type IndicesOf,
} from './contraction.ts';
import { Emitter, isZero } from './emitter.ts';
import { keeperOf } from './epilogue.ts';
import { KernelWriter, fits, type Kernel, type LowerLimits } from './kernel.ts';
import { NotVector } from './lanes.ts';
import { loadsPerTerm, writeRegisterTile, type IsNothing } from './register-tile.ts';
import { isNarrow, type Loads, type Tiling } from './tiling.ts';
import { mayHold, tilings } from './tilings.ts';
import { rowIn, turnsOf } from './turns.ts';
import { writeWorkgroupTile } from './workgroup-tile.ts';

/** One way to compute a contraction. */
export interface Way {
  readonly tiling: Tiling;
  readonly kernel: Kernel;
}

/** Contraction in the way measured to be the fastest, else in the one that promises to be. */
export function lowerContract(group: Group, limits: LowerLimits): Kernel {
  const { tiling, tuned, ...free } = limits;
  for (const { kernel } of waysOf(group, limits)) {
    const best = tuned?.get(kernel.code);
    return best ? lowerContract(group, { ...free, tiling: best }) : kernel;
  }
  if (tiling) return lowerContract(group, free);
  throw new Error(`lower: no way to compute ${(group.anchor as Tensor).toString()}`);
}

/** The ways to compute a contraction that the device allows, the one that promises most first. */
export function* waysOf(group: Group, limits: LowerLimits): Generator<Way, void> {
  for (const { product, tiling } of choicesFor(group, limits)) {
    const kernel = written(new KernelWriter(group, limits), product, tiling);
    if (kernel && fits(kernel, limits)) yield { tiling, kernel };
  }
}

/** The kernel of a tiling; null where neighbours of an index are none of the sums it becomes in a tile. */
function written(writer: KernelWriter, product: Contraction, tiling: Tiling): Kernel | null {
  const write = tiling.variant === 'tile' ? writeWorkgroupTile : writeRegisterTile;
  try {
    return write(writer, product, tiling);
  } catch (e) {
    if (e instanceof NotVector) return null;
    throw e;
  }
}

/** Blocks of columns that are tried where columns are positions of windows. */
const COLUMN_BLOCKS: readonly Block[] = [
  [2, 4],
  [4, 4],
];

/** Positions in a block of rows. */
const [LEAST_ROWS, MOST_ROWS] = [6, 16];
/** Blocks of rows that are tried: those whose windows overlap most. */
const ROW_BLOCKS = 2;

/** Blocks of rows that are tried where rows are positions of windows, in a plane or along a line. */
function rowBlocks(sizes: readonly number[]): Block[] {
  const [height, width] = [1, 1, ...sizes].slice(-2) as [number, number];
  const found: Block[] = [];
  for (let h = 1; h <= Math.min(height, MOST_ROWS); h++)
    for (let w = 1; h * w <= MOST_ROWS && w <= width; w++)
      if (h * w >= LEAST_ROWS && height % h === 0 && width % w === 0) found.push([h, w]);
  // what windows of three taps read of a block, for each of its positions
  const reads = ([h, w]: Block): number => ((h + 2) * (w + 2)) / (h * w);
  return found.sort((x, y) => reads(x) - reads(y)).slice(0, ROW_BLOCKS);
}

/** How rows and columns may be ordered; blocks only of what is read through windows or other index maps. */
function ordersOf(
  node: Tensor,
  flip: boolean,
  limits: LowerLimits,
  isRead: (x: Tensor) => boolean,
): Blocks[] {
  const [rows, columns] = [node.inputs[flip ? 1 : 0], node.inputs[flip ? 0 : 1]] as [
    Tensor,
    Tensor,
  ];
  const sizes = rowSizes(node, flip);
  const ofRows = isRead(rows) ? [] : rowBlocks(sizes);
  const canTurn = isNarrow(limits) && !isRead(rows) && mayHold(node.size, termCount(node), limits);
  const turns = canTurn ? rowTurns(sizes) : [];
  const ofColumns = isRead(columns) ? [] : COLUMN_BLOCKS;
  return [
    { rows: null, columns: null },
    ...ofColumns.map((block) => ({ rows: null, columns: block })),
    ...ofRows.map((block) => ({ rows: block, columns: null })),
    ...turns.map((axes) => ({ rows: null, columns: null, turns: axes })),
  ];
}

/** Lengths of axes of rows that a thread goes through. */
const [LEAST_TURNS, MOST_TURNS] = [4, 64];

/** Pairs of axes of rows, the last and one before it, that are tried as loops of a thread. */
function rowTurns(sizes: readonly number[]): number[][] {
  const last = sizes.length - 1;
  const fits = (i: number): boolean => {
    const n = sizes[i] as number;
    return n >= LEAST_TURNS && n <= MOST_TURNS;
  };
  if (last < 1 || !fits(last)) return [];
  return range(last)
    .filter(fits)
    .map((i) => [last, i]);
}

function choicesFor(group: Group, limits: LowerLimits): { product: Contraction; tiling: Tiling }[] {
  const node = group.anchor as Tensor;
  const indicesOf: IndicesOf = (x, at, lanes) => {
    const indices: Index[] = [];
    const { around } = new KernelWriter(group, limits);
    new Emitter({ ...around, onIndex: (i) => indices.push(i) }, lanes).value(x, at);
    return indices;
  };
  const isNothing: IsNothing = (x, at) => {
    const { around } = new KernelWriter(group, limits);
    return isZero(new Emitter(around).value(x, at));
  };
  const loadedAfter: LoadedAfter = (product, m) => {
    const indices: Index[] = [];
    const writer = new KernelWriter(group, limits);
    const e = new Emitter({ ...writer.around, onIndex: (i) => indices.push(i) });
    e.define(node, 'acc');
    writer.members(e, product.at(variable('z', product.Z), m, variable('n', product.N)));
    return indices;
  };
  const isRead = (x: Tensor): boolean => group.sources.includes(x);
  return [false, true]
    .filter((flip) => flip === (limits.tiling?.flip ?? flip))
    .flatMap((flip) =>
      ordersOf(node, flip, limits, isRead).map(
        (blocks) => [flip, asProduct(node, flip, indicesOf, blocks)] as const,
      ),
    )
    .flatMap(([flip, product]) => {
      if (!product) return [];
      const loads = loadsOf(product, indicesOf, isNothing, loadedAfter);
      const ways = tilings(product, limits, { ...loads, canKeep: keeperOf(group) !== undefined });
      return ways.map(({ cost, ...tiling }) => ({ product, cost, tiling: { ...tiling, flip } }));
    })
    .sort((x, y) => x.cost - y.cost);
}

/** All indices that decide what is read for what follows the product at row `m`. */
type LoadedAfter = (product: Contraction, m: Index) => readonly Index[];

function loadsOf(
  product: Contraction,
  indicesOf: IndicesOf,
  isNothing: IsNothing,
  loadedAfter: LoadedAfter,
): Omit<Loads, 'canKeep'> {
  const { a, b, Z, M, N, loops } = product;
  const k = loops.map((n, i) => variable(`k${i}`, n));
  const [z, m, n] = [variable('z', Z), variable('m', M), variable('n', N)];
  const can = (size: number, read: () => unknown): boolean => {
    if (size % 4 !== 0) return false;
    try {
      read();
      return true;
    } catch (e) {
      if (e instanceof NotVector) return false;
      throw e;
    }
  };
  const along = (name: string): { variable: string; strict: true } => ({
    variable: name,
    strict: true,
  });
  const terms = along(`k${loops.length - 1}`);
  const last = loops.at(-1) as number;
  const atA = product.atA(z, m, k);
  const atB = product.atB(z, k, n);
  const turns = product.turns.length > 0 ? turnsOf(product, { rows: 1, repeat: 1 }) : null;
  const row = turns && rowIn(turns, 1, M, ZERO);
  const inTurns = row && product.atA(z, row, k);
  return {
    vectors: {
      rows: can(M, () => indicesOf(a, atA, along('m'))),
      columns: can(N, () => indicesOf(b, atB, along('n'))),
      leftTerms: can(last, () => indicesOf(a, atA, terms)),
      rightTerms: can(last, () => indicesOf(b, atB, terms)),
    },
    rowsAreStrided: indicesOf(a, inTurns ?? atA).every(
      (e) => strideIn(e, inTurns ? 'r' : 'm') !== null,
    ),
    perTurn: row ? loadedAfter(product, row).filter((e) => mentions(e, 'r')).length : 0,
    perTerm: loadsPerTerm(product, indicesOf, isNothing),
  };
}
