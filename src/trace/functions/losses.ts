import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { ShapeError, TraceError } from '../../util/errors.ts';
import { formatShape, range, sameShape } from '../../util/shape.ts';
import { named } from '../named.ts';
import { float, floatTogether } from '../operands.ts';
import * as op from '../primitives.ts';
import { takenAlong } from './indexing.ts';
import { indicesOf } from './indices.ts';
import { meanOf } from './reductions.ts';
import { logSoftmaxOf } from './softmax.ts';

export interface LossOptions {
  /** of the losses of all elements: their mean, their sum, or none. Default `"mean"` */
  readonly reduction?: 'mean' | 'sum' | 'none';
}

function reduced(who: string, losses: Tensor, { reduction = 'mean' }: LossOptions): Tensor {
  if (reduction === 'none') return losses;
  const axes = range(losses.rank).map((i) => i - losses.rank);
  if (reduction === 'mean') return op.reshape(meanOf(losses, axes), []);
  if (reduction === 'sum') return op.reshape(op.sum(losses, axes), []);
  throw new TraceError(
    `${who}: reduction is "mean", "sum" or "none", got ${JSON.stringify(reduction)}`,
  );
}

/** Squared differences (x - y)². @throws ShapeError when the shapes do not broadcast */
export const mseLoss = named(
  'mseLoss',
  (x: TensorLike, y: TensorLike, options: LossOptions = {}): Tensor => {
    const [a, b] = floatTogether('mseLoss', [x, y]) as [Tensor, Tensor];
    return reduced('mseLoss', op.square(op.sub(a, b)), options);
  },
);

export interface HuberOptions extends LossOptions {
  /** beyond this difference the loss grows linearly; default 1 */
  readonly delta?: number;
}

/**
 * (x - y)² / 2 up to a difference of delta, beyond it delta·(|x - y| - delta / 2).
 *
 * @throws ShapeError when the shapes do not broadcast
 */
export const huberLoss = named(
  'huberLoss',
  (x: TensorLike, y: TensorLike, options: HuberOptions = {}): Tensor => {
    const { delta = 1 } = options;
    const [a, b] = floatTogether('huberLoss', [x, y]) as [Tensor, Tensor];
    const difference = op.sub(a, b);
    const size = op.abs(difference);
    const losses = op.where(
      op.less(size, delta),
      op.mul(0.5, op.square(difference)),
      op.mul(delta, op.sub(size, 0.5 * delta)),
    );
    return reduced('huberLoss', losses, options);
  },
);

/**
 * Cross entropy between logits `x` and probabilities `y` of two classes:
 * -(y log σ(x) + (1 - y) log(1 - σ(x))).
 *
 * @throws ShapeError when the shapes do not broadcast
 */
export const bceWithLogits = named(
  'bceWithLogits',
  (x: TensorLike, y: TensorLike, options: LossOptions = {}): Tensor => {
    const [a, b] = floatTogether('bceWithLogits', [x, y]) as [Tensor, Tensor];
    const losses = op.sub(op.mul(op.sub(1, b), a), op.logSigmoid(a));
    return reduced('bceWithLogits', losses, options);
  },
);

/**
 * -log softmax(logits) of the right class, or with probabilities -Σ p log softmax(logits).
 *
 * @param logits `[N, C, ...]`, or `[C]` for one sample
 * @param labels class ids (integers) of shape `[N, ...]` (`[]` for one sample), or probabilities (f32) of
 *   the shape of the logits
 * @throws ShapeError when the shapes do not fit, and for constant ids out of range
 */
export const crossEntropy = named(
  'crossEntropy',
  (logits: TensorLike, labels: TensorLike, options: LossOptions = {}): Tensor => {
    const t = float('crossEntropy', logits);
    if (t.rank === 0)
      throw new ShapeError('crossEntropy: logits are [N, classes, ...] or [classes], got shape []');
    const axis = t.rank === 1 ? -1 : 1 - t.rank;
    const rest = t.shape.filter((_, i) => i - t.rank !== axis);
    const logp = logSoftmaxOf(t, axis);
    const given = toTensor(labels, 'crossEntropy');
    if (sameShape(given.shape, t.shape) && given.dtype === 'f32') {
      const products = op.where(op.equal(given, 0), 0, op.mul(given, logp));
      const losses = op.neg(op.reshape(op.sum(products, [axis]), rest));
      return reduced('crossEntropy', losses, options);
    }
    if (!sameShape(given.shape, rest))
      throw new ShapeError(
        `crossEntropy: labels are ids ${formatShape(rest)} or probabilities ${formatShape(t.shape)}, got shape ${formatShape(given.shape)}; reshape them`,
      );
    const ids = indicesOf('crossEntropy', labels, t.shape[t.rank + axis] as number);
    const wide = op.reshape(
      ids,
      t.shape.map((n, i) => (i - t.rank === axis ? 1 : n)),
    );
    const losses = op.neg(op.reshape(takenAlong(logp, wide, axis), rest));
    return reduced('crossEntropy', losses, options);
  },
);
