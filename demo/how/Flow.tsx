import { useEffect, useRef, useState } from 'preact/hooks';
import type { HowFacts } from '../worker/api.ts';
import { linksOf } from './Chain.tsx';
import { readGraph, type GraphNode } from './graph.ts';

interface Box extends GraphNode {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly edges: readonly { readonly path: string; readonly primal: boolean }[];
}

const MOST = 400;

async function layOut(nodes: readonly GraphNode[]): Promise<Layout> {
  const { graphlib, layout } = (await import('@dagrejs/dagre')).default;
  const g = new graphlib.Graph();
  g.setGraph({ rankdir: 'LR', nodesep: 10, ranksep: 28, marginx: 8, marginy: 8 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const n of nodes) {
    const width = 7.2 * Math.max(n.op.length, n.shape.length) + 18;
    g.setNode(String(n.id), { width, height: 36 });
  }
  for (const n of nodes) for (const i of n.inputs) g.setEdge(String(i), String(n.id));
  layout(g);
  const primal = new Set(nodes.filter((n) => n.primal).map((n) => String(n.id)));
  const { width = 0, height = 0 } = g.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    boxes: nodes.map((n) => {
      const { x, y, width } = g.node(String(n.id)) as { x: number; y: number; width: number };
      return { ...n, x, y, width };
    }),
    edges: g.edges().map((e) => {
      const { points } = g.edge(e) as { points: { x: number; y: number }[] };
      const path = points.map(({ x, y }, i) => `${i ? 'L' : 'M'}${x} ${y}`).join('');
      return { path, primal: primal.has(e.w) };
    }),
  };
}

/** The whole program as a graph: the function itself, and what its derivatives add. */
export function Flow({ facts }: { facts: HowFacts }) {
  const [layout, setLayout] = useState<Layout | null>(null);
  const text = facts.explanation.graph;
  const nodes = readGraph(text);
  const directions = new Set(linksOf(facts).map((l) => l.direction));
  const direction = directions.size === 1 ? ([...directions][0] as string) : 'own';
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (box) box.scrollTop = (box.scrollHeight - box.clientHeight) / 2;
  }, [layout]);
  useEffect(() => {
    let gone = false;
    if (nodes.length <= MOST) void layOut(nodes).then((l) => !gone && setLayout(l));
    return () => void (gone = true);
  }, [text]);
  return (
    <section class="card flow">
      <h3>
        The program: {nodes.length} nodes in {facts.explanation.dispatches} kernels
      </h3>
      <p class="legend">
        <span class="key primal">the function</span>
        <span class={`key ${direction}`}>
          {direction === 'forward'
            ? 'tangents, pushed forward'
            : direction === 'reverse'
              ? 'cotangents, pulled back'
              : 'derivatives, in a mixed order'}
        </span>
      </p>
      {nodes.length > MOST && <p class="dim">Too large to draw.</p>}
      {layout && (
        <div
          class="scroll"
          ref={place}
          tabIndex={0}
          role="group"
          aria-label="Graph, scrolls sideways"
        >
          <svg
            class={`graph ${direction}`}
            width={layout.width}
            height={layout.height}
            viewBox={`0 0 ${layout.width} ${layout.height}`}
            role="img"
            aria-label={`graph of ${nodes.length} nodes`}
          >
            {layout.edges.map((e, i) => (
              <path key={i} d={e.path} class={e.primal ? 'primal' : 'derived'} />
            ))}
            {layout.boxes.map((b) => (
              <g
                key={b.id}
                class={b.primal ? 'primal' : 'derived'}
                transform={`translate(${b.x - b.width / 2} ${b.y - 18})`}
              >
                <rect width={b.width} height="36" rx="6" />
                <text x={b.width / 2} y="15">
                  {b.op}
                </text>
                <text x={b.width / 2} y="29" class="shape">
                  {b.shape}
                </text>
              </g>
            ))}
          </svg>
        </div>
      )}
    </section>
  );
}
