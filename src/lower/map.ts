import mapFile from '../../shaders/map.wgsl?raw';
import { offset, scale, variable } from '../ir/index-expr.ts';
import { unflatten } from '../ir/index-map.ts';
import type { Group } from '../plan/plan.ts';
import { KernelWriter, fits, type Kernel, type LowerLimits } from './kernel.ts';
import { NotVector } from './lanes.ts';

/** From so many threads on, workgroups are large: what a workgroup costs counts more than filling the GPU. */
const MANY = 1 << 16;
/** So many threads are left at least on a CPU, where some hundreds keep it busy. */
const MANY_ON_CPU = 1 << 12;
/** Rows a thread may compute, the best first. */
const ROWS = [4, 2];
/** Threads go on to other rows where that saves this share of what they read and write. */
const WORTHWHILE = 0.2;
/** Longer bodies are not repeated for several rows. */
const LONG = 48;

/** Neighbours along an axis that one thread computes. */
interface Rows {
  readonly axis: number;
  readonly count: number;
}

interface Attempt {
  readonly kernel: Kernel;
  readonly lines: number;
  /** elements read and written for each element of the domain */
  readonly moved: number;
}

/**
 * Pure map: vectors of four where the shape allows, else single elements; several rows of them where
 * there are many and rows share much of what they read.
 */
export function lowerMap(group: Group, limits: LowerLimits): Kernel {
  const { shape, size } = group.domain;
  const inner = shape.reduce((last, n, axis) => (n === 1 ? last : axis), 0);
  const vectors = shape[inner] && shape[inner] % 4 === 0 ? attempt(group, limits, 4) : undefined;
  const [one, width] = vectors ? [vectors, 4 as const] : [write(group, limits, 1), 1 as const];
  const { threadsWithRows: least = limits.isSoftware ? MANY_ON_CPU : MANY } = limits;
  let best = one;
  for (let axis = inner - 1; axis >= 0 && one.lines <= LONG; axis--) {
    const n = shape[axis] as number;
    const count = ROWS.find((r) => n % r === 0 && size / width / r >= least);
    const several = count && attempt(group, limits, width, { axis, count });
    if (several && several.moved < best.moved && several.moved <= (1 - WORTHWHILE) * one.moved)
      best = several;
  }
  return best.kernel;
}

/** The kernel, if the device can run it, and vectors if it is to have them. */
function attempt(
  group: Group,
  limits: LowerLimits,
  width: 1 | 4,
  rows?: Rows,
): Attempt | undefined {
  try {
    const written = write(group, limits, width, rows);
    return fits(written.kernel, limits) ? written : undefined;
  } catch (e) {
    if (e instanceof NotVector) return undefined;
    throw e;
  }
}

function write(group: Group, limits: LowerLimits, width: 1 | 4, rows?: Rows): Attempt {
  const writer = new KernelWriter(group, limits);
  const e = writer.emitter(width === 4 ? { variable: 'i' } : undefined);
  const { axis, count } = rows ?? { axis: 0, count: 1 };
  const { shape, size } = group.domain;
  const heads = shape.map((n, j) => (j === axis ? n / count : n));
  const at = unflatten(variable('i', size / count), heads);
  e.elements(count, (k) =>
    writer.members(
      e,
      at.map((c, j) => (j === axis ? offset(scale(c, count), k) : c)),
    ),
  );
  const threads = size / width / count;
  const kernel = writer.assemble(
    mapFile,
    { PER_THREAD: width },
    { body: e.lines.join('\n') },
    threads,
    writer.workgroup(threads < MANY ? 64 : 256),
  );
  return { kernel, lines: e.lines.length, moved: e.moved / (width * count) };
}
