import type { GeneralOp, NdArray } from '../../ir/op.ts';
import { apply, type Tensor } from '../../ir/tensor.ts';
import { sizeOf } from '../../util/shape.ts';
import { div, mul } from '../elementwise/arithmetic.ts';
import { cast, equal } from '../elementwise/compare.ts';
import { sum } from '../linear/layout.ts';
import { broadcastStrides, dot, eachIndex } from '../ndarray.ts';

const reduced = (x: Tensor, axes: readonly number[]): number[] => {
  const out = [...x.shape];
  for (const a of axes) out[out.length + a] = 1;
  return out;
};

/** Share of each element of `x` in the extremum `y`: equal parts among those that attain it. */
function shares(x: Tensor, y: Tensor, axes: readonly number[]): Tensor {
  const hit = cast(equal(x, y), 'f32');
  return div(hit, sum(hit, axes));
}

function extremum(name: 'max' | 'min', better: (a: number, b: number) => boolean): GeneralOp {
  const self: GeneralOp = {
    name,
    family: 'general',
    derivative: 'mean of dx over the elements that attain it',
    dtype: ([x]) => (x as Tensor).dtype,
    shape: ([x], { axes }) => reduced(x as Tensor, axes as number[]),
    evaluate([x], _, shape) {
      const t = x as NdArray;
      const out = new Float64Array(sizeOf(shape)).fill(NaN);
      const seen = new Uint8Array(out.length);
      const strides = broadcastStrides(shape);
      eachIndex(t.shape, (at, i) => {
        const k = dot(at, strides);
        const v = t.data[i] as number;
        if (!seen[k] || Number.isNaN(v) || better(v, out[k] as number)) out[k] = v;
        seen[k] = 1;
      });
      return out;
    },
    rewrite([x], { axes }) {
      const t = x as Tensor;
      const long = (axes as number[]).filter((v) => t.shape[t.rank + v] !== 1);
      if (long.length === 0) return t;
      return long.length < (axes as number[]).length ? apply(self, [t], { axes: long }) : undefined;
    },
    jvp([t], node) {
      const x = node.inputs[0] as Tensor;
      const axes = node.params['axes'] as number[];
      return t ? sum(mul(shares(x, node, axes), t), axes) : null;
    },
    vjp: (g, node) => [
      mul(g, shares(node.inputs[0] as Tensor, node, node.params['axes'] as number[])),
    ],
  };
  return self;
}

const maxOp = extremum('max', (a, b) => a > b);
const minOp = extremum('min', (a, b) => a < b);

const sorted = (axes: readonly number[]): number[] => [...axes].sort((p, q) => p - q);

/** Largest element over `axes` (counted from the end), which stay with length 1. */
export function max(x: Tensor, axes: readonly number[]): Tensor {
  return apply(maxOp, [x], { axes: sorted(axes) });
}

/** Smallest element over `axes` (counted from the end), which stay with length 1. */
export function min(x: Tensor, axes: readonly number[]): Tensor {
  return apply(minOp, [x], { axes: sorted(axes) });
}

/** Position of the first extremum along the last axis, which stays with length 1. */
function argExtremum(
  name: 'argmax' | 'argmin',
  better: (a: number, b: number) => boolean,
): GeneralOp {
  return {
    name,
    family: 'general',
    derivative: '0 (i32)',
    dtype: () => 'i32',
    shape: ([x]) => reduced(x as Tensor, [-1]),
    evaluate([x], _, shape) {
      const t = x as NdArray;
      const n = t.shape[t.shape.length - 1] as number;
      return Float64Array.from({ length: sizeOf(shape) }, (__, row) => {
        let best = 0;
        for (let i = 1; i < n; i++)
          if (better(t.data[row * n + i] as number, t.data[row * n + best] as number)) best = i;
        return best;
      });
    },
    jvp: () => null,
    vjp: () => [null],
  };
}

const argmaxOp = argExtremum('argmax', (a, b) => a > b);
const argminOp = argExtremum('argmin', (a, b) => a < b);

/** Position of the first largest element along the last axis, which stays with length 1. */
export function argmax(x: Tensor): Tensor {
  return apply(argmaxOp, [x]);
}

/** Position of the first smallest element along the last axis, which stays with length 1. */
export function argmin(x: Tensor): Tensor {
  return apply(argminOp, [x]);
}

export const extremumOps = [maxOp, minOp, argmaxOp, argminOp];
