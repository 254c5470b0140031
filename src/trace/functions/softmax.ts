import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { axisOf } from '../checks.ts';
import { named } from '../named.ts';
import { float } from '../operands.ts';
import * as op from '../primitives.ts';
import { offsetOf } from './reductions.ts';

/** eˣ / Σ eˣ along `axis`. @throws ShapeError for an axis that is not there */
export const softmax = named('softmax', (x: TensorLike, axis: number = -1): Tensor => {
  const t = float('softmax', x);
  const along = [axisOf('softmax', t, axis)];
  if (t.size === 0) return t;
  const e = op.exp(op.sub(t, offsetOf(t, along)));
  return op.div(e, op.sum(e, along));
});

/** x - log Σ eˣ along `axis`: the logarithm of softmax. @throws ShapeError for an axis that is not there */
export const logSoftmax = named('logSoftmax', (x: TensorLike, axis: number = -1): Tensor => {
  const t = float('logSoftmax', x);
  return logSoftmaxOf(t, axisOf('logSoftmax', t, axis));
});

export function logSoftmaxOf(x: Tensor, axis: number): Tensor {
  if (x.size === 0) return x;
  const shifted = op.sub(x, offsetOf(x, [axis]));
  return op.sub(shifted, op.log(op.sum(op.exp(shifted), [axis])));
}

/** softmax that gives a row of zeros where all entries are -∞. */
export function softmaxOrZero(x: Tensor, axis: number): Tensor {
  if (x.size === 0) return x;
  const e = op.exp(op.sub(x, offsetOf(x, [axis])));
  const total = op.sum(e, [axis]);
  const nothing = op.equal(total, 0);
  return op.where(nothing, 0, op.div(e, op.where(nothing, 1, total)));
}
