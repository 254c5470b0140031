import { paramsKey, type Tensor } from '../ir/tensor.ts';
import type { Group } from '../plan/plan.ts';
import type { Kernel } from './kernel.ts';

/** A kernel, with the tensors it binds as positions in any group of the same structure. */
interface Template {
  readonly kernel: Omit<Kernel, 'bindings'>;
  readonly bindings: readonly number[];
}

/** Kernels by the structure of their groups: layers, steps of a loop and chunks that are alike. */
export type Written = Map<string, Template>;

/** The kernel of `group`: as it was written for a group of the same structure, else by `write`. */
export function kernelOf(group: Group, written: Written, write: (group: Group) => Kernel): Kernel {
  const { key, nodes } = structureOf(group);
  let template = written.get(key);
  if (!template) {
    const { bindings, ...kernel } = write(group);
    const position = new Map(nodes.map((x, i) => [x, i]));
    template = { kernel, bindings: bindings.map((x) => position.get(x) as number) };
    written.set(key, template);
  }
  return { ...template.kernel, bindings: template.bindings.map((i) => nodes[i] as Tensor) };
}

/**
 * Everything about a group that its kernel is made of, as text, and its nodes in the order they have there.
 * Of what it reads, that is the shape and the type.
 */
function structureOf({ kind, domain, members, outputs, sources }: Group): {
  key: string;
  nodes: Tensor[];
} {
  const position = new Map<Tensor, number>();
  const lines: string[] = [];
  const isRead = new Set(sources);
  const visit = (root: Tensor): number => {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack.at(-1) as Tensor;
      const inputs = isRead.has(node) ? [] : node.inputs;
      const missing = position.has(node) ? undefined : inputs.find((x) => !position.has(x));
      if (missing) {
        stack.push(missing);
        continue;
      }
      stack.pop();
      if (position.has(node)) continue;
      const what = isRead.has(node)
        ? 'read'
        : `${node.op.name}(${inputs.map((x) => position.get(x)).join()}) ${paramsKey(node.params)}`;
      lines.push(`${what} ${node.dtype}[${node.shape.join()}]`);
      position.set(node, position.size);
    }
    return position.get(root) as number;
  };
  const all = [members, outputs, sources].map((list) => list.map(visit).join());
  const key = [kind, visit(domain), ...all, ...lines].join('\n');
  return { key, nodes: [...position.keys()] };
}
