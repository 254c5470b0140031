import { inheritRole } from './role.ts';
import { apply, withSiteOf, type Tensor } from './tensor.ts';

/** All nodes reachable from `roots`, inputs before users. Iterative: graphs may be deep. */
export function topological(roots: readonly Tensor[], stop?: (t: Tensor) => boolean): Tensor[] {
  const order: Tensor[] = [];
  const done = new Set<Tensor>();
  const stack: { node: Tensor; next: number }[] = [];
  for (const root of roots) {
    if (done.has(root)) continue;
    done.add(root);
    stack.push({ node: root, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { node: Tensor; next: number };
      const inputs = stop?.(top.node) ? [] : top.node.inputs;
      const input = inputs[top.next++];
      if (input === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!done.has(input)) {
        done.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}

/** The nodes of `order` that depend on one of `leaves`, the leaves included. */
export function dependents(order: readonly Tensor[], leaves: Iterable<Tensor>): Set<Tensor> {
  const set = new Set(leaves);
  for (const node of order) if (node.inputs.some((x) => set.has(x))) set.add(node);
  return set;
}

/**
 * The graph of `roots` rebuilt with some nodes replaced. Where a replacement has further leading axes,
 * every node that depends on it gets them too (parameters speak of trailing axes only), and its other
 * inputs get axes of length 1 in front, so that operands keep equal ranks.
 *
 * @param lead gives a tensor one-sized leading axes until it has the given rank
 */
export function rebuild(
  roots: readonly Tensor[],
  replacements: ReadonlyMap<Tensor, Tensor>,
  lead: (t: Tensor, rank: number) => Tensor,
): Tensor[] {
  const made = new Map<Tensor, Tensor>(replacements);
  for (const node of topological(roots, (t) => replacements.has(t))) {
    if (made.has(node)) continue;
    if (node.inputs.length === 0) {
      made.set(node, node);
      continue;
    }
    const inputs = node.inputs.map((x) => made.get(x) as Tensor);
    if (inputs.every((x, i) => x === node.inputs[i])) {
      made.set(node, node);
      continue;
    }
    let extra = 0;
    inputs.forEach((x, i) => (extra = Math.max(extra, x.rank - (node.inputs[i] as Tensor).rank)));
    withSiteOf(node, () => {
      const aligned = inputs.map((x, i) => lead(x, (node.inputs[i] as Tensor).rank + extra));
      const again = apply(node.op, aligned, node.params);
      inheritRole(node, aligned, again);
      made.set(node, again);
    });
  }
  return roots.map((r) => made.get(r) as Tensor);
}

/** For each node of `order`, the nodes that use it. */
export function consumersOf(order: readonly Tensor[]): Map<Tensor, Tensor[]> {
  const users = new Map<Tensor, Tensor[]>(order.map((n) => [n, []]));
  for (const node of order) for (const x of new Set(node.inputs)) users.get(x)?.push(node);
  return users;
}

/** Every node of a graph made again from its inputs, or what `instead` gives for it. */
export function remade(
  outputs: readonly Tensor[],
  instead: (node: Tensor, inputs: readonly Tensor[]) => Tensor | null,
): Tensor[] {
  const made = new Map<Tensor, Tensor>();
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map((x) => made.get(x) as Tensor);
    const other = instead(node, inputs);
    const next = other ?? (inputs.length === 0 ? node : apply(node.op, inputs, node.params));
    inheritRole(node, inputs, next);
    made.set(node, next);
  }
  return outputs.map((y) => made.get(y) as Tensor);
}
