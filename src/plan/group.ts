import { equal } from '../ir/index-expr.ts';
import type { Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { consumersOf, topological } from '../ir/walk.ts';
import { isRenaming, renamed } from '../ops/storage.ts';
import { sameShape } from '../util/shape.ts';
import { draftOf, eachReader, finish, include, type Draft, type Grouping } from './draft.ts';
import type { Group, GroupKind, PlanLimits } from './plan.ts';
import { isCrowded, relieve, takeApart } from './relieve.ts';

/** Arithmetic that may be repeated per element rather than stored once and read again. */
const RECOMPUTE_FLOPS = 16;
/** A map is written into kernels at so many places at most. */
const MOST_WAYS = 256;

const ANCHORS: Readonly<Record<string, GroupKind>> = {
  contract: 'contract',
  sum: 'reduce',
  max: 'reduce',
  min: 'reduce',
  argmax: 'reduce',
  argmin: 'reduce',
  fold: 'reduce',
  scatterAdd: 'reduce',
  cumsum: 'scan',
};

/**
 * Passes that begin anew, so that all groups use what one has to store. Each may crowd other groups, along
 * a loop one step after another: after them the groups there are get taken apart.
 */
const PASSES = 8;

/**
 * Which group computes each node and which nodes are stored. Ops with kernels of their own open groups,
 * elementwise nodes join the group whose threads hold their operands, and cheap maps are inlined into
 * their users. No group binds more buffers than the device allows.
 *
 * @throws LimitError when a single op needs more buffers than that
 */
export function groupNodes(outputs: readonly Tensor[], limits: PlanLimits): Group[] {
  const order = topological(outputs);
  const graph = { order, outputs: new Set(outputs), users: consumersOf(order) };
  const apart = new Set<Tensor>(); // nodes that may not join a group
  const kept = new Set<Tensor>(); // nodes that are stored though they could be computed where read
  for (let pass = 1; ; pass++) {
    const grouping: Grouping = { ...graph, drafts: [], owner: new Map() };
    assign(grouping, apart, kept);
    dissolve(grouping, kept, limits.recomputeFlops ?? RECOMPUTE_FLOPS);
    const crowded = grouping.drafts.filter((d) => !d.dissolved && isCrowded(d, grouping, limits));
    if (pass === PASSES) takeApart(crowded, grouping, limits);
    if (pass === PASSES || crowded.length === 0)
      return grouping.drafts.filter((d) => !d.dissolved).map((d) => finish(d, grouping));
    relieve(crowded, grouping, limits, apart, kept);
  }
}

/** One pass over the graph: anchors open groups, elementwise nodes join the latest group they can. */
function assign(
  { order, outputs, drafts, owner }: Grouping,
  apart: ReadonlySet<Tensor>,
  kept: ReadonlySet<Tensor>,
): void {
  const latest = new Map<Tensor, number>(); // the last group a node depends on
  const join = (draft: Draft, node: Tensor, at: Coordinates): void => {
    include(draft, node, at);
    owner.set(node, draft);
  };
  for (const node of order) {
    let group = Math.max(-1, ...node.inputs.map((x) => latest.get(x) as number));
    const open = (kind: GroupKind): void => {
      const draft = draftOf(kind, node);
      owner.set(node, draft);
      group = drafts.push(draft) - 1;
    };
    const kind = ANCHORS[node.op.name];
    if (kind) open(kind);
    else if (isRenaming(node)) {
      const x = node.inputs[0] as Tensor;
      const draft = owner.get(x);
      if (draft) join(draft, node, renamed(node, draft.coordinates.get(x) as Coordinates));
    } else if (node.op.family === 'elementwise') {
      const draft = drafts[group];
      const at =
        draft && !apart.has(node)
          ? shared(node, draft, owner, (x) => latest.get(x) === group)
          : null;
      if (draft && at) join(draft, node, at);
      else open('map');
    } else if (kept.has(node)) open('map');
    latest.set(node, group);
  }
  // results that no thread computes as they are (slices, copies, diagonals) get a map of their own
  for (const node of outputs) if (!owner.has(node)) drafts.push(draftOf('map', node));
}

/** Coordinates at which the threads of `draft` can compute `node` with what they hold; null if not. */
function shared(
  node: Tensor,
  draft: Draft,
  owner: ReadonlyMap<Tensor, Draft>,
  needsDraft: (x: Tensor) => boolean,
): Coordinates | null {
  if (node.size !== draft.domain.size) return null;
  let at: Coordinates | null = null;
  for (const x of node.inputs) {
    if (!needsDraft(x)) continue;
    if (owner.get(x) !== draft || !sameShape(x.shape, node.shape)) return null;
    const own = draft.coordinates.get(x) as Coordinates;
    if (at && !at.every((c, i) => equal(c, own[i] as typeof c))) return null;
    at = own;
  }
  return at;
}

/** How many elements of an operand a node asks for. */
function evaluations(reader: Tensor, draft: Draft): number {
  if (reader !== draft.anchor) return draft.domain.size;
  // operands of contractions and scatters are read again and again: they are stored
  if (draft.kind === 'contract' || reader.op.name === 'scatterAdd') return Infinity;
  return Math.max(reader.size, (reader.inputs[0] as Tensor).size);
}

/** Inlines maps whose results are cheaper to compute again than to store and read. */
function dissolve(grouping: Grouping, kept: ReadonlySet<Tensor>, most: number): void {
  const number = new Map(grouping.drafts.map((d, i) => [d, i]));
  for (const draft of [...grouping.drafts].reverse()) {
    const { kind, members, domain } = draft;
    if (kind !== 'map' || kept.has(domain) || !grouping.owner.has(domain)) continue;
    if (members.some((m) => grouping.outputs.has(m))) continue;
    const flops = members.reduce(
      (sum, m) => sum + (m.op.family === 'elementwise' ? m.op.flops : 0),
      0,
    );
    for (const m of members)
      eachReader(m, draft, grouping, 'index maps', (d, reader, via) => {
        const step = via === m ? '' : `/${via.id}`;
        const ways = d.dissolved ? d.asked : [[number.get(d), evaluations(reader, d)] as const];
        for (const [way, count] of ways) draft.asked.set(`${way}${step}`, count);
      });
    const times = [...draft.asked.values()].reduce((a, b) => a + b, 0) / domain.size;
    draft.dissolved = draft.asked.size <= MOST_WAYS && (times <= 1 || flops * (times - 1) <= most);
  }
}
