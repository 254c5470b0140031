import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape, range, sizeOf, type Shape } from '../../util/shape.ts';
import { axesOf, axisOf, broadcastShapes, shapeOf, whole, without, type Axes } from '../checks.ts';
import { named } from '../named.ts';
import * as op from '../primitives.ts';

/**
 * The elements of `x`, in row-major order, in another shape. One length may be -1: whatever fits.
 *
 * @throws ShapeError when the number of elements differs
 */
export const reshape = named('reshape', (x: TensorLike, shape: Shape): Tensor => {
  const t = toTensor(x, 'reshape');
  const given: readonly unknown[] = Array.isArray(shape) ? shape : [shape];
  const wanted = given.map((n) => whole('reshape', 'an axis length', n, -1));
  const rest = sizeOf(wanted.filter((n) => n !== -1));
  const open = wanted.filter((n) => n === -1).length;
  const fits = open === 0 ? rest === t.size : open === 1 && rest > 0 && t.size % rest === 0;
  if (!fits)
    throw new ShapeError(
      `reshape: ${formatShape(wanted)} does not hold the ${t.size} elements of shape ${formatShape(t.shape)}; ${
        open > 1 ? 'leave one length open' : 'use lengths whose product is the same'
      }`,
    );
  return op.reshape(
    t,
    wanted.map((n) => (n === -1 ? t.size / rest : n)),
  );
});

/**
 * Axis i of the result is axis `permutation[i]` of `x`; without one the order of the axes is reversed.
 *
 * @throws ShapeError when `permutation` does not name each axis once
 */
export const transpose = named(
  'transpose',
  (x: TensorLike, permutation?: readonly number[]): Tensor => {
    const t = toTensor(x, 'transpose');
    if (permutation === undefined) return op.transpose(t, range(t.rank).reverse());
    if (!Array.isArray(permutation))
      throw new ShapeError(
        `transpose: takes a list of axes, got ${String(permutation)}; to swap two axes use swapAxes`,
      );
    const list = permutation.map((a) => axisOf('transpose', t, a) + t.rank);
    if (list.length !== t.rank || new Set(list).size !== list.length)
      throw new ShapeError(
        `transpose: a permutation names each axis once, got ${formatShape(permutation)} for shape ${formatShape(t.shape)}; list all ${t.rank} axes`,
      );
    return op.transpose(t, list);
  },
);

/** `x` with its last two axes swapped. @throws ShapeError for a rank below 2 */
export const t = named('t', (x: TensorLike): Tensor => {
  const a = toTensor(x, 't');
  if (a.rank < 2)
    throw new ShapeError(
      `t: a matrix has at least two axes, got shape ${formatShape(a.shape)}; expandDims first`,
    );
  return op.swap(a, -1, -2);
});

/** `x` with two axes in each other's place. @throws ShapeError for an axis that is not there */
export const swapAxes = named('swapAxes', (x: TensorLike, a: number, b: number): Tensor => {
  const t = toTensor(x, 'swapAxes');
  return op.swap(t, axisOf('swapAxes', t, a), axisOf('swapAxes', t, b));
});

/** `x` with axis `from` moved to position `to`, the others in order. @throws ShapeError for an axis that is not there */
export const moveAxis = named('moveAxis', (x: TensorLike, from: number, to: number): Tensor => {
  const t = toTensor(x, 'moveAxis');
  return move(t, axisOf('moveAxis', t, from), axisOf('moveAxis', t, to));
});

/** Axis `from` moved to position `to`, both counted from the end. */
export function move(x: Tensor, from: number, to: number): Tensor {
  const order = range(x.rank).filter((i) => i !== x.rank + from);
  order.splice(x.rank + to, 0, x.rank + from);
  return op.transpose(x, order);
}

/** `x` with a new axis of length 1 at position `axis`. @throws ShapeError for a position that is not there */
export const expandDims = named('expandDims', (x: TensorLike, axis: number): Tensor => {
  const t = toTensor(x, 'expandDims');
  return insertAxis('expandDims', t, axis);
});

/** `x` with a new axis of length 1, which becomes its axis number `axis`. */
export function insertAxis(who: string, x: Tensor, axis: unknown): Tensor {
  const at = axisOf(who, { shape: [...x.shape, 1] }, axis) + x.rank + 1;
  return op.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** `x` without its axes of length 1, all or those in `axes`. @throws ShapeError when one of `axes` is longer */
export const squeeze = named('squeeze', (x: TensorLike, axes?: Axes): Tensor => {
  const t = toTensor(x, 'squeeze');
  if (axes === undefined)
    return op.reshape(
      t,
      t.shape.filter((n) => n !== 1),
    );
  const list = axesOf('squeeze', t, axes);
  for (const a of list)
    if (t.shape[t.rank + a] !== 1)
      throw new ShapeError(
        `squeeze: axis ${a + t.rank} has length ${t.shape[t.rank + a]}, got shape ${formatShape(t.shape)}; only axes of length 1 can go`,
      );
  return op.reshape(t, without(t.shape, list));
});

/** `x` with axes of length 1, and axes it lacks in front, repeated to `shape`. @throws ShapeError when it does not broadcast to `shape` */
export const broadcastTo = named('broadcastTo', (x: TensorLike, shape: Shape): Tensor => {
  const t = toTensor(x, 'broadcastTo');
  const target = shapeOf('broadcastTo', shape);
  const together = t.rank <= target.length ? broadcastShapes('broadcastTo', [t.shape, target]) : [];
  if (formatShape(together) !== formatShape(target))
    throw new ShapeError(
      `broadcastTo: shape ${formatShape(t.shape)} does not broadcast to ${formatShape(target)}; only axes of length 1 are repeated`,
    );
  return op.broadcast(op.lead(t, target.length), target);
});

/** `x` with the axes from `fromAxis` on merged into one. @throws ShapeError for an axis that is not there */
export const flatten = named('flatten', (x: TensorLike, fromAxis: number = 0): Tensor => {
  const t = toTensor(x, 'flatten');
  const kept = t.rank === 0 ? 0 : axisOf('flatten', t, fromAxis) + t.rank;
  return op.reshape(t, [...t.shape.slice(0, kept), sizeOf(t.shape.slice(kept))]);
});
