import type { Emitter } from './emitter.ts';
import type { KernelWriter } from './kernel.ts';
import { indent } from './slots.ts';
import { untilOf, type Chunk, type Loop, type Terms } from './terms.ts';

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

/**
 * Writes the products of a chunk with what `l` and `r` load, and returns all statements for it. `begun` is a
 * condition: whether there were terms before.
 */
export type WriteChunk = (chunk: Chunk, l: Emitter, r: Emitter, begun: string) => string[];

/** Statements before the outermost loop over terms, its body, what follows it, and what ends a thread. */
export interface Bodies {
  readonly start: string[];
  readonly step: string[];
  readonly rest: string[];
  readonly finish: string[];
}

/** The loops over terms as text. */
export function nest(
  { loops, main, rest }: Terms,
  left: Depths,
  right: Depths,
  write: WriteChunk,
): Omit<Bodies, 'finish'> {
  const depth = loops.length;
  const at = (d: number): [Emitter, Emitter] => [left[d] as Emitter, right[d] as Emitter];
  const linesAt = (d: number): string[] => at(d).flatMap((e) => e.lines);
  if (depth === 0) return { start: write(main, ...at(0), 'false'), step: [], rest: [] };
  const begun = `${loops.map((l) => l.variable).join(' + ')} > 0u`;
  let body = write(main, ...at(depth), begun);
  let after: string[] = [];
  if (rest) {
    const innermost = loops[depth - 1] as Loop;
    const again = [left, right].map((e) =>
      (e[depth - 1] as Emitter).inside(innermost.variable, (e[depth] as Emitter).lanes),
    ) as [Emitter, Emitter];
    const lines = write(rest, ...again, 'true');
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
  return { start: linesAt(0), step: body, rest: after };
}
