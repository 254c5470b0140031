import type { Tensor } from '../ir/tensor.ts';
import { identitySeed } from '../ops/linear/diagonal.ts';
import { transpose } from '../ops/linear/layout.ts';
import { full } from '../ops/source.ts';
import { range } from '../util/shape.ts';
import { pushforward } from './jvp.ts';
import { pullback } from './vjp.ts';

/** Zeros of shape `[...y.shape, ...x.shape]`. */
export function zeroBlock(y: Tensor, x: Tensor): Tensor {
  return full([...y.shape, ...x.shape], 0);
}

/** Blocks `[...y, ...x]` by pulling the identity over y back to every x: as many seeds as y has elements. */
export function reverseBlocks(y: Tensor, xs: readonly Tensor[]): Tensor[] {
  return pullback([y], [identitySeed(y.shape)], xs).map(
    (g, i) => g ?? zeroBlock(y, xs[i] as Tensor),
  );
}

/** Blocks `[...y, ...x]` by pushing the identity over x forward to every y: as many seeds as x has elements. */
export function forwardBlocks(ys: readonly Tensor[], x: Tensor): Tensor[] {
  const tangents = pushforward(ys, [x], [identitySeed(x.shape)]);
  return tangents.map((t, i) => {
    const y = ys[i] as Tensor;
    return t ? seedsLast(t, x.rank) : zeroBlock(y, x);
  });
}

/** `[...seeds, ...y]` -> `[...y, ...seeds]` */
export function seedsLast(t: Tensor, seedRank: number): Tensor {
  return transpose(t, [...range(t.rank).slice(seedRank), ...range(seedRank)]);
}

/** `[...y, ...seeds]` -> `[...seeds, ...y]` */
export function seedsFirst(t: Tensor, seedRank: number): Tensor {
  return transpose(t, [...range(t.rank).slice(t.rank - seedRank), ...range(t.rank - seedRank)]);
}
