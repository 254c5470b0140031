import { equal } from '../ir/index-expr.ts';
import type { Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { consumersOf, topological } from '../ir/walk.ts';
import { isIdentity, isRenaming, renamed } from '../ops/storage.ts';
import { sameShape } from '../util/shape.ts';
import { chainReductions } from './chain.ts';
import { draftOf, eachReader, finish, include, type Draft, type Grouping } from './draft.ts';
import { joinsOf, type Join } from './join.ts';
import type { Group, GroupKind, PlanLimits } from './plan.ts';
import { isCrowded, relieve, takeApart } from './relieve.ts';

/** FLOPs per element that are repeated rather than stored once and read again; and where memory is short. */
const RECOMPUTE_FLOPS = 16;
const RECOMPUTE_WHEN_SHORT = 200;
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

/** What runs, and which stored tensors are parts of others: see `Storage`. */
export interface Groups {
  readonly groups: readonly Group[];
  readonly parts: ReadonlyMap<Tensor, { readonly whole: Tensor; readonly offset: number }>;
}

/**
 * Which group computes each node and which nodes are stored. Ops with kernels of their own open groups,
 * elementwise nodes join the group whose threads hold their operands, and cheap maps are inlined into
 * their users. No group binds more buffers than the device allows.
 *
 * @throws LimitError when a single op needs more buffers than that
 */
export function groupNodes(results: readonly Tensor[], limits: PlanLimits): Groups {
  const order = topological(results);
  const users = consumersOf(order);
  const joins = joinsOf(order, new Set(results), users);
  const apart = new Set<Tensor>(); // nodes that may not join a group
  const kept = new Set<Tensor>(); // nodes that are stored though they could be computed where read
  for (let pass = 1; ; pass++) {
    const parts = [...joins.values()].flatMap((j) => [...j.parts.keys()]);
    const outputs = new Set([...results, ...parts]);
    const grouping: Grouping = { order, outputs, users, drafts: [], owner: new Map() };
    assign(grouping, joins, apart, kept);
    dissolve(grouping, kept, limits.memoryIsShort ? RECOMPUTE_WHEN_SHORT : RECOMPUTE_FLOPS);
    if (dropBad(joins, grouping, limits)) {
      pass = 0;
      continue;
    }
    const crowded = grouping.drafts.filter((d) => !d.dissolved && isCrowded(d, grouping, limits));
    if (pass === PASSES) takeApart(crowded, grouping, limits);
    if (pass === PASSES || crowded.length === 0) return finished(grouping, joins, limits);
    relieve(crowded, grouping, limits, apart, kept);
  }
}

function finished(
  grouping: Grouping,
  joins: ReadonlyMap<Tensor, Join>,
  limits: PlanLimits,
): Groups {
  const groups: Group[] = [];
  const parts = new Map<Tensor, { whole: Tensor; offset: number }>();
  for (const draft of grouping.drafts) {
    if (draft.dissolved) continue;
    const { kind, ...rest } = finish(draft, grouping);
    if (kind !== 'join') groups.push({ kind, ...rest });
    else
      for (const [part, offset] of (joins.get(draft.domain) as Join).parts)
        parts.set(part, { whole: rest.outputs[0] as Tensor, offset });
  }
  const isKept = (x: Tensor): boolean => grouping.outputs.has(x);
  return { groups: chainReductions(groups, isKept, limits), parts };
}

/**
 * Gives up joins that are stored in another order, and those with parts that one kernel can compute on the
 * way while it puts all together, unless that takes memory that is short. Whether there were any.
 */
function dropBad(joins: Map<Tensor, Join>, grouping: Grouping, limits: PlanLimits): boolean {
  const before = joins.size;
  for (const draft of grouping.drafts) {
    if (draft.kind !== 'join') continue;
    const { parts } = joins.get(draft.domain) as Join;
    const owners = [...parts.keys()].map((part) => grouping.owner.get(part));
    const fits = parts.size < limits.storageBuffersPerStage && !limits.memoryIsShort;
    const { outputs } = finish(draft, grouping);
    const isOnTheWay = (part: Draft): boolean =>
      part.kind === 'map' && flopsOf(part) * (parts.size - 1) <= RECOMPUTE_FLOPS;
    const isGood =
      !(fits && owners.every((owner) => isOnTheWay(owner as Draft))) &&
      outputs.length === 1 &&
      keepsOrder(outputs[0] as Tensor, draft.domain);
    if (!isGood) joins.delete(draft.domain);
  }
  return joins.size < before;
}

/** Whether `y` has the elements of `x` in the same order, being made from it. */
const keepsOrder = (y: Tensor, x: Tensor): boolean =>
  y === x || ((y.op.name === 'reshape' || isIdentity(y)) && keepsOrder(y.inputs[0] as Tensor, x));

/** One pass over the graph: anchors open groups, elementwise nodes join the latest group they can. */
function assign(
  { order, outputs, drafts, owner }: Grouping,
  joins: ReadonlyMap<Tensor, Join>,
  apart: ReadonlySet<Tensor>,
  kept: ReadonlySet<Tensor>,
): void {
  const latest = new Map<Tensor, number>(); // the last group a node depends on
  const between = new Set([...joins.values()].flatMap((j) => j.between));
  const parts = new Set([...joins.values()].flatMap((j) => [...j.parts.keys()]));
  const join = (draft: Draft, node: Tensor, at: Coordinates): void => {
    include(draft, node, at);
    owner.set(node, draft);
  };
  for (const node of order) {
    let group = Math.max(-1, ...node.inputs.map((x) => latest.get(x) as number));
    const open = (kind: Draft['kind']): void => {
      const draft = draftOf(kind, node);
      owner.set(node, draft);
      group = drafts.push(draft) - 1;
    };
    const kind = joins.has(node) ? 'join' : ANCHORS[node.op.name];
    if (kind) open(kind);
    else if (isRenaming(node) && owner.has(node.inputs[0] as Tensor)) {
      const x = node.inputs[0] as Tensor;
      const draft = owner.get(x) as Draft;
      join(draft, node, renamed(node, draft.coordinates.get(x) as Coordinates));
    } else if (node.op.family === 'elementwise' && !between.has(node)) {
      const draft = drafts[group];
      const at =
        draft && draft.kind !== 'join' && !apart.has(node)
          ? shared(node, draft, owner, (x) => latest.get(x) === group)
          : null;
      if (draft && at) join(draft, node, at);
      else open('map');
    } else if (kept.has(node) || parts.has(node)) open('map');
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

/** Arithmetic for one element of a map. */
const flopsOf = ({ members }: Draft): number =>
  members.reduce((sum, m) => sum + (m.op.family === 'elementwise' ? m.op.flops : 0), 0);

/** Inlines maps whose results are cheaper to compute again than to store and read. */
function dissolve(grouping: Grouping, kept: ReadonlySet<Tensor>, most: number): void {
  const number = new Map(grouping.drafts.map((d, i) => [d, i]));
  for (const draft of [...grouping.drafts].reverse()) {
    const { kind, members, domain } = draft;
    if (kind !== 'map' || kept.has(domain) || !grouping.owner.has(domain)) continue;
    if (members.some((m) => grouping.outputs.has(m))) continue;
    for (const m of members.filter((x) => !isRenaming(x)))
      eachReader(m, draft, grouping, 'index maps', (d, reader, via) => {
        const step = via === m ? '' : `/${via.id}`;
        const ways = d.dissolved ? d.asked : [[number.get(d), evaluations(reader, d)] as const];
        for (const [way, count] of ways) draft.asked.set(`${way}${step}`, count);
      });
    const times = [...draft.asked.values()].reduce((a, b) => a + b, 0) / domain.size;
    draft.dissolved =
      draft.asked.size <= MOST_WAYS && (times <= 1 || flopsOf(draft) * (times - 1) <= most);
  }
}
