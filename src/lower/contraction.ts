import { add, scale, strideIn, variable, ZERO, type Index } from '../ir/index-expr.ts';
import { unflatten, type Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { sizeOf } from '../util/shape.ts';
import type { Lanes } from './emitter.ts';
import { overlapOf, type Overlap } from './overlap.ts';

/** The axes of a contraction by what they are, and how indices of the product become coordinates. */
export interface Contraction {
  readonly node: Tensor;
  /** the operand that has the rows, and the one that has the columns */
  readonly a: Tensor;
  readonly b: Tensor;
  /** sizes: batch, rows, columns, summed */
  readonly Z: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** lengths of the loops over the terms, the outermost first; K is their product */
  readonly loops: readonly number[];
  /** rows and columns that come one after the other because they are a rectangle of positions */
  readonly blocks: Blocks;
  /** lengths of the axes of `blocks.turns` */
  readonly turns: readonly number[];
  /** how the windows of a block of rows overlap */
  readonly overlap: Overlap | null;
  /** `k`: one index per loop */
  atA(z: Index, m: Index, k: readonly Index[]): Coordinates;
  atB(z: Index, k: readonly Index[], n: Index): Coordinates;
  at(z: Index, m: Index, n: Index): Coordinates;
}

/** Positions along the last axis but one, and along the last: neighbours in the plane share what windows read. */
export type Block = readonly [number, number];

export interface Blocks {
  readonly rows: Block | null;
  readonly columns: Block | null;
  /** numbers of axes of the rows that come last, in this order: a thread goes through all of their rows */
  readonly turns?: readonly number[];
}

/** Axes of the node, and their lengths. */
interface Axes {
  readonly list: readonly number[];
  readonly sizes: readonly number[];
  /** how the last two of them are cut into rectangles */
  readonly block?: Block;
}

/** Coordinates along some axes at an index: row-major, or block by block. */
function coordinatesOf({ sizes, block }: Axes, index: Index): Index[] {
  if (!block) return unflatten(index, sizes);
  const [height, width] = block;
  const [rows, columns] = sizes.slice(-2) as [number, number];
  const blocks = [...sizes.slice(0, -2), rows / height, columns / width];
  const at = unflatten(index, [...blocks, height, width]);
  const [y, x, i, j] = at.slice(-4) as [Index, Index, Index, Index];
  return [...at.slice(0, -4), add(scale(y, height), i), add(scale(x, width), j)];
}

/** All indices that decide what is read for the element of `x` at some coordinates. */
export type IndicesOf = (x: Tensor, at: Coordinates, lanes?: Lanes) => readonly Index[];

/**
 * A contraction as batched rows times columns; `flip` says that the second operand has the rows. Summed
 * axes are one loop where both operands move by fixed steps along it, else several, so that no term
 * needs a division to find its elements. Null where rows or columns are not made of such blocks, and where
 * the windows of the rows of a block do not overlap.
 */
export function asProduct(
  node: Tensor,
  flip: boolean,
  indicesOf: IndicesOf,
  blocks: Blocks,
): Contraction | null {
  const parts = partsOf(node, flip);
  const rows = inBlocks(turned(parts.rows, blocks.turns ?? []), blocks.rows);
  const columns = inBlocks(parts.columns, blocks.columns);
  if (!rows || !columns) return null;
  const { a, b, batch, summed } = parts;
  const place = (parts: readonly (readonly [Axes, Index])[]): Coordinates => {
    const at = new Array<Index>(node.rank).fill(ZERO);
    for (const [axes, index] of parts)
      coordinatesOf(axes, index).forEach((c, i) => (at[axes.list[i] as number] = c));
    return at;
  };
  const over = (terms: readonly Axes[]): Contraction => {
    const along = (k: readonly Index[]): [Axes, Index][] => terms.map((t, i) => [t, k[i] as Index]);
    return {
      node,
      a,
      b,
      Z: sizeOf(batch.sizes),
      M: sizeOf(rows.sizes),
      N: sizeOf(columns.sizes),
      K: sizeOf(summed.map(({ sizes: [n] }) => n as number)),
      loops: terms.map((t) => sizeOf(t.sizes)),
      blocks,
      turns: rows.sizes.slice(rows.sizes.length - (blocks.turns?.length ?? 0)),
      overlap: null,
      atA: (z, m, k) => place([[batch, z], [rows, m], ...along(k)]),
      atB: (z, k, n) => place([[batch, z], [columns, n], ...along(k)]),
      at: (z, m, n) =>
        place([
          [batch, z],
          [rows, m],
          [columns, n],
        ]),
    };
  };
  const product = over(loopsOf(summed, over, indicesOf));
  if (!blocks.rows) return product;
  const overlap = overlapOf(product, blocks.rows, indicesOf);
  return overlap && { ...product, overlap };
}

/** Operands and axes of a contraction by what they are; each summed axis by itself. */
interface Parts {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly batch: Axes;
  readonly rows: Axes;
  readonly columns: Axes;
  readonly summed: readonly Axes[];
}

function partsOf(node: Tensor, flip: boolean): Parts {
  const [p, q] = node.inputs as [Tensor, Tensor];
  const [a, b] = flip ? [q, p] : [p, q];
  const summed = (node.params['axes'] as number[]).map((v) => node.rank + v);
  const isLong = (x: Tensor, i: number): boolean => x.shape[i] !== 1;
  const axesOf = (list: readonly number[]): Axes => ({
    list,
    sizes: list.map((i) => (isLong(a, i) ? a : b).shape[i] as number),
  });
  const where = (test: (i: number) => boolean): Axes =>
    axesOf(node.shape.flatMap((_, i) => (!summed.includes(i) && test(i) ? [i] : [])));
  return {
    ...{ a, b },
    batch: where((i) => isLong(a, i) && isLong(b, i)),
    rows: where((i) => isLong(a, i) && !isLong(b, i)),
    columns: where((i) => !isLong(a, i) && isLong(b, i)),
    summed: summed.map((i) => axesOf([i])),
  };
}

/** Lengths of the axes that are the rows of a contraction. */
export const rowSizes = (node: Tensor, flip: boolean): readonly number[] =>
  partsOf(node, flip).rows.sizes;

/** Terms of each sum of a contraction. */
export const termCount = (node: Tensor): number =>
  sizeOf(partsOf(node, false).summed.flatMap(({ sizes }) => sizes));

/** The axes with some of them last. */
function turned({ list, sizes }: Axes, last: readonly number[]): Axes {
  const order = [...list.keys()].filter((i) => !last.includes(i)).concat(last);
  const pick = (from: readonly number[]): number[] => order.map((i) => from[i] as number);
  return { list: pick(list), sizes: pick(sizes) };
}

function inBlocks(axes: Axes, block: Block | null): Axes | null {
  if (!block) return axes;
  const last = axes.sizes.slice(-2);
  const fits = last.length === 2 && last.every((n, i) => n % (block[i] as number) === 0);
  return fits ? { ...axes, block } : null;
}

/** Joins neighbouring summed axes into one loop where nothing needs them apart. */
function loopsOf(
  axes: readonly Axes[],
  over: (terms: readonly Axes[]) => Contraction,
  indicesOf: IndicesOf,
): Axes[] {
  const loops = [...axes];
  for (let i = loops.length - 1; i > 0; i--) {
    const [first, second] = loops.slice(i - 1, i + 1) as [Axes, Axes];
    const joined = {
      list: [...first.list, ...second.list],
      sizes: [...first.sizes, ...second.sizes],
    };
    const trial = [...loops.slice(0, i - 1), joined, ...loops.slice(i + 1)];
    const product = over(trial);
    const k = product.loops.map((n, j) => variable(`k${j}`, n));
    const [z, m, n] = [
      variable('z', product.Z),
      variable('m', product.M),
      variable('n', product.N),
    ];
    const indices = [
      ...indicesOf(product.a, product.atA(z, m, k)),
      ...indicesOf(product.b, product.atB(z, k, n)),
    ];
    if (indices.every((e) => strideIn(e, `k${i - 1}`) !== null)) loops.splice(i - 1, 2, joined);
  }
  return loops;
}
