import { add, constant, div, mod, variable, type Index } from '../ir/index-expr.ts';
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

/** How many of the inner loops are unrolled as a whole. */
export function unrolledLoops(loops: readonly number[], most: number): number {
  let inner = loops.length;
  while (inner > 0 && sizeOf(loops.slice(inner - 1)) <= most) inner--;
  return loops.length - inner;
}

export function termsOf({ loops }: Contraction, tiling: Tiling): Terms {
  const isStepped = tiling.left === 'terms' || tiling.right === 'terms';
  const isHeld = tiling.repeat > 1;
  const inner =
    loops.length - (isStepped ? 0 : unrolledLoops(loops, isHeld ? tiling.terms : MAX_UNROLLED));
  const taps = loops.slice(inner);
  const isUnrolled = taps.length > 0;
  const whole = sizeOf(taps);
  const step = isUnrolled && !isHeld ? 1 : Math.floor(tiling.terms / whole);
  const outer = range(inner).map((i): Loop => {
    const size = loops[i] as number;
    return { variable: i === 0 ? 'k' : `k${i}`, size, step: i === inner - 1 ? step : 1 };
  });
  const variables = outer.map(({ variable: name, size }) => variable(name, size));
  const chunk = (count: number, at: (t: Index, lanes: number) => Index[]): Chunk => ({
    count,
    at: (t) => at(t, 1),
    fourAt: (t) => at(t, 4),
    taps: taps.map((size, i) => ({ loop: inner + i, size })),
    atTaps: (k) => [...variables, ...k],
  });
  const last = outer.at(-1);
  if (!last) {
    const main = chunk(whole, (t) => unflatten(t, taps));
    return { loops: outer, main, rest: null, isUnrolled };
  }
  const until = untilOf(last);
  const rest = last.size - until;
  const from = (first: number) => (t: Index, lanes: number) => [
    ...variables.slice(0, -1),
    add(variable(last.variable, first + lanes), div(t, whole)),
    ...unflatten(mod(t, whole), taps),
  ];
  return {
    loops: outer,
    main: chunk(step * whole, from(until - step)),
    rest: rest > 0 ? chunk(rest * whole, from(until)) : null,
    isUnrolled,
  };
}

/** The unrolled terms of a chunk, as indices. */
export const termsIn = ({ count, at }: Chunk): Index[][] =>
  range(count).map((t) => at(constant(t)));
