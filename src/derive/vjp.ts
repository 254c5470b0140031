import { simplifying, withSiteOf, type Tensor } from '../ir/tensor.ts';
import { dependents, topological } from '../ir/walk.ts';
import { add } from '../ops/elementwise/arithmetic.ts';
import { applyPartial, broadcastLike, unbroadcast } from './partial.ts';

/** Cotangents of the inputs of one node; null where the derivative is zero. */
function pullThrough(node: Tensor, g: Tensor, needed: ReadonlySet<Tensor>): (Tensor | null)[] {
  const { op, inputs } = node;
  const wants = (x: Tensor): boolean => needed.has(x) && x.dtype === 'f32';
  switch (op.family) {
    case 'source':
      return [];
    case 'elementwise': {
      const partials = op.partials(inputs, node);
      return inputs.map((x, i) => {
        const t = wants(x) ? applyPartial(partials[i] ?? null, g) : null;
        return t && unbroadcast(broadcastLike(t, node), x);
      });
    }
    case 'linear':
      return inputs.map((x, i) => (i === 0 && wants(x) ? op.transpose(g, node) : null));
    case 'bilinear':
      return inputs.map((x, i) => (wants(x) ? op.transpose(g, node, i as 0 | 1) : null));
    case 'general':
      return [...op.vjp(g, node)];
  }
}

/**
 * Reverse mode: pulls cotangents of `outputs` back to `leaves`. Cotangents may have further leading axes
 * (seeds), all the same number; a null one is zero.
 *
 * @returns for each leaf its cotangent, or null where no output depends on it
 */
export function pullback(
  outputs: readonly Tensor[],
  cotangents: readonly (Tensor | null)[],
  leaves: readonly Tensor[],
): (Tensor | null)[] {
  return simplifying(() => walkBack(outputs, cotangents, leaves));
}

function walkBack(
  outputs: readonly Tensor[],
  cotangents: readonly (Tensor | null)[],
  leaves: readonly Tensor[],
): (Tensor | null)[] {
  const order = topological(outputs);
  const needed = dependents(order, leaves);
  const held = new Map<Tensor, Tensor>();
  const collect = (x: Tensor, g: Tensor): void => {
    const before = held.get(x);
    held.set(x, before ? add(before, g) : g);
  };
  outputs.forEach((y, i) => {
    const g = cotangents[i];
    if (g && needed.has(y) && y.dtype === 'f32') collect(y, g);
  });
  const isLeaf = new Set(leaves);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as Tensor;
    const g = held.get(node);
    if (!g || isLeaf.has(node) || !needed.has(node)) continue;
    held.delete(node);
    withSiteOf(node, () => {
      pullThrough(node, g, needed).forEach((t, k) => {
        if (t) collect(node.inputs[k] as Tensor, t);
      });
    });
  }
  return leaves.map((x) => held.get(x) ?? null);
}
