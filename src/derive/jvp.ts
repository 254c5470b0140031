import { apply, simplifying, withSiteOf, type Tensor } from '../ir/tensor.ts';
import { dependents, topological } from '../ir/walk.ts';
import { add } from '../ops/elementwise/arithmetic.ts';
import { lead } from '../ops/linear/layout.ts';
import { applyPartial, broadcastLike } from './partial.ts';

/** Tangent of one node for tangents of its inputs; null where it is zero. */
function pushThrough(node: Tensor, tangents: readonly (Tensor | null)[]): Tensor | null {
  const { op, inputs } = node;
  const sum = (terms: (Tensor | null)[]): Tensor | null =>
    terms.reduce((a, b) => (a && b ? add(a, b) : (a ?? b)), null);
  switch (op.family) {
    case 'source':
      return null;
    case 'elementwise': {
      const partials = op.partials(inputs, node);
      return sum(
        tangents.map((t, i) => {
          const moved = t && applyPartial(partials[i] ?? null, t);
          return moved && broadcastLike(moved, node);
        }),
      );
    }
    case 'linear': {
      const t = tangents[0];
      if (!t) return null;
      return apply(op, [t, ...inputs.slice(1).map((x) => lead(x, t.rank))], node.params);
    }
    case 'bilinear': {
      const [a, b] = inputs as [Tensor, Tensor];
      const [da, db] = tangents;
      const product = (x: Tensor, y: Tensor): Tensor => {
        const rank = Math.max(x.rank, y.rank);
        return apply(op, [lead(x, rank), lead(y, rank)], node.params);
      };
      return sum([da ? product(da, b) : null, db ? product(a, db) : null]);
    }
    case 'general':
      return op.jvp(tangents, node);
  }
}

/**
 * Forward mode: pushes tangents of `leaves` to `outputs`. Tangents may have further leading axes
 * (seeds), all the same number; a null one is zero.
 *
 * @returns for each output its tangent, or null where it depends on no leaf
 */
export function pushforward(
  outputs: readonly Tensor[],
  leaves: readonly Tensor[],
  tangents: readonly (Tensor | null)[],
): (Tensor | null)[] {
  return simplifying(() => walkForward(outputs, leaves, tangents));
}

function walkForward(
  outputs: readonly Tensor[],
  leaves: readonly Tensor[],
  tangents: readonly (Tensor | null)[],
): (Tensor | null)[] {
  const order = topological(outputs);
  const moving = dependents(order, leaves);
  const held = new Map<Tensor, Tensor | null>(leaves.map((x, i) => [x, tangents[i] ?? null]));
  for (const node of order) {
    if (held.has(node) || !moving.has(node) || node.dtype !== 'f32') continue;
    const given = node.inputs.map((x) => held.get(x) ?? null);
    held.set(
      node,
      withSiteOf(node, () => pushThrough(node, given)),
    );
  }
  return outputs.map((y) => held.get(y) ?? null);
}
