import { add, constant, variable, type Index } from '../ir/index-expr.ts';
import { unflatten } from '../ir/index-map.ts';
import { range, sizeOf } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import type { Tiling } from './tiling.ts';

/** Inner loops of so few terms, all together, are unrolled. */
const MAX_UNROLLED = 12;

/** A loop over terms. */
export interface Loop {
  readonly variable: string;
  readonly size: number;
  /** terms per step; the last `size % step` are left over */
  readonly step: number;
}

/** Terms that are unrolled in the innermost loop, or after it. */
export interface Chunk {
  readonly count: number;
  /** unrolled term `t`, as an index per loop of the contraction */
  at(t: Index): Index[];
  /** the same for four terms from `t` on, as lanes of the innermost loop variable */
  fourAt(t: Index): Index[];
  /** whole loops of the contraction that are unrolled, the outermost first */
  readonly taps: readonly Tap[];
  /** unrolled term with an index for each of those loops */
  atTaps(k: readonly Index[]): Index[];
}

/** An unrolled loop: its number among all loops of the contraction. */
export interface Tap {
  readonly loop: number;
  readonly size: number;
}

/** The loops over the terms of a contraction: some are loops of the kernel, inner ones are unrolled. */
export interface Terms {
  readonly loops: readonly Loop[];
  readonly main: Chunk;
  /** terms that the step of the innermost loop leaves over */
  readonly rest: Chunk | null;
  /** whether whole loops of the contraction are unrolled */
  readonly isUnrolled: boolean;
}

export const untilOf = ({ size, step }: Loop): number => size - (size % step);

export function termsOf({ loops }: Contraction, tiling: Tiling): Terms {
  const isStepped = tiling.left === 'terms' || tiling.right === 'terms';
  const most = tiling.repeat > 1 ? Infinity : MAX_UNROLLED;
  let inner = loops.length;
  while (!isStepped && inner > 0 && sizeOf(loops.slice(inner - 1)) <= most) inner--;
  const taps = loops.slice(inner);
  const isUnrolled = taps.length > 0;
  const outer = range(inner).map((i): Loop => {
    const step = i === inner - 1 && !isUnrolled ? tiling.terms : 1;
    return { variable: i === 0 ? 'k' : `k${i}`, size: loops[i] as number, step };
  });
  const variables = outer.map(({ variable: name, size }) => variable(name, size));
  const chunk = (count: number, at: (t: Index, lanes: number) => Index[]): Chunk => ({
    count,
    at: (t) => at(t, 1),
    fourAt: (t) => at(t, 4),
    taps: taps.map((size, i) => ({ loop: inner + i, size })),
    atTaps: (k) => [...variables, ...k],
  });
  if (isUnrolled) {
    const main = chunk(sizeOf(taps), (t) => [...variables, ...unflatten(t, taps)]);
    return { loops: outer, main, rest: null, isUnrolled };
  }
  const last = outer[inner - 1] as Loop;
  const until = untilOf(last);
  const rest = last.size - until;
  const from = (first: number) => (t: Index, lanes: number) => [
    ...variables.slice(0, -1),
    add(variable(last.variable, first + lanes), t),
  ];
  return {
    loops: outer,
    main: chunk(last.step, from(until - last.step)),
    rest: rest > 0 ? chunk(rest, from(until)) : null,
    isUnrolled,
  };
}

/** The unrolled terms of a chunk, as indices. */
export const termsIn = ({ count, at }: Chunk): Index[][] =>
  range(count).map((t) => at(constant(t)));
