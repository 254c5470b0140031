import { ZERO, type Index } from '../ir/index-expr.ts';
import { unflatten, type Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { sizeOf } from '../util/shape.ts';

/** The axes of a contraction by what they are, and how indices of the product become coordinates. */
export interface Contraction {
  /** the operand that has the rows, and the one that has the columns */
  readonly a: Tensor;
  readonly b: Tensor;
  /** sizes: batch, rows, columns, summed */
  readonly Z: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  atA(z: Index, m: Index, k: Index): Coordinates;
  atB(z: Index, k: Index, n: Index): Coordinates;
  at(z: Index, m: Index, n: Index): Coordinates;
}

/**
 * A contraction as batched rows times columns. The operand that varies along the last axis of the
 * result has the columns, so that neighbouring columns are neighbours in memory.
 */
export function asProduct(node: Tensor): Contraction {
  const [p, q] = node.inputs as [Tensor, Tensor];
  const axes = (node.params['axes'] as number[]).map((a) => node.rank + a);
  const own = (x: Tensor, y: Tensor): number[] =>
    node.shape.flatMap((_, i) => (!axes.includes(i) && x.shape[i] !== 1 && y.shape[i] === 1 ? [i] : []));
  const batch = node.shape.flatMap((_, i) =>
    !axes.includes(i) && p.shape[i] !== 1 && q.shape[i] !== 1 ? [i] : [],
  );
  const ofP = own(p, q);
  const ofQ = own(q, p);
  const flip = (ofP.at(-1) ?? -1) > (ofQ.at(-1) ?? -1);
  const [a, b] = flip ? [q, p] : [p, q];
  const [rows, columns] = flip ? [ofQ, ofP] : [ofP, ofQ];
  const sizes = (list: readonly number[], x: Tensor): number[] => list.map((i) => x.shape[i] as number);
  const place = (parts: readonly (readonly [readonly number[], Tensor, Index])[]): Coordinates => {
    const at = new Array<Index>(node.rank).fill(ZERO);
    for (const [list, x, index] of parts)
      unflatten(index, sizes(list, x)).forEach((c, i) => (at[list[i] as number] = c));
    return at;
  };
  return {
    a,
    b,
    Z: sizeOf(sizes(batch, a)),
    M: sizeOf(sizes(rows, a)),
    N: sizeOf(sizes(columns, b)),
    K: sizeOf(sizes(axes, a)),
    atA: (z, m, k) => place([[batch, a, z], [rows, a, m], [axes, a, k]]),
    atB: (z, k, n) => place([[batch, b, z], [axes, b, k], [columns, b, n]]),
    at: (z, m, n) => place([[batch, a, z], [rows, a, m], [columns, b, n]]),
  };
}
