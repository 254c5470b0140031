import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { HostArray, hostArray, type Nested } from '../../util/array.ts';
import { DTypeError, ShapeError } from '../../util/errors.ts';
import * as op from '../primitives.ts';

/**
 * Indices into an axis of `n` elements as a tensor of i32 or u32. Constant ones are checked, and negative
 * ones among them counted from the end; those only known at run time are clamped by the ops.
 *
 * @throws ShapeError for constant indices out of range, and for any index into an empty axis
 * @throws DTypeError for indices that are not integers
 */
export function indicesOf(who: string, indices: TensorLike, n: number): Tensor {
  const index = integers(who, indices);
  if (index.size > 0 && n === 0)
    throw new ShapeError(`${who}: the indexed axis is empty; there is nothing to pick`);
  const value = op.fullValue(index);
  if (value !== undefined) return op.full(index.shape, wrap(who, value, n), index.dtype);
  const array = op.isConstant(index) ? index.params['value'] : null;
  if (!(array instanceof HostArray)) return index;
  const wrapped = array.data.map((i) => wrap(who, i, n));
  return array.data.every((i) => i >= 0)
    ? index
    : op.constant(new HostArray(wrapped, array.shape, array.dtype));
}

function integers(who: string, indices: TensorLike): Tensor {
  if (typeof indices === 'number' || Array.isArray(indices)) {
    const data = indices as Nested;
    if (!allIntegers(data))
      throw new DTypeError(`${who}: indices are whole numbers, got fractions; round them first`);
    return op.constant(hostArray(data, undefined, 'i32', who));
  }
  const index = toTensor(indices, who);
  if (index.dtype === 'i32' || index.dtype === 'u32') return index;
  throw new DTypeError(
    `${who}: indices are i32 or u32, got ${index.toString()}; make them with array(data, shape, "i32"), or cast them`,
  );
}

const allIntegers = (data: Nested): boolean =>
  typeof data === 'object' ? data.every(allIntegers) : Number.isInteger(data);

function wrap(who: string, i: number, n: number): number {
  if (i < -n || i >= n)
    throw new ShapeError(
      `${who}: index ${i} is out of range for an axis of length ${n}; use ${-n} to ${n - 1}`,
    );
  return i < 0 ? i + n : i;
}
