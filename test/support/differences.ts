import { array, evaluate, type HostArray } from '../../src/index.ts';
import type { Traced } from './backend.ts';
import { isNumbers, type Numbers, type Result } from './reference.ts';

/**
 * An array of pseudo-random numbers between `low` and `high`, all multiples of 2^-8: exact in
 * float32, and so are the neighbours that `differences` visits.
 */
export function points(shape: readonly number[], seed: number, low = -2, high = 2): HostArray {
  let state = seed * 2654435761 + 12345;
  const next = (): number => {
    // a linear congruential generator (Numerical Recipes)
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) next();
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from(
    { length: size },
    () => Math.round((low + (high - low) * next()) * 256) / 256,
  );
  return array(data, shape);
}

const STEP = 2 ** -8;
/** f'(x) ≈ Σ w_k (f(x + kh) - f(x - kh)) / h, error h^6 f''''''' / 140 */
const WEIGHTS = [3 / 4, -3 / 20, 1 / 60];

function mapTrees(f: (...x: Numbers[]) => Numbers, ...trees: Result[]): Result {
  const [first] = trees as [Result];
  if (isNumbers(first)) return f(...(trees as Numbers[]));
  const at = (tree: Result, key: string): Result =>
    (tree as Readonly<Record<string, Result>>)[key] as Result;
  const entries = Object.keys(first).map(
    (key) => [key, mapTrees(f, ...trees.map((tree) => at(tree, key)))] as const,
  );
  return Array.isArray(first) ? entries.map(([, below]) => below) : Object.fromEntries(entries);
}

/**
 * The Jacobian of `f` by its argument `argnum`, an array, from float64 values of `f` alone: central
 * differences of order 6. For each output array of shape [y...] an array [y..., x...].
 */
export function differences(f: Traced, args: readonly HostArray[], argnum = 0): Result {
  const x = args[argnum] as HostArray;
  const valueAt = (i: number, offset: number): Result => {
    const moved = Float32Array.from(x.data);
    moved[i] = (moved[i] as number) + offset;
    const at = args.map((arg, k) => (k === argnum ? array(moved, x.shape) : arg));
    return evaluate(f as never, ...(at as never[]));
  };
  const columns = Array.from({ length: x.data.length }, (_, i) => {
    const near = WEIGHTS.flatMap((_, k) => [
      valueAt(i, (k + 1) * STEP),
      valueAt(i, -(k + 1) * STEP),
    ]);
    const slope = (...values: Numbers[]): Numbers => ({
      shape: (values[0] as Numbers).shape,
      data: Array.from((values[0] as Numbers).data, (_, e) =>
        WEIGHTS.reduce((sum, w, k) => {
          const [up, down] = [values[2 * k], values[2 * k + 1]] as [Numbers, Numbers];
          return sum + (w * ((up.data[e] as number) - (down.data[e] as number))) / STEP;
        }, 0),
      ),
    });
    return mapTrees(slope, ...near);
  });
  return mapTrees(
    (...leaves) => {
      const [first] = leaves as [Numbers];
      const data = new Float64Array(first.data.length * leaves.length);
      leaves.forEach((column, i) => {
        for (let e = 0; e < column.data.length; e++)
          data[e * leaves.length + i] = column.data[e] as number;
      });
      return { shape: [...first.shape, ...x.shape], data };
    },
    ...columns,
  );
}
