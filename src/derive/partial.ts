import type { Partial } from '../ir/op.ts';
import type { Tensor } from '../ir/tensor.ts';
import { guardedMul } from '../ops/elementwise/arithmetic.ts';
import { broadcast, sum } from '../ops/linear/layout.ts';

/** A tangent or cotangent `t` passed through one entry of an elementwise op's derivative. */
export function applyPartial(partial: Partial, t: Tensor): Tensor | null {
  if (partial === null) return null;
  if (typeof partial === 'function') return partial(t);
  return guardedMul(t, partial);
}

/** `g` summed over the axes that broadcasting repeated, so that its last axes are those of `like`. */
export function unbroadcast(g: Tensor, like: Tensor): Tensor {
  const axes: number[] = [];
  for (let i = 0; i < like.rank; i++) {
    const axis = i - like.rank;
    if (like.shape[i] === 1 && g.shape[g.rank + axis] !== 1) axes.push(axis);
  }
  return sum(g, axes);
}

/** `t` repeated so that its last axes are those of `like`. */
export function broadcastLike(t: Tensor, like: Tensor): Tensor {
  return broadcast(t, [...t.shape.slice(0, t.rank - like.rank), ...like.shape]);
}
