import { variable, type Index } from '../ir/index-expr.ts';
import { range } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import type { Emitter } from './emitter.ts';
import type { KernelWriter } from './kernel.ts';
import { indent } from './slots.ts';
import { insideTurns, type Depths, type Turn } from './loops.ts';
import { NotVector } from './lanes.ts';

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

/**
 * The same inside loops over tiles of rows: what stays the same in a loop is before it. All rows and
 * columns exist.
 */
export function epilogueInTurns(
  writer: KernelWriter,
  { node, Z, N, at }: Contraction,
  held: Sums & { row(i: number): Index },
  turns: readonly Turn[],
): { before: string[]; depths: Depths } {
  for (const sums of [asVectors(held, N), asElements(held)]) {
    if (!sums) continue;
    try {
      const before: string[] = [];
      const all: Depths[] = range(sums.columns).map((j) => {
        const name = writer.around.fresh('column');
        before.push(`let ${name} = n0 + ${sums.column(`${j}u`)};`);
        const first = writer.emitter(sums.isVector ? { variable: name } : undefined);
        const depths = insideTurns(first, turns);
        const e = depths.at(-1) as Emitter;
        e.elements(sums.rows, (i) => {
          e.define(node, sums.name(i, j));
          writer.members(e, at(variable('z', Z), held.row(i), variable(name, N)));
        });
        return depths;
      });
      const [depths, ...others] = all as [Depths, ...Depths[]];
      for (const more of others)
        more.forEach((e, d) => (depths[d] as Emitter).lines.push(...e.lines));
      return { before, depths };
    } catch (e) {
      if (!(e instanceof NotVector)) throw e;
    }
  }
  throw new Error(`lower: cannot store ${node.toString()}`);
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
