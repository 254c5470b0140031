import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { axisOf, broadcastShapes } from '../checks.ts';
import { named } from '../named.ts';
import { unified } from '../operands.ts';
import * as op from '../primitives.ts';
import { indicesOf } from './indices.ts';
import { move } from './layout.ts';

/**
 * Elements of `x` along `axis` at integer `indices`, whose axes (any number) take the place of the axis.
 * Negative constant indices count from the end; run-time indices out of range are clamped to it.
 *
 * @throws ShapeError for constant indices out of range
 * @throws DTypeError for indices that are not integers
 */
export const take = named(
  'take',
  (x: TensorLike, indices: TensorLike, axis: number = 0): Tensor => {
    const t = toTensor(x, 'take');
    const along = axisOf('take', t, axis);
    return taken(t, indicesOf('take', indices, lengthOf(t, along)), along);
  },
);

const lengthOf = (x: Tensor, axis: number): number => x.shape[x.rank + axis] as number;

/** `take` along `axis` counted from the end, of checked indices. */
export function taken(x: Tensor, index: Tensor, axis: number): Tensor {
  const at = x.rank + axis;
  const flat = op.reshape(index, [index.size]);
  const picked = move(op.gather(move(x, axis, -1), flat), -1, axis);
  return op.reshape(picked, [...x.shape.slice(0, at), ...index.shape, ...x.shape.slice(at + 1)]);
}

/**
 * `x` with `updates` added at integer `indices` along `axis`; where indices repeat, their updates add up.
 * The adjoint of `take`: `updates` has the shape of `take(x, indices, axis)` or broadcasts to it. Run-time
 * indices out of range are clamped.
 *
 * @throws ShapeError for constant indices out of range, and for updates that do not fit
 * @throws DTypeError for indices that are not integers
 */
export const scatterAdd = named(
  'scatterAdd',
  (x: TensorLike, indices: TensorLike, updates: TensorLike, axis: number = 0): Tensor => {
    const t = toTensor(x, 'scatterAdd');
    const along = axisOf('scatterAdd', t, axis);
    const at = t.rank + along;
    const n = lengthOf(t, along);
    const index = indicesOf('scatterAdd', indices, n);
    const u = toTensor(updates, 'scatterAdd');
    const [before, after] = [t.shape.slice(0, at), t.shape.slice(at + 1)];
    const target = [...before, ...index.shape, ...after];
    const fits =
      u.rank <= target.length &&
      u.shape.every((d, i) => d === 1 || d === target[target.length - u.rank + i]);
    if (!fits)
      throw new ShapeError(
        `scatterAdd: updates have shape ${formatShape(target)}, got ${formatShape(u.shape)}; one for each index`,
      );
    const [base, given] = unified('scatterAdd', [t, u]) as [Tensor, Tensor];
    const whole = op.broadcast(op.lead(given, target.length), target);
    const rows = move(op.reshape(whole, [...before, index.size, ...after]), along, -1);
    const sums = op.scatterAdd(rows, op.reshape(index, [index.size]), n);
    return op.add(base, move(sums, -1, along));
  },
);

/**
 * y[.., j, ..] = x[.., indices[.., j, ..], ..]: an index for each element of the result, whose shape is that
 * of `indices`; axes of length 1 off `axis` broadcast. Run-time indices out of range are clamped.
 *
 * @throws ShapeError when ranks or other axes differ, and for constant indices out of range
 * @throws DTypeError for indices that are not integers
 */
export const takeAlongAxis = named(
  'takeAlongAxis',
  (x: TensorLike, indices: TensorLike, axis: number): Tensor => {
    const t = toTensor(x, 'takeAlongAxis');
    const along = axisOf('takeAlongAxis', t, axis);
    const index = indicesOf('takeAlongAxis', indices, lengthOf(t, along));
    if (index.rank !== t.rank)
      throw new ShapeError(
        `takeAlongAxis: indices have the rank of x, got ${formatShape(index.shape)} for ${formatShape(t.shape)}; use take for one list of indices`,
      );
    const others = (y: Tensor): number[] => y.shape.filter((_, i) => i - y.rank !== along);
    broadcastShapes('takeAlongAxis', [others(t), others(index)]);
    return takenAlong(t, index, along);
  },
);

/** `takeAlongAxis` along `axis` counted from the end, of checked indices. */
export function takenAlong(x: Tensor, index: Tensor, axis: number): Tensor {
  return op.swap(op.gather(op.swap(x, axis, -1), op.swap(index, axis, -1)), axis, -1);
}

/**
 * Rows of `table [n, d]` at integer `indices`: `[...indices, d]`.
 *
 * @throws ShapeError for constant indices out of range
 * @throws DTypeError for indices that are not integers
 */
export const embedding = named('embedding', (indices: TensorLike, table: TensorLike): Tensor => {
  const rows = toTensor(table, 'embedding');
  if (rows.rank !== 2)
    throw new ShapeError(
      `embedding: the table is [count, size], got shape ${formatShape(rows.shape)}; reshape it first`,
    );
  return taken(rows, indicesOf('embedding', indices, rows.shape[0] as number), -2);
});
