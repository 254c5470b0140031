import { variable, type Index } from '../ir/index-expr.ts';
import type { Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Group } from '../plan/plan.ts';
import { range } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import type { Emitter } from './emitter.ts';
import type { KernelWriter } from './kernel.ts';
import { indent } from './slots.ts';
import { NotVector } from './lanes.ts';
import type { Depths } from './loops.ts';
import { insideTurns, type Ending, type Keeping, type Tiles, type Turn } from './turns.ts';

/** The elements of the product that a thread holds when it has added up all terms. */
export interface Sums {
  /** rows from `m0` on */
  readonly rows: number;
  /** variables of a row; each holds one element, or four neighbours */
  readonly columns: number;
  readonly isVector: boolean;
  /** name of the variable `j` of row `i` */
  name(i: number, j: number): string;
  /** row `i` as an index, where indices are simpler by what is known of it */
  readonly row?: ((i: number) => Index) | undefined;
  /** text of the first column of variable `j`, counted from `n0` */
  column(j: string): string;
  /** whether all rows, all columns of every thread exist */
  readonly allRows: boolean;
  readonly allColumns: boolean;
}

/** A body of more lines than this, over all elements of a thread, becomes a loop. */
const LONG = 160;

/** What follows the product, and the stores: of vectors where that is possible. */
export function epilogue(writer: KernelWriter, product: Contraction, held: Sums): string[] {
  for (const sums of [asVectors(held, product.N), asElements(held)]) {
    if (!sums) continue;
    try {
      const [before, after] = elementBody(writer, product, sums.isVector);
      const elements = sums.rows * sums.columns;
      if (elements === 1) return unrolled(sums, before, after);
      const hasCalls = /\bct_/.test(after.join());
      const own = sums.row && !hasCalls ? rowByRow(writer, product, sums, sums.row) : null;
      if (own && own.length <= LONG) return own;
      const isLong = hasCalls || after.length * elements > LONG;
      return (isLong ? asLoops : unrolled)(sums, before, after);
    } catch (e) {
      if (!(e instanceof NotVector)) throw e;
    }
  }
  throw new Error(`lower: cannot store ${product.node.toString()}`);
}

function asVectors(sums: Sums, N: number): Sums | null {
  if (N % 4 !== 0) return null;
  if (sums.isVector) return sums;
  if (sums.columns % 4 !== 0) return null;
  const name = (i: number, j: number): string =>
    `F4(${range(4)
      .map((k) => sums.name(i, 4 * j + k))
      .join(', ')})`;
  const column = (j: string): string => sums.column(`${j} * 4u`);
  return { ...sums, columns: sums.columns / 4, isVector: true, name, column };
}

function asElements(sums: Sums): Sums {
  if (!sums.isVector) return sums;
  return {
    ...sums,
    columns: sums.columns * 4,
    isVector: false,
    name: (i, j) => `${sums.name(i, j >> 2)}.${'xyzw'[j % 4]}`,
    column: (j) => `${sums.column(`(${j} / 4u)`)} + ${j} % 4u`,
  };
}

/** Statements for the element `acc` at row `m` and column `n`: what rows share, and the rest. */
function elementBody(
  writer: KernelWriter,
  { node, Z, M, N, at }: Contraction,
  isVector: boolean,
): [string[], string[]] {
  const before: Emitter = writer.emitter(isVector ? { variable: 'n' } : undefined);
  const e = before.inside('m');
  e.define(node, 'acc');
  writer.members(e, at(variable('z', Z), variable('m', M), variable('n', N)));
  return [before.lines, e.lines];
}

function unrolled(sums: Sums, before: readonly string[], after: readonly string[]): string[] {
  return range(sums.columns).flatMap((j) => [
    '{',
    `  let n = n0 + ${sums.column(`${j}u`)};`,
    ...indent(before),
    ...range(sums.rows).flatMap((i) => {
      const tests = [...(sums.allRows ? [] : ['m < M']), ...(sums.allColumns ? [] : ['n < N'])];
      return indent([
        '{',
        `  let m = m0 + ${i}u;`,
        `  let acc = ${sums.name(i, j)};`,
        ...indent(
          tests.length > 0 ? [`if (${tests.join(' && ')}) {`, ...indent(after), '}'] : after,
        ),
        '}',
      ]);
    }),
    '}',
  ]);
}

/** Sums of a tile of rows that all exist, as all columns do. */
type Tile = Sums & { row(i: number): Index };

/**
 * The same inside loops over tiles of rows: what stays the same in a loop is before it. Where terms come in
 * parts, the sums are kept between them; where nothing follows the product, that is all.
 */
