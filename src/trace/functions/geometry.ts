import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { axisOf } from '../checks.ts';
import { named } from '../named.ts';
import { float, floatTogether } from '../operands.ts';
import * as op from '../primitives.ts';
import { normOf } from './reductions.ts';
import { rolled } from './slicing.ts';

/**
 * Cross product of the vectors along `axis`, of length 3; the other axes broadcast.
 *
 * @throws ShapeError when the axis has another length
 */
export const cross = named('cross', (a: TensorLike, b: TensorLike, axis: number = -1): Tensor => {
  const [x, y] = floatTogether('cross', [a, b]) as [Tensor, Tensor];
  const along = axisOf('cross', x, axis);
  if (x.shape[x.rank + along] !== 3 || y.shape[y.rank + along] !== 3)
    throw new ShapeError(
      `cross: vectors have 3 components along axis ${axis}, got ${formatShape(x.shape)} and ${formatShape(y.shape)}; name the axis of the components`,
    );
  return crossed(x, y, along);
});

/** (a × b)[i] = a[i+1] b[i+2] - a[i+2] b[i+1] */
export function crossed(a: Tensor, b: Tensor, axis: number): Tensor {
  return op.sub(
    op.mul(rolled(a, -1, axis), rolled(b, -2, axis)),
    op.mul(rolled(a, -2, axis), rolled(b, -1, axis)),
  );
}

/** What torch puts in place of a smaller length. */
const LEAST_LENGTH = 1e-12;
const LEAST_PRODUCT = 1e-8;

const atLeast = (x: Tensor, least: number): Tensor => op.where(op.less(x, least), least, x);

/** x / ‖x‖ along `axis`; vectors shorter than 1e-12 are divided by that. @throws ShapeError for an axis that is not there */
export const normalize = named('normalize', (x: TensorLike, axis: number = -1): Tensor => {
  const t = float('normalize', x);
  return unit(t, axisOf('normalize', t, axis));
});

export function unit(x: Tensor, axis: number): Tensor {
  return op.div(x, atLeast(normOf(x, [axis]), LEAST_LENGTH));
}

/**
 * a·b / (‖a‖ ‖b‖) along `axis`; lengths below 1e-8 count as that.
 *
 * @throws ShapeError when the shapes do not broadcast
 */
export const cosineSimilarity = named(
  'cosineSimilarity',
  (a: TensorLike, b: TensorLike, axis: number = -1): Tensor => {
    const [x, y] = floatTogether('cosineSimilarity', [a, b]) as [Tensor, Tensor];
    const along = axisOf('cosineSimilarity', x, axis);
    const length = (v: Tensor): Tensor => atLeast(normOf(v, [along]), LEAST_PRODUCT);
    const cosine = op.div(op.contract(x, y, [along]), op.mul(length(x), length(y)));
    return op.reshape(
      cosine,
      cosine.shape.filter((_, i) => i - cosine.rank !== along),
    );
  },
);
