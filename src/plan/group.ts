import { equal, variable } from '../ir/index-expr.ts';
import { unflatten, type Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { consumersOf, topological } from '../ir/walk.ts';
import { isRenaming, isStoredSource, renamed } from '../ops/storage.ts';
import { LimitError } from '../util/errors.ts';
import { sameShape } from '../util/shape.ts';
import type { Group, GroupKind, PlanLimits } from './plan.ts';

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

/** A group while it is being put together. */
interface Draft {
  readonly kind: GroupKind;
  readonly anchor: Tensor | null;
  readonly domain: Tensor;
  readonly members: Tensor[];
  readonly coordinates: Map<Tensor, Coordinates>;
  /** a pure map that is computed again where it is used, instead of being stored */
  dissolved: boolean;
  /** how many elements each way to a map asks for: a kernel, and the index maps from there to it */
  readonly asked: Map<string, number>;
}

/** The graph, and which draft computes each node. */
interface Grouping {
  readonly order: readonly Tensor[];
  readonly outputs: ReadonlySet<Tensor>;
  readonly users: ReadonlyMap<Tensor, readonly Tensor[]>;
  readonly drafts: Draft[];
  readonly owner: Map<Tensor, Draft>;
}

/**
 * Which group computes each node and which nodes are stored. Ops with kernels of their own open groups,
 * elementwise nodes join the group whose threads hold their operands, and cheap maps are inlined into
 * their users. No group binds more buffers than the device allows.
 *
 * @throws LimitError when a single op needs more buffers than that
 */
export function groupNodes(outputs: readonly Tensor[], limits: PlanLimits): Group[] {
  const order = topological(outputs);
  const users = consumersOf(order);
  const apart = new Set<Tensor>(); // nodes that may not join a group
  const kept = new Set<Tensor>(); // nodes that are stored though they could be computed where read
  for (let pass = 1; ; pass++) {
    const grouping: Grouping = {
      order,
      outputs: new Set(outputs),
      users,
      drafts: [],
      owner: new Map(),
    };
    assign(grouping, apart, kept);
    dissolve(grouping, kept, limits.recomputeFlops ?? RECOMPUTE_FLOPS);
    const crowded = grouping.drafts.filter((d) => !d.dissolved && isCrowded(d, grouping, limits));
    if (pass === PASSES) takeApart(crowded, grouping, limits);
    if (pass === PASSES || crowded.length === 0)
      return grouping.drafts.filter((d) => !d.dissolved).map((d) => finish(d, grouping));
    relieve(crowded, grouping, limits, apart, kept);
  }
}

function draftOf(kind: GroupKind, anchor: Tensor | null, domain: Tensor): Draft {
  const at = unflatten(variable('i', domain.size), domain.shape);
  const coordinates = new Map([[domain, at]]);
  return {
    ...{ kind, anchor, domain, coordinates },
    members: [domain],
    dissolved: false,
    asked: new Map(),
  };
}

function include(draft: Draft, node: Tensor, at: Coordinates): void {
  draft.members.push(node);
  draft.coordinates.set(node, at);
}

/** One pass over the graph: anchors open groups, elementwise nodes join the latest group they can. */
function assign(
  { order, outputs, drafts, owner }: Grouping,
  apart: ReadonlySet<Tensor>,
  kept: ReadonlySet<Tensor>,
): void {
  const latest = new Map<Tensor, number>(); // the last group a node depends on
  const open = (kind: GroupKind, anchor: Tensor | null, domain: Tensor): Draft => {
    const draft = draftOf(kind, anchor, domain);
    drafts.push(draft);
    return draft;
  };
  const join = (draft: Draft, node: Tensor, at: Coordinates): void => {
    include(draft, node, at);
    owner.set(node, draft);
  };
  for (const node of order) {
    let group = Math.max(-1, ...node.inputs.map((x) => latest.get(x) as number));
    const kind = ANCHORS[node.op.name];
    if (kind) {
      owner.set(node, open(kind, node, node));
      group = drafts.length - 1;
    } else if (isRenaming(node)) {
      const x = node.inputs[0] as Tensor;
      const draft = owner.get(x);
      if (draft) join(draft, node, renamed(node, draft.coordinates.get(x) as Coordinates));
    } else if (node.op.family === 'elementwise') {
      const draft = drafts[group];
      const at =
        draft && !apart.has(node)
          ? shared(node, draft, owner, (x) => (latest.get(x) as number) === group)
          : null;
      if (draft && at) join(draft, node, at);
      else {
        owner.set(node, open('map', null, node));
        group = drafts.length - 1;
      }
    } else if (kept.has(node)) {
      owner.set(node, open('map', null, node));
      group = drafts.length - 1;
    }
    latest.set(node, group);
  }
  // results that no thread computes as they are (slices, copies, diagonals) get a map of their own
  for (const node of outputs) if (!owner.has(node)) open('map', null, node);
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

/** Whether the elements of `node` can be read from memory once its draft has run. */
function isStored(node: Tensor, { owner, outputs }: Grouping): boolean {
  if (isStoredSource(node)) return true;
  const draft = owner.get(node);
  return !!draft && !draft.dissolved && (!isRenaming(node) || outputs.has(node));
}

/**
 * Calls `found` for each draft that evaluates `node` outside `from`, through nodes that are inlined: all of
 * them, or `index maps` only, so that it is called for dissolved drafts, too.
 */
function eachReader(
  node: Tensor,
  from: Draft,
  grouping: Grouping,
  through: 'all' | 'index maps',
  found: (draft: Draft, reader: Tensor, via: Tensor) => void,
): void {
  const isEnd = (draft: Draft): boolean => !draft.dissolved || through === 'index maps';
  const seen = new Set<Tensor>();
  const walk = (x: Tensor): void => {
    if (seen.has(x)) return;
    seen.add(x);
    for (const u of grouping.users.get(x) as readonly Tensor[]) {
      const draft = grouping.owner.get(u);
      if (draft === from && !isRenaming(u)) continue;
      if (draft && draft !== from && isEnd(draft) && !isRenaming(u)) found(draft, u, x);
      else walk(u);
    }
    if (x !== node && grouping.outputs.has(x) && !grouping.owner.has(x))
      found(grouping.drafts.find((d) => d.domain === x) as Draft, x, x);
  };
  walk(node);
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

interface Reads {
  /** stored tensors */
  readonly sources: Set<Tensor>;
  /** dissolved maps that are computed on the way */
  readonly inlined: Set<Draft>;
  /** index maps that are followed on the way */
  readonly moved: Set<Tensor>;
}

/** What is computed on the way, and may be stored instead. */
const onTheWay = ({ inlined, moved }: Reads): Set<Tensor> =>
  new Set([...[...inlined].map((d) => d.domain), ...moved]);

/** What a thread that computes `members` reads. */
function readsOf(members: readonly Tensor[], grouping: Grouping): Reads {
  const sources = new Set<Tensor>();
  const inlined = new Set<Draft>();
  const moved = new Set<Tensor>();
  const seen = new Set<Tensor>(members);
  const walk = (x: Tensor): void => {
    if (seen.has(x)) return;
    seen.add(x);
    if (isStored(x, grouping)) {
      sources.add(x);
      return;
    }
    const owner = grouping.owner.get(x);
    if (owner?.dissolved) inlined.add(owner);
    if (!owner && x.op.family === 'linear' && !isRenaming(x)) moved.add(x);
    x.inputs.forEach(walk);
  };
  for (const m of members) {
    if (isStoredSource(m)) sources.add(m);
    m.inputs.forEach(walk);
  }
  return { sources, inlined, moved };
}

/**
 * The entry of `list` that reads most, if one reads more than a tensor. Those that read at most `limit` come
 * first.
 */
function widest<T>(
  list: Iterable<T>,
  membersOf: (entry: T) => readonly Tensor[],
  grouping: Grouping,
  limit = Infinity,
): T | null {
  let found: T | null = null;
  let most = 1;
  for (const entry of list) {
    const count = readsOf(membersOf(entry), grouping).sources.size;
    const isBetter = count > most ? count <= limit || most === 1 : count > 1 && most > limit;
    if (isBetter) [found, most] = [entry, count];
  }
  return found;
}

function finish(draft: Draft, grouping: Grouping): Group {
  const { kind, anchor, domain, members } = draft;
  const outputs = members.filter((m) => {
    if (grouping.outputs.has(m)) return true;
    if (isRenaming(m)) return false;
    let read = false;
    eachReader(m, draft, grouping, 'all', () => (read = true));
    return read;
  });
  return {
    kind,
    anchor,
    domain,
    members,
    outputs,
    sources: [...readsOf(members, grouping).sources],
  };
}

function isCrowded(draft: Draft, grouping: Grouping, limits: PlanLimits): boolean {
  const { sources, outputs } = finish(draft, grouping);
  return sources.length + outputs.length > limits.storageBuffersPerStage;
}

/** What could be taken out of a group: an inlined map, the rest of its members, or an index map. */
type Excess = { readonly map: Draft } | { readonly middle: Tensor } | { readonly lookup: Tensor };

function excessOf(
  draft: Draft,
  { inlined, moved }: Reads,
  grouping: Grouping,
  most?: number,
): Excess | null {
  const map = widest(inlined, (d) => d.members, grouping, most);
  if (map) return { map };
  const movable = draft.members.filter((m) => m !== draft.domain && m.op.family === 'elementwise');
  const middle = movable[Math.floor(movable.length / 2)];
  if (middle) return { middle };
  const lookup = widest(moved, (x) => [x], grouping);
  return lookup && { lookup };
}

/** Takes something out of each group that binds too many buffers, for the next pass. */
function relieve(
  crowded: readonly Draft[],
  grouping: Grouping,
  limits: PlanLimits,
  apart: Set<Tensor>,
  kept: Set<Tensor>,
): void {
  const before = new Set(kept);
  let done = false;
  for (const draft of crowded) {
    const reads = readsOf(draft.members, grouping);
    // what is stored for another group now may be enough for this one
    if ([...onTheWay(reads)].some((x) => kept.has(x) && !before.has(x))) continue;
    const excess = excessOf(draft, reads, grouping);
    if (!excess) continue;
    done = true;
    if ('middle' in excess) apart.add(excess.middle);
    else kept.add('map' in excess ? excess.map.domain : excess.lookup);
  }
  if (!done) throw tooMany(crowded[0] as Draft, limits);
}

/** Takes groups apart until none binds too many buffers. */
function takeApart(crowded: readonly Draft[], grouping: Grouping, limits: PlanLimits): void {
  const most = limits.storageBuffersPerStage - 1;
  const queue = [...crowded];
  for (const draft of queue)
    while (isCrowded(draft, grouping, limits)) {
      const excess = excessOf(draft, readsOf(draft.members, grouping), grouping, most);
      if (!excess) throw tooMany(draft, limits);
      if ('map' in excess) {
        excess.map.dissolved = false;
        queue.push(excess.map);
      } else if ('middle' in excess) queue.push(splitAt(draft, excess.middle, grouping));
      else queue.push(store(excess.lookup, grouping));
    }
}

const tooMany = ({ domain }: Draft, { storageBuffersPerStage: most }: PlanLimits): LimitError =>
  new LimitError(
    `${domain.op.name}: one kernel needs more than the ${most} storage buffers per shader stage this device allows; use a device with a higher maxStorageBuffersPerShaderStage`,
  );

/** Puts `middle` and the members that depend on it into a group of their own, right after the others. */
function splitAt(draft: Draft, middle: Tensor, { drafts, owner }: Grouping): Draft {
  const next = draftOf('map', null, middle);
  const { members, coordinates } = draft;
  for (const m of members.slice(members.indexOf(middle) + 1)) {
    const x = m.inputs.find((input) => next.coordinates.has(input));
    if (!x) continue;
    const at = next.coordinates.get(x) as Coordinates;
    include(next, m, isRenaming(m) ? renamed(m, at) : at);
  }
  for (const m of next.members) {
    members.splice(members.indexOf(m), 1);
    coordinates.delete(m);
    owner.set(m, next);
  }
  drafts.splice(drafts.indexOf(draft) + 1, 0, next);
  return next;
}

/** Opens a group for an index map, right after the last group that it depends on. */
function store(lookup: Tensor, { drafts, owner }: Grouping): Draft {
  const last = (x: Tensor): number => {
    const draft = owner.get(x);
    return draft ? drafts.indexOf(draft) : Math.max(-1, ...x.inputs.map(last));
  };
  const at = last(lookup) + 1;
  const draft = draftOf('map', null, lookup);
  owner.set(lookup, draft);
  drafts.splice(at, 0, draft);
  return draft;
}
