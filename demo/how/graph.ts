/** A node of the printed graph. */
export interface GraphNode {
  readonly id: number;
  readonly op: string;
  readonly inputs: readonly number[];
  readonly shape: string;
  /** belongs to the value, not only to the derivatives */
  readonly primal: boolean;
}

const line = /^%(\d+) = ([^(]+)\(([^)]*)\).* : \w+(\[[\d,]*\])$/;

/** Reads the graph as `explain()` prints it. The first result is the value. */
export function readGraph(text: string): GraphNode[] {
  const found = new Map<number, Omit<GraphNode, 'primal'>>();
  let value: number | undefined;
  for (const row of text.split('\n')) {
    const parts = line.exec(row);
    if (parts) {
      const [, id, op, inputs, shape] = parts as unknown as [
        string,
        string,
        string,
        string,
        string,
      ];
      const numbers = Array.from(inputs.matchAll(/%(\d+)/g), (m) => Number(m[1]));
      found.set(Number(id), { id: Number(id), op, inputs: numbers, shape });
    } else if (row.startsWith('return')) value = Number(/%(\d+)/.exec(row)?.[1]);
  }
  const primal = new Set<number>();
  const walk = [value ?? -1];
  for (let id = walk.pop(); id !== undefined; id = walk.pop()) {
    if (primal.has(id)) continue;
    primal.add(id);
    walk.push(...(found.get(id)?.inputs ?? []));
  }
  // numbers that formulas contain are leaves that would only be in the way
  return [...found.values()]
    .filter((n) => n.op !== 'full')
    .map((n) => ({
      ...n,
      inputs: n.inputs.filter((i) => found.get(i)?.op !== 'full'),
      primal: primal.has(n.id),
    }));
}
