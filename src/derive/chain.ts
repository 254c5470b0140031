/**
 * The matrix-free Jacobian chain product by dynamic programming: in which order to accumulate the
 * Jacobian of a chain of segments, when each can be pushed through or pulled back a seed at a time and
 * dense segment Jacobians can be multiplied.
 *
 * U. Naumann: "On sparse matrix-free Jacobian chain products" and "Matrix-free Jacobian chaining",
 * SIAM J. Sci. Comput. 46 (2024); for the plain matrix chain A. Griewank, U. Naumann: "Accumulating
 * Jacobians as chained sparse matrix products", Math. Program. 95 (2003).
 */

/** Cost of one segment, in FLOPs. */
export interface SegmentCost {
  /** of one tangent pushed through */
  readonly push: number;
  /** of one cotangent pulled back */
  readonly pull: number;
  /** of its own Jacobian, in the cheaper mode, structure used */
  readonly own: number;
}

/** How the Jacobian from boundary `from` to boundary `to` is got. */
export type Order =
  | { readonly move: 'own'; readonly from: number; readonly to: number }
  /** the Jacobian of `from..at`, pushed forward to `to` */
  | {
      readonly move: 'push';
      readonly from: number;
      readonly to: number;
      readonly at: number;
      readonly first: Order;
    }
  /** the Jacobian of `at..to`, pulled back to `from` */
  | {
      readonly move: 'pull';
      readonly from: number;
      readonly to: number;
      readonly at: number;
      readonly last: Order;
    }
  /** both halves, multiplied */
  | {
      readonly move: 'multiply';
      readonly from: number;
      readonly to: number;
      readonly at: number;
      readonly first: Order;
      readonly last: Order;
    };

/**
 * The cheapest order for a chain.
 *
 * @param sizes number of elements at each boundary, input first: one more than segments
 */
export function cheapestOrder(
  sizes: readonly number[],
  segments: readonly SegmentCost[],
): { order: Order; flops: number } {
  const n = segments.length;
  const size = (i: number): number => sizes[i] as number;
  const segment = (i: number): SegmentCost => segments[i] as SegmentCost;
  const best: { order: Order; flops: number }[][] = Array.from({ length: n + 1 }, () => []);
  const get = (i: number, j: number): { order: Order; flops: number } =>
    (best[i] as { order: Order; flops: number }[])[j] as { order: Order; flops: number };
  for (let length = 1; length <= n; length++)
    for (let from = 0; from + length <= n; from++) {
      const to = from + length;
      let found: { order: Order; flops: number } =
        length === 1
          ? { order: { move: 'own', from, to }, flops: segment(from).own }
          : { order: { move: 'own', from, to }, flops: Infinity };
      let push = 0; // of one tangent, from boundary `at` to `to`
      for (let at = to - 1; at > from; at--) {
        push += segment(at).push;
        const first = get(from, at);
        const flops = first.flops + size(from) * push;
        if (flops < found.flops)
          found = { order: { move: 'push', from, to, at, first: first.order }, flops };
      }
      let pull = 0; // of one cotangent, from boundary `at` to `from`
      for (let at = from + 1; at < to; at++) {
        pull += segment(at - 1).pull;
        const last = get(at, to);
        const flops = last.flops + size(to) * pull;
        if (flops < found.flops)
          found = { order: { move: 'pull', from, to, at, last: last.order }, flops };
      }
      for (let at = from + 1; at < to; at++) {
        const [first, last] = [get(from, at), get(at, to)];
        const flops = first.flops + last.flops + 2 * size(from) * size(at) * size(to);
        if (flops < found.flops)
          found = {
            order: { move: 'multiply', from, to, at, first: first.order, last: last.order },
            flops,
          };
      }
      (best[from] as { order: Order; flops: number }[])[to] = found;
    }
  return get(0, n);
}

/** In words: `(0 <- 2) x (2 -> 4)`, seeds in brackets where they are carried. */
export function describeOrder(order: Order): string {
  switch (order.move) {
    case 'own':
      return `${order.from}..${order.to}`;
    case 'push':
      return `${describeOrder(order.first)} -> ${order.to}`;
    case 'pull':
      return `${order.from} <- ${describeOrder(order.last)}`;
    case 'multiply':
      return `(${describeOrder(order.last)}) x (${describeOrder(order.first)})`;
  }
}
