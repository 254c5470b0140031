import {
  add,
  constant,
  div,
  equal,
  mod,
  offset,
  render,
  scale,
  variable,
  type Index,
} from '../ir/index-expr.ts';
import { range, sizeOf } from '../util/shape.ts';
import type { Block, Contraction, IndicesOf } from './contraction.ts';
import type { Chunk } from './terms.ts';

/**
 * Rows of a contraction that are a rectangle of positions, whose windows overlap: which loop over terms
 * takes a row to what the row below it reads, and which to what the one to its right reads, as the taps
 * of a window do; null where no loop does.
 */
export interface Overlap {
  readonly below: number | null;
  readonly right: number | null;
}

/** How the windows of the rows of a block overlap; null if they do not. */
export function overlapOf(
  { a, Z, M, loops, atA }: Contraction,
  [height, width]: Block,
  indicesOf: IndicesOf,
): Overlap | null {
  const first = scale(variable('tile', M / (height * width)), height * width);
  const terms = loops.map((n, i) => variable(`k${i}`, n));
  const read = (row: number, k: readonly Index[]): readonly Index[] =>
    indicesOf(a, atA(variable('z', Z), offset(first, row), k));
  // each row by itself: one that lies in a padding reads nothing, and so tells nothing of the others
  const leadsTo = (from: readonly number[], step: number, loop: number): boolean => {
    const size = loops[loop] as number;
    if (size === 1) return false;
    const tap = variable(`k${loop}`, size - 1);
    const withTerm = (k: Index): Index[] => terms.map((term, i) => (i === loop ? k : term));
    const [after, before] = [withTerm(offset(tap, 1)), withTerm(tap)];
    return from.every((row) => {
      const [here, there] = [read(row, after), read(row + step, before)];
      return here.length === there.length && here.every((e, i) => equal(e, there[i] as Index));
    });
  };
  const loopTo = (from: readonly number[], step: number): number | null => {
    const found = loops.findIndex((_, loop) => leadsTo(from, step, loop));
    return found < 0 ? null : found;
  };
  const rows = range(height * width);
  const hasRight = (row: number): boolean => (row + 1) % width !== 0;
  const below = height > 1 ? loopTo(rows.slice(0, -width), width) : null;
  const right = width > 1 ? loopTo(rows.filter(hasRight), 1) : null;
  return below === null && right === null ? null : { below, right };
}

/** The elements that the rows of a block read in a chunk of terms, each once: a patch for each further loop. */
export interface Patch {
  readonly count: number;
  /** number of the element that row `i` of the block reads for unrolled term `t` */
  element(i: number, t: number): number;
  /** a row of the block and the terms, one for each loop, that read the element `e` */
  reader(e: Index, name: (prefix: string, text: string, size: number) => Index): [Index, Index[]];
}

/** What the rows of a block share in a chunk; null where there is no block, or no tap is unrolled. */
export function patchOf({ blocks, overlap }: Contraction, { taps, atTaps }: Chunk): Patch | null {
  if (!blocks.rows || !overlap) return null;
  const [height, width] = blocks.rows;
  const unrolled = (loop: number | null): number =>
    loop === null ? -1 : taps.findIndex((t) => t.loop === loop);
  const [y, x] = [unrolled(overlap.below), unrolled(overlap.right)];
  if (y < 0 && x < 0) return null;
  const sizes = taps.map((t) => t.size);
  const [down, across] = [sizes[y] ?? 1, sizes[x] ?? 1];
  const [rows, columns] = [height + down - 1, width + across - 1];
  const others = range(taps.length).filter((j) => j !== y && j !== x);
  const otherSizes = others.map((j) => sizes[j] as number);
  return {
    count: sizeOf(otherSizes) * rows * columns,
    element(i, t) {
      const k = digits(t, sizes);
      const further = others.reduce((n, j) => n * (sizes[j] as number) + (k[j] as number), 0);
      const row = Math.floor(i / width) + (k[y] ?? 0);
      return (further * rows + row) * columns + (i % width) + (k[x] ?? 0);
    },
    reader(e, name) {
      const [i, u] = readers(mod(div(e, columns), rows), height, down, name);
      const [j, v] = readers(mod(e, columns), width, across, name);
      const k: Index[] = [];
      let rest = div(e, rows * columns);
      for (const o of [...others].reverse()) {
        const size = sizes[o] as number;
        k[o] = mod(rest, size);
        rest = div(rest, size);
      }
      if (y >= 0) k[y] = u;
      if (x >= 0) k[x] = v;
      return [add(scale(i, width), j), atTaps(k)];
    },
  };
}

/** Position and tap that together reach `e` along an axis of a patch: the last position where there are several. */
function readers(
  e: Index,
  positions: number,
  taps: number,
  name: (prefix: string, text: string, size: number) => Index,
): [Index, Index] {
  if (taps === 1) return [e, constant(0)];
  if (positions === 1) return [constant(0), e];
  const last = positions - 1;
  const position = name('p', `min(${render(e)}, ${last}u)`, positions);
  return [position, name('t', `max(${render(e)}, ${last}u) - ${last}u`, taps)];
}

/** Digits of a number in a mixed radix, the most significant first. */
function digits(value: number, sizes: readonly number[]): number[] {
  const out = new Array<number>(sizes.length);
  let rest = value;
  for (let i = sizes.length - 1; i >= 0; i--) {
    const n = sizes[i] as number;
    out[i] = rest % n;
    rest = Math.floor(rest / n);
  }
  return out;
}
