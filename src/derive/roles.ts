import { giveRole, type Direction } from '../ir/role.ts';
import type { Tensor } from '../ir/tensor.ts';
import { dependents, topological } from '../ir/walk.ts';

/** Marks what lies between `xs` and `ys`: a part of the function that is passed in this direction. */
export function markFunction(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  direction: Direction,
): void {
  const starts = new Set(xs);
  const moving = dependents(
    topological(ys, (t) => starts.has(t)),
    xs,
  );
  giveRole(
    [...moving].filter((t) => !starts.has(t)),
    { of: 'function', direction },
  );
}

/** Marks what computes `blocks` beyond the graph of `ys`, where it is not marked yet. */
export function markDerivative(
  blocks: readonly Tensor[],
  ys: readonly Tensor[],
  direction: Direction,
): void {
  const known = new Set(topological(ys));
  const made = topological(blocks, (t) => known.has(t));
  giveRole(
    made.filter((t) => !known.has(t)),
    { of: 'derivative', direction },
  );
}

/** Marks a function that is passed in one direction as a whole, and what was `made` so. */
export function markPass(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  made: readonly Tensor[],
  direction: Direction,
): void {
  markFunction(ys, xs, direction);
  markDerivative(made, ys, direction);
}
