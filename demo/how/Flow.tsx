import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { HowFacts } from '../worker/api.ts';
import { classes } from './directions.ts';
import { nodesOf, type GraphNode } from './graph.ts';
import { HEIGHT, layOut, shapeOf, type Layout } from './layout.ts';

/** More nodes take too long to lay out. */
const MOST = 400;
/** Smaller is not readable. */
const LEAST_SCALE = 0.8;

const classOf = ({ role }: GraphNode): string =>
  role ? `${role.of} ${classes[role.direction]}` : 'given';

/** The whole program as a graph, each node in the colour of the direction in which it is passed. */
export function Flow({ facts }: { facts: HowFacts }) {
  const { explanation } = facts;
  const [all, setAll] = useState(false);
  const [layout, setLayout] = useState<Layout | null>(null);
  const [width, setWidth] = useState(0);
  const nodes = useMemo(() => nodesOf(explanation, all), [explanation, all]);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let gone = false;
    if (nodes.length <= MOST) void layOut(nodes).then((l) => !gone && setLayout(l));
    else setLayout(null);
    return () => void (gone = true);
  }, [nodes]);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    setWidth(box.clientWidth);
    box.scrollTop = (box.scrollHeight - box.clientHeight) / 2;
  }, [layout]);
  const scale = layout ? Math.min(1, Math.max(LEAST_SCALE, width / layout.width)) : 1;
  const directions = new Set(explanation.nodes.flatMap((n) => (n.role ? [n.role.direction] : [])));
  return (
    <section class="card flow">
      <h3>
        The program: {explanation.nodes.length} nodes in {explanation.dispatches} kernels
      </h3>
      <div class="legend">
        {[...directions].sort().map((d) => (
          <span key={d} class={`key ${classes[d]}`}>
            {d}
          </span>
        ))}
        <span class="key function">the function</span>
        <span class="key derivative">its derivatives</span>
        <label>
          <input type="checkbox" checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />
          every node
        </label>
      </div>
      {nodes.length > MOST && <p class="dim">{nodes.length} nodes are too many to draw.</p>}
      {layout && (
        <div
          class="scroll"
          ref={place}
          tabIndex={0}
          role="group"
          aria-label="Graph, scrolls sideways"
        >
          <svg
            class="graph"
            width={layout.width * scale}
            height={layout.height * scale}
            viewBox={`0 0 ${layout.width} ${layout.height}`}
            role="img"
            aria-label={`graph of ${nodes.length} nodes`}
          >
            {layout.edges.map((e, i) => (
              <path key={i} d={e.path} class={classOf(e.to)} />
            ))}
            {layout.boxes.map((b) => (
              <g
                key={b.id}
                class={classOf(b)}
                transform={`translate(${b.x - b.width / 2} ${b.y - HEIGHT / 2})`}
              >
                <rect width={b.width} height={HEIGHT} rx="6" />
                <text x={b.width / 2} y="15">
                  {b.op}
                </text>
                <text x={b.width / 2} y="29" class="shape">
                  {shapeOf(b)}
                </text>
              </g>
            ))}
          </svg>
        </div>
      )}
    </section>
  );
}
