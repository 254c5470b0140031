import type { Emitter } from './emitter.ts';
import { indent } from './epilogue.ts';
import type { KernelWriter } from './kernel.ts';
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

/** A loop over tiles of rows instead: the columns are loaded before it, all terms are in its body. */
export function repeated(
  { rows, repeat }: Tiling,
  { main }: Terms,
  [left]: Depths,
  [right]: Depths,
  write: WriteChunk,
  sums: readonly string[],
  finish: () => string[],
): Bodies {
  const [before, columns] = [left as Emitter, right as Emitter];
  const tile = before.inside('tile');
  write(main, tile, columns, tile);
  const start = [
    ...before.lines,
    ...columns.lines,
    `for (var r = 0u; r < ${repeat}u; r++) {`,
    ...indent([
      `let tile = tile_m * ${repeat}u + r;`,
      `let m0 = tile * ${rows}u;`,
      ...sums,
      ...tile.lines,
      'if (own_n == tile_n) {',
      ...indent(finish()),
      '}',
    ]),
    '}',
  ];
  return { start, step: [], rest: [], finish: [] };
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
