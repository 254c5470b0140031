import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { hostArray, type ArrayData } from '../../util/array.ts';
import type { DType } from '../../util/dtype.ts';
import { ShapeError } from '../../util/errors.ts';
import type { Shape } from '../../util/shape.ts';
import { shapeOf, whole } from '../checks.ts';
import { named } from '../named.ts';
import * as op from '../primitives.ts';
import { checkDType } from './elementary.ts';
import { indicesOf } from './indices.ts';

/**
 * A constant.
 *
 * @param data a typed array, a number, or nested numbers
 * @param shape axis lengths; omitted: that of the nesting, or `[length]` of a typed array
 * @param dtype omitted: that of the typed array, else `"f32"`
 * @throws ShapeError when the elements do not fill the shape
 */
export const tensor = named('tensor', (data: ArrayData, shape?: Shape, dtype?: DType): Tensor => {
  if (dtype !== undefined) checkDType('tensor', dtype);
  if (typeof data === 'number' && shape === undefined) return op.full([], data, dtype);
  return op.constant(hostArray(data, shape, dtype, 'tensor'));
});

/** Zeros. @throws ShapeError for lengths that are not whole numbers >= 0 */
export const zeros = named('zeros', (shape: Shape, dtype: DType = 'f32'): Tensor =>
  filled('zeros', shape, 0, dtype),
);

/** Ones. @throws ShapeError for lengths that are not whole numbers >= 0 */
export const ones = named('ones', (shape: Shape, dtype: DType = 'f32'): Tensor =>
  filled('ones', shape, 1, dtype),
);

/** All elements equal to `value`. @throws ShapeError for lengths that are not whole numbers >= 0 */
export const full = named('full', (shape: Shape, value: number, dtype: DType = 'f32'): Tensor =>
  filled('full', shape, value, dtype),
);

function filled(who: string, shape: Shape, value: number, dtype: DType): Tensor {
  return op.full(shapeOf(who, shape), Number(value), checkDType(who, dtype));
}

/** Zeros of the shape and dtype of `x`. */
export const zerosLike = named('zerosLike', (x: TensorLike): Tensor => {
  const t = toTensor(x, 'zerosLike');
  return op.full(t.shape, 0, t.dtype);
});

/** Ones of the shape and dtype of `x`. */
export const onesLike = named('onesLike', (x: TensorLike): Tensor => {
  const t = toTensor(x, 'onesLike');
  return op.full(t.shape, 1, t.dtype);
});

/** `[n, m]` with ones on the diagonal, square unless `m` is given. @throws ShapeError for sizes that are not whole numbers >= 0 */
export const eye = named('eye', (n: number, m: number = n, dtype: DType = 'f32'): Tensor => {
  whole('eye', 'a size', n, 0);
  whole('eye', 'a size', m, 0);
  const k = Math.min(n, m);
  if (k === 0) return op.full([n, m], 0, checkDType('eye', dtype));
  const square = op.embedDiagonal(op.full([1, k], 1, checkDType('eye', dtype)), -2, -1);
  return op.pad(op.pad(square, -2, 0, n - k), -1, 0, m - k);
});

/**
 * `start`, `start + step`, ... before `stop`; with one argument 0, 1, ... before it.
 *
 * @throws ShapeError for a step of 0 and bounds that are not finite
 */
export const arange = named(
  'arange',
  (start: number, stop?: number, step: number = 1, dtype: DType = 'f32'): Tensor => {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    if (step === 0 || ![from, to, step].every(Number.isFinite))
      throw new ShapeError(
        `arange: takes finite numbers and a step that is not 0, got start ${from}, stop ${to}, step ${step}`,
      );
    const n = Math.max(0, Math.ceil((to - from) / step));
    checkDType('arange', dtype);
    const fraction = !Number.isInteger(from) || !Number.isInteger(step);
    const counter = op.iota(n, fraction || dtype === 'bool' ? 'f32' : dtype);
    return op.cast(op.add(op.mul(counter, step), from), dtype);
  },
);

/** `n` numbers from `start` to `stop`, both included, at equal distances. @throws ShapeError for an `n` that is not a whole number >= 0 */
export const linspace = named('linspace', (start: number, stop: number, n: number): Tensor => {
  whole('linspace', 'the number of points', n, 0);
  const step = n > 1 ? (stop - start) / (n - 1) : 0;
  const i = op.iota(n, 'f32');
  // from both ends, so that both are exact
  const front = op.add(op.mul(i, step), start);
  const back = op.sub(stop, op.mul(op.sub(n - 1, i), step));
  return n <= 1 ? front : op.where(op.less(i, n / 2), front, back);
});

/**
 * `[...indices, depth]`: 1 at the index, 0 elsewhere. A run-time index out of range gives zeros.
 *
 * @throws ShapeError for constant indices out of range
 * @throws DTypeError for indices that are not integers
 */
export const oneHot = named('oneHot', (indices: TensorLike, depth: number): Tensor => {
  whole('oneHot', 'the depth', depth, 0);
  const index = indicesOf('oneHot', indices, depth);
  const counter = op.iota(depth, index.dtype);
  return op.cast(op.equal(op.reshape(index, [...index.shape, 1]), counter), 'f32');
});
