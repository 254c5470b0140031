import { stack, type HostArray, type Tensor } from '../../../src/index.ts';
import { points } from '../differences.ts';

// Functions that several scenarios use.

/** A fixed matrix of numbers between -1 and 1. */
export const matrix = (rows: number, columns: number): HostArray =>
  points([rows, columns], 7, -1, 1);

/** [3] -> [2], with all second derivatives different from zero and from each other. */
export const curved = (x: Tensor): Tensor => {
  const [p, q, r] = x.unstack() as [Tensor, Tensor, Tensor];
  return stack([p.mul(q).sin().mul(r), p.exp().mul(q.add(r.square()))]);
};
export const curvedAt = points([3], 31, -1, 1);

/** [4] -> [], not separable. */
export const bowl = (x: Tensor): Tensor => x.matmul(matrix(4, 4)).tanh().mul(x).sum().add(x.prod());
export const bowlAt = points([4], 32, -1, 1);
