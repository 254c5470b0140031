import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { broadcastShapes } from '../checks.ts';
import { named } from '../named.ts';
import { together } from '../operands.ts';
import * as op from '../primitives.ts';
import type { Binary } from './arithmetic.ts';

const comparison = (name: string, f: (a: Tensor, b: Tensor) => Tensor): Binary =>
  named(name, (a: TensorLike, b: TensorLike): Tensor => {
    const [x, y] = together(name, [a, b]) as [Tensor, Tensor];
    return f(x, y);
  });

/** a = b, as bool. @throws ShapeError when the shapes do not broadcast */
export const equal: Binary = comparison('equal', op.equal);
/** a ≠ b, as bool. @throws ShapeError when the shapes do not broadcast */
export const notEqual: Binary = comparison('notEqual', op.notEqual);
/** a < b, as bool. @throws ShapeError when the shapes do not broadcast */
export const less: Binary = comparison('less', op.less);
/** a <= b, as bool. @throws ShapeError when the shapes do not broadcast */
export const lessEqual: Binary = comparison('lessEqual', op.lessEqual);
/** a > b, as bool. @throws ShapeError when the shapes do not broadcast */
export const greater: Binary = comparison('greater', op.greater);
/** a >= b, as bool. @throws ShapeError when the shapes do not broadcast */
export const greaterEqual: Binary = comparison('greaterEqual', op.greaterEqual);

const logic = (name: string, f: (a: Tensor, b: Tensor) => Tensor): Binary =>
  named(name, (a: TensorLike, b: TensorLike): Tensor => {
    const [x, y] = [condition(name, a), condition(name, b)];
    broadcastShapes(name, [x.shape, y.shape]);
    return f(x, y);
  });

/** Whether both are nonzero. @throws ShapeError when the shapes do not broadcast */
export const logicalAnd: Binary = logic('logicalAnd', op.logicalAnd);
/** Whether one of them is nonzero. @throws ShapeError when the shapes do not broadcast */
export const logicalOr: Binary = logic('logicalOr', op.logicalOr);
/** Whether x is zero. */
export const logicalNot = named('logicalNot', (x: TensorLike): Tensor =>
  op.logicalNot(condition('logicalNot', x)),
);

/** `x` as bool: whether it is nonzero. */
function condition(who: string, x: TensorLike): Tensor {
  return op.cast(toTensor(x, who), 'bool');
}

/**
 * `condition ? a : b`, element by element. The branch not taken contributes exactly 0 to every
 * derivative, even where it is NaN or infinite.
 *
 * @throws ShapeError when the three shapes do not broadcast
 */
export const where = named(
  'where',
  (condition_: TensorLike, a: TensorLike, b: TensorLike): Tensor => {
    const c = condition('where', condition_);
    const [x, y] = together('where', [a, b]) as [Tensor, Tensor];
    broadcastShapes('where', [c.shape, x.shape, y.shape]);
    return op.where(c, x, y);
  },
);

/**
 * `x`, at least `low` and at most `high`; either may be left out. The derivative passes inside and on the
 * bounds; beyond one it is the bound's. Where the bounds cross, `high` wins.
 *
 * @throws ShapeError when the shapes do not broadcast
 */
export const clamp = named(
  'clamp',
  (x: TensorLike, low?: TensorLike, high?: TensorLike): Tensor => {
    let y = toTensor(x, 'clamp');
    if (low !== undefined) {
      const [t, bound] = together('clamp', [y, low]) as [Tensor, Tensor];
      y = op.clampAbove(t, bound);
    }
    if (high !== undefined) {
      const [t, bound] = together('clamp', [y, high]) as [Tensor, Tensor];
      y = op.clampBelow(t, bound);
    }
    return y;
  },
);
