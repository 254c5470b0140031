import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { axisOf } from '../checks.ts';
import { named } from '../named.ts';
import { numeric } from '../operands.ts';
import * as op from '../primitives.ts';
import { checkSome } from './reductions.ts';

/** `f`, which works along the last axis, along `axis`. */
const along = (x: Tensor, axis: number, f: (x: Tensor) => Tensor): Tensor =>
  op.swap(f(op.swap(x, axis, -1)), axis, -1);

/** Running sum along `axis`. @throws ShapeError for an axis that is not there */
export const cumsum = named('cumsum', (x: TensorLike, axis: number): Tensor => {
  const t = numeric('cumsum', x);
  return along(t, axisOf('cumsum', t, axis), op.cumsum);
});

/** Running product along `axis`, right with zeros. @throws ShapeError for an axis that is not there */
export const cumprod = named('cumprod', (x: TensorLike, axis: number): Tensor => {
  const t = numeric('cumprod', x);
  return along(t, axisOf('cumprod', t, axis), productsUpTo);
});

/** Products of 1, 2, 4, ... neighbours, until each element has all before it (Hillis and Steele 1986). */
function productsUpTo(x: Tensor): Tensor {
  const n = x.shape[x.rank - 1] as number;
  let y = x;
  for (let reach = 1; reach < n; reach *= 2) {
    const earlier = op.pad(op.slice(y, -1, 0, n - reach), -1, reach, 0);
    const ones = op.full(new Array<number>(x.rank).fill(1), 1, x.dtype);
    y = op.mul(y, op.where(op.less(op.iota(n), reach), ones, earlier));
  }
  return y;
}

const position = (name: string, f: (x: Tensor) => Tensor) =>
  named(name, (x: TensorLike, axis?: number): Tensor => {
    const t = numeric(name, x);
    const flat = axis === undefined ? op.reshape(t, [t.size]) : t;
    const a = axisOf(name, flat, axis ?? -1);
    checkSome(name, flat, [a]);
    const found = along(flat, a, f);
    return op.reshape(
      found,
      found.shape.filter((_, i) => i - found.rank !== a),
    );
  });

/**
 * Position (i32) of the largest element along `axis`, the first of equal ones; without an axis in the
 * flattened `x`.
 *
 * @throws ShapeError for an axis that is not there, or empty
 */
export const argmax: (x: TensorLike, axis?: number) => Tensor = position('argmax', op.argmax);

/**
 * Position (i32) of the smallest element along `axis`, the first of equal ones; without an axis in the
 * flattened `x`.
 *
 * @throws ShapeError for an axis that is not there, or empty
 */
export const argmin: (x: TensorLike, axis?: number) => Tensor = position('argmin', op.argmin);
