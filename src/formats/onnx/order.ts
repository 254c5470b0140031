import { FormatError } from '../../util/errors.ts';
import type { Graph, Node } from './graph.ts';
import { isGraph } from './graph.ts';

/** The names that a graph defines, and behind them those of the graphs around it. */
export class Names {
  private readonly own: Set<string>;

  constructor(
    private readonly outer?: Names,
    own: Iterable<string> = [],
  ) {
    this.own = new Set(own);
  }

  /** Adds a name; false if this graph has it already. */
  define(name: string): boolean {
    if (this.own.has(name)) return false;
    this.own.add(name);
    return true;
  }

  has(name: string): boolean {
    return this.own.has(name) || (this.outer?.has(name) ?? false);
  }
}

/**
 * Nodes in an order in which each comes after those whose results it takes; the file's own order where
 * that will do.
 *
 * @param defined names that are there before any node
 * @throws FormatError for names that nothing defines, and for nodes that wait for each other
 */
export function ordered(nodes: readonly Node[], defined: Names, where: string): Node[] {
  const producer = new Map<string, number>();
  nodes.forEach((node, i) => node.outputs.forEach((name) => producer.set(name, i)));
  const users: number[][] = nodes.map(() => []);
  const waiting = nodes.map((node, i) => {
    let count = 0;
    for (const name of new Set(needs(node))) {
      if (defined.has(name)) continue;
      const from = producer.get(name);
      if (from === undefined)
        throw new FormatError(
          `${where}${node.label} takes ${JSON.stringify(name)}, which nothing defines`,
        );
      users[from]?.push(i);
      count++;
    }
    return count;
  });
  if (inOrder(nodes, defined)) return [...nodes];
  const order = waiting.flatMap((count, i) => (count === 0 ? [i] : []));
  // grows while it is walked
  for (const next of order)
    for (const user of users[next] as number[]) {
      waiting[user] = (waiting[user] as number) - 1;
      if (waiting[user] === 0) order.push(user);
    }
  if (order.length < nodes.length) {
    const stuck = nodes.filter((_, i) => (waiting[i] as number) > 0).map((node) => node.label);
    throw new FormatError(
      `${where}nodes wait for each other's results: ${stuck.slice(0, 5).join(', ')}${stuck.length > 5 ? ', ...' : ''}`,
    );
  }
  return order.map((i) => nodes[i] as Node);
}

function inOrder(nodes: readonly Node[], defined: Names): boolean {
  const known = new Names(defined);
  return nodes.every((node) => {
    const ok = needs(node).every((name) => known.has(name));
    node.outputs.forEach((name) => known.define(name));
    return ok;
  });
}

/** Names that a node takes: its inputs, and what the graphs it holds take from outside. */
function needs(node: Node): string[] {
  const names = node.inputs.filter((name) => name !== '');
  if (isGraph(node.op)) return names;
  for (const attribute of node.attributes.values())
    if (attribute.kind === 'graph') names.push(...free(attribute.value));
  return names;
}

/** Names that a graph takes from the graphs around it. */
function free(graph: Graph): string[] {
  const own = new Set([
    ...graph.initializers.keys(),
    ...graph.inputs.map((input) => input.name),
    ...graph.nodes.flatMap((node) => node.outputs),
  ]);
  const taken = [...graph.nodes.flatMap(needs), ...graph.outputs.map((output) => output.name)];
  return taken.filter((name) => !own.has(name));
}
