import { add, scale, variable, type Index } from '../ir/index-expr.ts';
import type { Contraction } from './contraction.ts';
import type { Emitter } from './emitter.ts';
import type { KernelWriter } from './kernel.ts';
import { indent } from './slots.ts';
import { untilOf, type Chunk, type Loop, type Terms } from './terms.ts';
import type { Tiling } from './tiling.ts';

/** An emitter for each depth of the loops over terms, from before them to the innermost body. */
export type Depths = Emitter[];

/** Emitters with vectors along the columns, along the terms of the innermost loop, or none. */
export function depthsFor(
  writer: KernelWriter,
  { loops }: Terms,
  vectors: 'columns' | 'terms' | null,
): Depths {
  const along = (name: string): { variable: string; strict: true } => ({
    variable: name,
    strict: true,
  });
  const depths = [writer.emitter(vectors === 'columns' ? along('n0') : undefined)];
  loops.forEach(({ variable: name }, i) => {
    const before = depths[i] as Emitter;
    const isInnermost = i === loops.length - 1;
    depths.push(
      before.inside(name, vectors === 'terms' && isInnermost ? along(name) : before.lanes),
    );
  });
  return depths;
}

/** Writes the products of a chunk to `out`, with what `l` and `r` load. */
export type WriteChunk = (chunk: Chunk, l: Emitter, r: Emitter, out: Emitter) => void;

/** Statements before the outermost loop over terms, its body, what follows it, and what ends a thread. */
export interface Bodies {
  readonly start: string[];
  readonly step: string[];
  readonly rest: string[];
  readonly finish: string[];
}

/** A loop over tiles of rows that a thread computes one after the other. */
export interface Turn {
  readonly variable: string;
  readonly size: number;
}

/** The loops over a thread's tiles, the innermost last. */
export function turnsOf({ turns }: Contraction, { repeat }: Pick<Tiling, 'repeat'>): Turn[] {
  const sizes = turns.length > 0 ? turns : [repeat];
  return sizes.map((size, i) => ({ variable: i === sizes.length - 1 ? 'r' : `r${i}`, size }));
}

/** Row `i` of the tile of `rows` that a thread is at. */
export function rowIn(turns: readonly Turn[], rows: number, M: number, i: Index): Index {
  let stride = rows;
  let row = i;
  for (const { variable: name, size } of [...turns].reverse()) {
    row = add(scale(variable(name, size), stride), row);
    stride *= size;
  }
  return add(scale(variable('tile_m', M / stride), stride), row);
}

/**
 * Loops over tiles of rows instead of terms: the columns are loaded before them, all terms are in the body,
 * and what is the same for all turns of a loop is before that.
 */
export function repeated(
  turns: readonly Turn[],
  { main }: Terms,
  [left]: Depths,
  [right]: Depths,
  write: WriteChunk,
  sums: readonly string[],
  finish: (turns: readonly Turn[]) => { before: string[]; depths: Depths },
): Bodies {
  const columns = right as Emitter;
  const lefts = insideTurns(left as Emitter, turns);
  const tile = lefts.at(-1) as Emitter;
  write(main, tile, columns, tile);
  const { before, depths } = finish(turns);
  const linesAt = (d: number): string[] => (depths[d] as Emitter).lines;
  let body = [
    ...sums,
    ...tile.lines,
    'if (own_n == tile_n) {',
    ...indent(linesAt(turns.length)),
    '}',
  ];
  for (let d = turns.length - 1; d >= 0; d--) {
    const { variable: name, size } = turns[d] as Turn;
    const head = `for (var ${name} = 0u; ${name} < ${size}u; ${name}++) {`;
    const hoisted = [...(lefts[d] as Emitter).lines, ...linesAt(d)];
    body = [...(d === 0 ? [] : hoisted), head, ...indent(body), '}'];
  }
  const start = [
    ...before,
    ...(lefts[0] as Emitter).lines,
    ...columns.lines,
    ...linesAt(0),
    ...body,
  ];
  return { start, step: [], rest: [], finish: [] };
}

/** An emitter for each depth of the loops over tiles, from before them to the innermost body. */
export function insideTurns(before: Emitter, turns: readonly Turn[]): Depths {
  const depths = [before];
  for (const { variable: name } of turns) depths.push((depths.at(-1) as Emitter).inside(name));
  return depths;
}

/** The loops over terms as text. */
export function nest(
  { loops, main, rest }: Terms,
  left: Depths,
  right: Depths,
  write: WriteChunk,
  sums: readonly string[],
): Omit<Bodies, 'finish'> {
  const depth = loops.length;
  const linesAt = (d: number): string[] => [left, right].flatMap((e) => (e[d] as Emitter).lines);
  const last = right[depth] as Emitter;
  write(main, left[depth] as Emitter, last, last);
  if (depth === 0) return { start: [...sums, ...linesAt(0)], step: [], rest: [] };
  const innermost = loops[depth - 1] as Loop;
  let body = linesAt(depth);
  let after: string[] = [];
  if (rest) {
    const again = [left, right].map((e) =>
      (e[depth - 1] as Emitter).inside(innermost.variable, (e[depth] as Emitter).lanes),
    ) as [Emitter, Emitter];
    write(rest, ...again, again[1]);
    const lines = again.flatMap((e) => e.lines);
    const first = `let ${innermost.variable} = ${untilOf(innermost)}u;`;
    after = ['{', ...indent([first, ...lines]), '}'];
  }
  for (let d = depth - 1; d > 0; d--) {
    const loop = loops[d] as Loop;
    const { variable: name, step } = loop;
    const head = `for (var ${name} = 0u; ${name} < ${untilOf(loop)}u; ${name} += ${step}u) {`;
    body = [...linesAt(d), head, ...indent(body), '}', ...after];
    after = [];
  }
  return { start: [...sums, ...linesAt(0)], step: body, rest: after };
}