export function endingInTurns(
  writer: KernelWriter,
  product: Contraction,
  held: Tile,
  turns: readonly Turn[],
  comesInParts: boolean,
): Pick<Tiles, 'finish' | 'keep'> {
  const isPlain = isStoredAsIs(writer.group);
  for (const form of [asVectors(held, product.N), asElements(held)]) {
    if (!form) continue;
    const sums = { ...form, row: held.row };
    try {
      const finish =
        comesInParts && isPlain
          ? null
          : inTurns(writer, product, sums, turns, (e, at, i, j) => {
              e.define(product.node, sums.name(i, j));
              writer.members(e, at);
            });
      const keep = comesInParts ? keepInTurns(writer, product, held, sums, turns) : null;
      return { finish, keep };
    } catch (e) {
      if (!(e instanceof NotVector)) throw e;
    }
  }
  throw new Error(`lower: cannot store ${product.node.toString()}`);
}

/** Whether the sums of a contraction are its only result, perhaps in another shape. */
const isStoredAsIs = ({ anchor, members, outputs }: Group): boolean =>
  outputs.length === 1 && members.every((m) => m === anchor || m.op.family !== 'elementwise');

/** A result that can hold the sums of a contraction until they have all terms. */
export const keeperOf = ({ outputs }: Group): Tensor | undefined =>
  outputs.find((y) => y.dtype === 'f32');

/**
 * Keeps the sums between parts of the terms where one of the results will be: an element of it belongs to
 * the thread that computes it. A thread moves them in the form in which it stores results.
 */
function keepInTurns(
  writer: KernelWriter,
  product: Contraction,
  held: Tile,
  form: Tile,
  turns: readonly Turn[],
): Keeping {
  const keeper = keeperOf(writer.group) as Tensor;
  const load: string[] = [];
  const store: string[] = [];
  const isJoined = form.isVector && !held.isVector;
  const ending = inTurns(writer, product, form, turns, (e, at, i, j) => {
    const place = writer.placesAt(at).get(keeper) as Coordinates;
    const text = e.stored(keeper, place);
    if (isJoined) {
      const four = writer.around.fresh('s');
      load.push(`let ${four} = ${text};`);
      range(4).forEach((k) => load.push(`${held.name(i, 4 * j + k)} = ${four}.${'xyzw'[k]};`));
    } else load.push(`${form.name(i, j)} = ${text};`);
    const before = e.lines.length;
    e.store(keeper, place, form.name(i, j));
    store.push(...e.lines.splice(before));
  });
  return { ...ending, load, store };
}

/** Statements for each sum of a tile, in loops over tiles: `write` is told its place and its number. */
function inTurns(
  writer: KernelWriter,
  { Z, N, at }: Contraction,
  sums: Tile,
  turns: readonly Turn[],
  write: (e: Emitter, at: Coordinates, i: number, j: number) => void,
): Ending {
  const before: string[] = [];
  const all = range(sums.columns).map((j) => {
    const name = writer.around.fresh('column');
    before.push(`let ${name} = n0 + ${sums.column(`${j}u`)};`);
    const first = writer.emitter(sums.isVector ? { variable: name } : undefined);
    const depths = insideTurns(first, turns);
    const e = depths.at(-1) as Emitter;
    e.elements(sums.rows, (i) => {
      write(e, at(variable('z', Z), sums.row(i), variable(name, N)), i, j);
    });
    return depths;
  });
  const [depths, ...others] = all as [Depths, ...Depths[]];
  for (const more of others) more.forEach((e, d) => (depths[d] as Emitter).lines.push(...e.lines));
  return { before, depths };
}

/** Statements of each row for itself: with its own, simpler indices. All rows and columns exist. */
function rowByRow(
  writer: KernelWriter,
  { node, Z, N, at }: Contraction,
  sums: Sums,
  row: (i: number) => Index,
): string[] {
  return range(sums.columns).flatMap((j) => {
    const e = writer.emitter(sums.isVector ? { variable: 'n' } : undefined);
    e.elements(sums.rows, (i) => {
      e.define(node, sums.name(i, j));
      writer.members(e, at(variable('z', Z), row(i), variable('n', N)));
    });
    return ['{', `  let n = n0 + ${sums.column(`${j}u`)};`, ...indent(e.lines), '}'];
  });
}

/** Compilers inline functions and unroll loops of known length; a long epilogue is to be compiled once. */
function asLoops(sums: Sums, before: readonly string[], after: readonly string[]): string[] {
  const { rows, columns } = sums;
  const all = range(columns).flatMap((j) => range(rows).map((i) => sums.name(i, j)));
  const perRow = [
    ...before,
    `for (var i = 0u; i < min(${rows}u, max(m0, M) - m0); i++) {`,
    '  let m = m0 + i;',
    `  let acc = sums[j * ${rows}u + i];`,
    ...indent(after),
    '}',
  ];
  return [
    `var sums = array<${sums.isVector ? 'F4' : 'F'}, ${rows * columns}>(${all.join(', ')});`,
    `for (var j = 0u; j < ${columns}u; j++) {`,
    `  let n = n0 + ${sums.column('j')};`,
    ...(sums.allColumns ? indent(perRow) : ['  if (n < N) {', ...indent(indent(perRow)), '  }']),
    '}',
  ];
}
