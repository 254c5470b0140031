import type { HowFacts } from '../worker/api.ts';

export type GraphNode = HowFacts['explanation']['nodes'][number] & { readonly id: number };

/** Ops that only arrange elements. */
const arranging = new Set(['reshape', 'transpose', 'broadcast', 'identity']);

/**
 * The nodes to draw. Numbers in formulas are never drawn; unless `all` is asked for, neither are what does
 * not depend on the input, nor steps that only arrange elements, whose users then point at what was arranged.
 */
export function nodesOf({ nodes }: HowFacts['explanation'], all: boolean): GraphNode[] {
  const used = new Set(nodes.flatMap((n) => n.inputs));
  const isLeft = (n: GraphNode): boolean =>
    n.op === 'full' ||
    (!all && ((!n.role && n.op !== 'input') || (arranging.has(n.op) && used.has(n.id))));
  const numbered = nodes.map((n, id): GraphNode => ({ ...n, id }));
  const behind = (id: number): number[] => {
    const n = numbered[id] as GraphNode;
    return isLeft(n) ? n.inputs.flatMap(behind) : [id];
  };
  return numbered
    .filter((n) => !isLeft(n))
    .map((n) => ({ ...n, inputs: [...new Set(n.inputs.flatMap(behind))] }));
}
