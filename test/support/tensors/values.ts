import { isNumbers, numbers, type Nested, type Numbers, type Result } from '../reference.ts';
import type { Traced } from '../backend.ts';
import { refused } from '../refusal.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { DTypeError, ShapeError, TraceError } from '../../../src/index.ts';

/** Expected results as a test writes them: nested numbers at the leaves of a list or an object. */
export type Wanted = Nested | Numbers | Of;
interface Of {
  readonly [key: string]: Wanted;
}

const isOne = (want: Wanted): want is Nested | Numbers =>
  typeof want !== 'object' || Array.isArray(want) || isNumbers(want as Result);

export const wanted = (want: Wanted): Result => {
  if (!isOne(want))
    return Object.fromEntries(Object.entries(want).map(([key, below]) => [key, wanted(below)]));
  return typeof want === 'object' && !Array.isArray(want)
    ? (want as Numbers)
    : numbers(want as Nested);
};

/** A function of arrays has the values it should, all computed in one run. */
export const values = (
  title: string,
  f: Traced,
  args: readonly unknown[],
  want: Wanted,
): Scenario => scenario(title, async (b) => b.close(await b.run(f, ...args), wanted(want)));

/** A function is refused with an error of that name, whose message has all the parts. */
export const refuses = (
  title: string,
  error: 'ShapeError' | 'DTypeError' | 'TraceError',
  f: Traced,
  args: readonly unknown[],
  ...says: readonly (string | RegExp)[]
): Scenario =>
  refused(`${title} is refused`, f, args, {
    error: { ShapeError, DTypeError, TraceError }[error],
    says,
  });

/** An array whose element at (i, j, ...) is `at(i, j, ...)`. */
export function made(shape: readonly number[], at: (...index: number[]) => number): Numbers {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float64Array.from({ length: size }, (_, linear) => {
    const index: number[] = [];
    let rest = linear;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const n = shape[axis] as number;
      index.unshift(rest % n);
      rest = Math.floor(rest / n);
    }
    return at(...index);
  });
  return { shape, data };
}

/** The element of `x` at an index, 0 beyond its ends. */
export function at(x: Numbers, ...index: readonly number[]): number {
  let linear = 0;
  for (const [axis, i] of index.entries()) {
    const n = x.shape[axis] as number;
    if (i < 0 || i >= n) return 0;
    linear = linear * n + i;
  }
  return x.data[linear] as number;
}

/** Σ of `f` over all indices below `bounds`. */
export function sumOver(bounds: readonly number[], f: (...index: number[]) => number): number {
  return Array.from(made(bounds, f).data).reduce((a, b) => a + b, 0);
}
