import type { GraphNode } from './graph.ts';

export interface Box extends GraphNode {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Boxes and lines, in pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly edges: readonly { readonly path: string; readonly to: GraphNode }[];
}

export const HEIGHT = 36;
const LETTER = 7.2;

export const shapeOf = ({ shape }: GraphNode): string => `[${shape.join()}]`;

/** Places nodes from left to right by Dagre, which is loaded for it. */
export async function layOut(nodes: readonly GraphNode[]): Promise<Layout> {
  const { graphlib, layout } = (await import('@dagrejs/dagre')).default;
  const g = new graphlib.Graph();
  g.setGraph({ rankdir: 'LR', nodesep: 12, ranksep: 30, marginx: 8, marginy: 8 });
  g.setDefaultEdgeLabel(() => ({}));
  const byName = new Map(nodes.map((n) => [String(n.id), n]));
  for (const [name, n] of byName) {
    const width = LETTER * Math.max(n.op.length, shapeOf(n).length) + 18;
    g.setNode(name, { width, height: HEIGHT });
    for (const i of n.inputs) g.setEdge(String(i), name);
  }
  layout(g);
  const { width = 0, height = 0 } = g.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    boxes: nodes.map((n) => ({
      ...n,
      ...(g.node(String(n.id)) as Pick<Box, 'x' | 'y' | 'width'>),
    })),
    edges: g.edges().map((e) => {
      const { points } = g.edge(e) as { points: { x: number; y: number }[] };
      const path = points.map(({ x, y }, i) => `${i ? 'L' : 'M'}${x} ${y}`).join('');
      return { path, to: byName.get(e.w) as GraphNode };
    }),
  };
}
