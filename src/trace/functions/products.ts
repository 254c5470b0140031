import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape, range, sizeOf } from '../../util/shape.ts';
import { axisOf, broadcastShapes, whole } from '../checks.ts';
import { named } from '../named.ts';
import { contract, unified } from '../operands.ts';
import * as op from '../primitives.ts';

const pair = (who: string, a: TensorLike, b: TensorLike): [Tensor, Tensor] =>
  unified(who, [a, b]) as [Tensor, Tensor];

const both = (x: Tensor, y: Tensor): string =>
  `${formatShape(x.shape)} and ${formatShape(y.shape)}`;

/**
 * Matrix product of the last two axes, `[..., i, k] · [..., k, j] -> [..., i, j]`; the axes before them
 * broadcast. A vector `[k]` on the left is a row, on the right a column, and its axis is gone from the
 * result.
 *
 * @throws ShapeError when the inner sizes differ, and for scalars
 */
export const matmul = named('matmul', (a: TensorLike, b: TensorLike): Tensor => {
  const [x, y] = pair('matmul', a, b);
  if (x.rank === 0 || y.rank === 0)
    throw new ShapeError(`matmul: a scalar is no matrix, got ${both(x, y)}; use mul`);
  const inner = y.rank === 1 ? -1 : -2;
  if (x.shape[x.rank - 1] !== y.shape[y.rank + inner])
    throw new ShapeError(`matmul: inner sizes differ, got ${both(x, y)}; transpose one operand?`);
  broadcastShapes('matmul', [x.shape.slice(0, -2), y.shape.slice(0, -2)]);
  // [.., i, k] · [k] -> [.., i]
  if (y.rank === 1) return dropLast(contract(x, y, [-1]));
  // [k] · [.., k, j] -> [.., j]
  if (x.rank === 1) {
    const z = contract(op.reshape(x, [...x.shape, 1]), y, [-2]);
    return op.reshape(z, [...z.shape.slice(0, -2), ...z.shape.slice(-1)]);
  }
  const z = contract(op.reshape(x, [...x.shape, 1]), rows(y), [-2]);
  return op.reshape(z, [...z.shape.slice(0, -2), ...z.shape.slice(-1)]);
});

/** `[.., k, j]` -> `[.., 1, k, j]` */
const rows = (y: Tensor): Tensor =>
  op.reshape(y, [...y.shape.slice(0, -2), 1, ...y.shape.slice(-2)]);

const dropLast = (x: Tensor): Tensor => op.reshape(x, x.shape.slice(0, -1));

/**
 * Σ a·b of two vectors. Of other ranks, as NumPy has it, the sum over the last axis of `a` and the last but
 * one (for a vector: the only one) of `b`, the rest of the axes side by side; of scalars the product.
 *
 * @throws ShapeError when the summed axes differ in length
 */
export const dot = named('dot', (a: TensorLike, b: TensorLike): Tensor => {
  const [x, y] = pair('dot', a, b);
  if (x.rank === 0 || y.rank === 0) return op.mul(x, y);
  const inner = y.rank === 1 ? -1 : -2;
  if (x.shape[x.rank - 1] !== y.shape[y.rank + inner])
    throw new ShapeError(`dot: lengths differ, got ${both(x, y)}; transpose one operand?`);
  return overAxes(x, y, [-1], [inner]);
});

/** `[n]` and `[m]` -> `[n, m]`, all products. @throws ShapeError for other ranks */
export const outer = named('outer', (a: TensorLike, b: TensorLike): Tensor => {
  const [x, y] = pair('outer', a, b);
  if (x.rank !== 1 || y.rank !== 1)
    throw new ShapeError(`outer: takes two vectors, got ${both(x, y)}; flatten them first`);
  return op.mul(op.reshape(x, [x.size, 1]), op.lead(y, 2));
});

/** Kronecker product: each element of `a` times all of `b`, block by block. Any ranks. */
export const kron = named('kron', (a: TensorLike, b: TensorLike): Tensor => {
  const [x, y] = pair('kron', a, b);
  const rank = Math.max(x.rank, y.rank);
  const [p, q] = [op.lead(x, rank), op.lead(y, rank)];
  const product = op.mul(
    op.reshape(
      p,
      p.shape.flatMap((n) => [n, 1]),
    ),
    op.reshape(
      q,
      q.shape.flatMap((n) => [1, n]),
    ),
  );
  return op.reshape(
    product,
    p.shape.map((n, i) => n * (q.shape[i] as number)),
  );
});

