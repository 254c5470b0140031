import {
  abs,
  avgPool1d,
  avgPool2d,
  div,
  max,
  maxPool1d,
  maxPool2d,
  mean,
  moveAxis,
  mul,
  norm,
  pad,
  pow,
  tensor,
  type Tensor,
} from '../../../trace/index.ts';
import { sizeOf } from '../../../util/shape.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';
import { reach, windowsOf, type Window } from './windows.ts';

/** Windows, and how many of them there are along each spatial axis. */
interface Pool extends Window {
  readonly length: number;
  readonly count: number;
}

function poolOf(n: Call, x: Tensor): Pool[] {
  const sizes = n.ints('kernel_shape') ?? n.fail('has no kernel_shape');
  if (x.rank < 3 || sizes.length !== x.rank - 2 || sizes.length > 3)
    n.fail(`kernel_shape is [${sizes.join()}], the input has ${x.rank} axes`);
  return windowsOf(n, x.shape.slice(2), sizes).map((w, i) => {
    const length = x.shape[i + 2] as number;
    const steps = (length + w.before + w.after - reach(w)) / w.stride;
    let count = (n.flag('ceil_mode') ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // a window has to begin in the image or the padding before it
    if ((count - 1) * w.stride >= length + w.before) count--;
    if (!(w.size >= 1 && w.size <= length + w.before + w.after) || !(count >= 1))
      n.fail(`a window of ${w.size} does not fit into ${length} elements of axis ${i + 2}`);
    return { ...w, length, count };
  });
}

/** `x` with `fill` around it, just as far as the windows go. */
function surrounded(x: Tensor, pool: readonly Pool[], fill: number): Tensor {
  const pairs = pool.map((w): [number, number] => [
    w.before,
    (w.count - 1) * w.stride + reach(w) - w.length - w.before,
  ]);
  return pad(x, pairs, { value: fill });
}

type Pooling = (x: Tensor, size: number[], options: object) => Tensor;

/** A pool over 1 to 3 axes: over the last two, then over the one before. */
function pooled(x: Tensor, pool: readonly Pool[], one: Pooling, two: Pooling): Tensor {
  const over = (f: Pooling, y: Tensor, windows: readonly Pool[]): Tensor =>
    f(
      y,
      windows.map((w) => w.size),
      {
        stride: windows.map((w) => w.stride),
        dilation: windows.map((w) => w.dilation),
      },
    );
  if (pool.length === 1) return over(one, x, pool);
  const y = over(two, x, pool.slice(-2));
  if (pool.length === 2) return y;
  return moveAxis(over(one, moveAxis(y, -3, -1), pool.slice(0, 1)), -1, -3);
}

export const MaxPool = op(
  (n) => {
    const x = n.input(0);
    if (n.wants(1)) n.fail('the positions of the maxima (Indices) are not computed');
    const pool = poolOf(n, x);
    return pooled(surrounded(x, pool, -Infinity), pool, maxPool1d, maxPool2d);
  },
  { limits: 'no Indices; 1 to 3 spatial axes' },
);

/** Sums over windows. */
const sums = (x: Tensor, pool: readonly Pool[]): Tensor =>
  mul(pooled(surrounded(x, pool, 0), pool, avgPool1d, avgPool2d), sizeOf(pool.map((w) => w.size)));

/** How many elements each window along an axis has, those beyond the padding never counted. */
function elementsOf(w: Pool, withPadding: boolean): number[] {
  const [low, high] = withPadding ? [-w.before, w.length + Math.max(0, w.after)] : [0, w.length];
  return Array.from({ length: w.count }, (_, i) => {
    const start = i * w.stride - w.before;
    const least = Math.max(0, Math.ceil((low - start) / w.dilation));
    const most = Math.min(w.size - 1, Math.floor((high - 1 - start) / w.dilation));
    return Math.max(0, most - least + 1);
  });
}

export const AveragePool = op(
  (n) => {
    const x = n.input(0);
    const pool = poolOf(n, x);
    const d = pool.length;
    const counts = pool.map((w) => elementsOf(w, n.flag('count_include_pad')));
    const y = sums(x, pool);
    if (counts.every((c) => c.every((v) => v === c[0])))
      return div(y, sizeOf(counts.map((c) => c[0] as number)));
    return counts.reduce((z, c, i) => {
      const shape = Array.from({ length: d - i }, (_, k) => (k === 0 ? c.length : 1));
      return div(z, tensor(Float32Array.from(c), shape));
    }, y);
  },
  { limits: '1 to 3 spatial axes' },
);

/** (Σ |x|ᵖ)^(1/p) over windows, with derivative 0 where that is 0 for p > 1 */
export const LpPool = op(
  (n) => {
    const x = n.input(0);
    const p = n.int('p', 2);
    return pow(sums(pow(abs(x), p), poolOf(n, x)), 1 / p);
  },
  { limits: '1 to 3 spatial axes' },
);

const spatial = (x: Tensor): number[] => x.shape.map((_, i) => i).slice(2);

export const GlobalAveragePool = op((n) => {
  const x = n.input(0);
  return mean(x, spatial(x), { keepDims: true });
});

export const GlobalMaxPool = op((n) => {
  const x = n.input(0);
  return max(x, spatial(x), { keepDims: true });
});

export const GlobalLpPool = op((n) => {
  const x = n.input(0);
  return norm(x, spatial(x), { ord: n.int('p', 2), keepDims: true });
});
