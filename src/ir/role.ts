import type { Tensor } from './tensor.ts';

/** How derivatives come through a part of a graph. */
export type Direction = 'pushed forward' | 'pulled back' | 'multiplied';

/** What a node does in a Jacobian: it belongs to the function, or to what differentiates it. */
export interface Role {
  readonly of: 'function' | 'derivative';
  /** in which its segment of the function is passed, or the derivative was made */
  readonly direction: Direction;
}

const roles = new WeakMap<Tensor, Role>();

/** The role of a node; none for arguments, constants and what is in no Jacobian. */
export const roleOf = (node: Tensor): Role | undefined => roles.get(node);

/** Gives a role to those nodes that have none. */
export function giveRole(nodes: Iterable<Tensor>, role: Role): void {
  for (const node of nodes)
    if (!roles.has(node) && node.op.family !== 'source') roles.set(node, role);
}

/** Gives what was made from `inputs` in place of `node` its role. */
export function inheritRole(node: Tensor, inputs: readonly Tensor[], made: Tensor): void {
  const role = roles.get(node);
  if (!role || made === node) return;
  // a node is younger than what it is made from
  const old = Math.max(...inputs.map((x) => x.id));
  const waiting = [made];
  for (let x = waiting.pop(); x; x = waiting.pop()) {
    if (x.id <= old || roles.has(x)) continue;
    giveRole([x], role);
    waiting.push(...x.inputs);
  }
}