/** Axes summed together: the last n of `a` with the first n of `b`, or a list (or one) of each. */
export type TensordotAxes =
  number | readonly [a: number | readonly number[], b: number | readonly number[]];

/**
 * Σ a·b over pairs of axes; the result has the other axes of `a`, then those of `b`.
 *
 * @throws ShapeError when axes that are summed together differ in length
 */
export const tensordot = named(
  'tensordot',
  (a: TensorLike, b: TensorLike, axes: TensordotAxes = 2): Tensor => {
    const [x, y] = pair('tensordot', a, b);
    let [left, right]: [number[], number[]] = [[], []];
    if (typeof axes === 'number') {
      const n = whole('tensordot', 'the number of axes', axes, 0);
      if (n > x.rank || n > y.rank)
        throw new ShapeError(`tensordot: cannot sum ${n} axes of ${both(x, y)}; pass fewer`);
      left = range(n).map((i) => i - n);
      right = range(n).map((i) => i - y.rank);
    } else {
      const lists = axes.map((l) => (typeof l === 'number' ? [l] : l)) as number[][];
      left = (lists[0] as number[]).map((v) => axisOf('tensordot', x, v));
      right = (lists[1] as number[]).map((v) => axisOf('tensordot', y, v));
    }
    const fits =
      left.length === right.length &&
      new Set(left).size === left.length &&
      new Set(right).size === right.length &&
      left.every((v, i) => x.shape[x.rank + v] === y.shape[y.rank + (right[i] as number)]);
    if (!fits)
      throw new ShapeError(
        `tensordot: axes [${left.map((v) => v + x.rank).join()}] and [${right
          .map((v) => v + y.rank)
          .join()}] of ${both(x, y)} do not pair up; name as many of each, equally long`,
      );
    return overAxes(x, y, left, right);
  },
);

/** Σ over axes `left` of x paired with axes `right` of y: `[...rest of x, ...rest of y]`. */
function overAxes(x: Tensor, y: Tensor, left: readonly number[], right: readonly number[]): Tensor {
  const axesBut = (t: Tensor, list: readonly number[]): number[] =>
    range(t.rank).filter((i) => !list.includes(i - t.rank));
  const [freeX, freeY] = [axesBut(x, left), axesBut(y, right)];
  const lengths = (t: Tensor, list: readonly number[]): number[] =>
    list.map((i) => t.shape[i] as number);
  const [m, n] = [lengths(x, freeX), lengths(y, freeY)];
  const [row, column] = [left.map((v) => v + x.rank), right.map((v) => v + y.rank)];
  const k = sizeOf(lengths(x, row));
  // [m, k, 1] · [1, k, n]
  const p = op.reshape(op.transpose(x, [...freeX, ...row]), [sizeOf(m), k, 1]);
  const q = op.reshape(op.transpose(y, [...column, ...freeY]), [1, k, sizeOf(n)]);
  return op.reshape(contract(p, q, [-2]), [...m, ...n]);
}

/**
 * `x [..., in]` times the transposed `weight [out, in]`, plus `bias [out]`: `[..., out]`.
 *
 * @throws ShapeError when the sizes do not fit
 */
export const linear = named(
  'linear',
  (x: TensorLike, weight: TensorLike, bias?: TensorLike): Tensor => {
    const [t, w] = pair('linear', x, weight);
    if (t.rank === 0 || w.rank !== 2 || t.shape[t.rank - 1] !== w.shape[1])
      throw new ShapeError(
        `linear: x [..., in] and weight [out, in] do not fit, got ${both(t, w)}; transpose the weight?`,
      );
    const y = dropLast(contract(rowOf(t), w, [-1]));
    return bias === undefined ? y : plusBias('linear', y, bias);
  },
);

/** `[.., k]` -> `[.., 1, k]` */
const rowOf = (x: Tensor): Tensor =>
  op.reshape(x, [...x.shape.slice(0, -1), 1, ...x.shape.slice(-1)]);

function plusBias(who: string, y: Tensor, bias: TensorLike): Tensor {
  const b = toTensor(bias, who);
  if (b.rank !== 1 || b.shape[0] !== y.shape[y.rank - 1])
    throw new ShapeError(
      `${who}: bias has one number for each output, got ${formatShape(b.shape)} for ${y.shape[y.rank - 1]}; reshape it`,
    );
  return op.add(y, op.lead(b, y.rank));
}
