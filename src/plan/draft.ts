import { variable } from '../ir/index-expr.ts';
import { unflatten, type Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { isRenaming, isStoredSource } from '../ops/storage.ts';
import type { Group, GroupKind } from './plan.ts';

/** A group while it is being put together. */
export interface Draft {
  /** `join`: its parts are written where they belong by the groups that compute them */
  readonly kind: GroupKind | 'join';
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
export interface Grouping {
  readonly order: readonly Tensor[];
  /** what has to be in memory: results and parts of joins */
  readonly outputs: ReadonlySet<Tensor>;
  readonly users: ReadonlyMap<Tensor, readonly Tensor[]>;
  readonly drafts: Draft[];
  readonly owner: Map<Tensor, Draft>;
}

/** A group of one node, which others may join. */
export function draftOf(kind: Draft['kind'], domain: Tensor): Draft {
  const at = unflatten(variable('i', domain.size), domain.shape);
  return {
    kind,
    anchor: kind === 'map' ? null : domain,
    domain,
    members: [domain],
    coordinates: new Map([[domain, at]]),
    dissolved: false,
    asked: new Map(),
  };
}

/** Adds a node to a group, whose threads compute it at the coordinates `at`. */
export function include(draft: Draft, node: Tensor, at: Coordinates): void {
  draft.members.push(node);
  draft.coordinates.set(node, at);
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
export function eachReader(
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
      if (draft && isEnd(draft) && !isRenaming(u)) found(draft, u, x);
      else walk(u);
    }
    if (x !== node && grouping.outputs.has(x) && !grouping.owner.has(x))
      found(grouping.drafts.find((d) => d.domain === x) as Draft, x, x);
  };
  walk(node);
}

/** What a thread reads, and what leads it there. */
export interface Reads {
  /** stored tensors */
  readonly sources: Set<Tensor>;
  /** dissolved maps that are computed on the way */
  readonly inlined: Set<Draft>;
  /** index maps that are followed on the way */
  readonly moved: Set<Tensor>;
}

/** What a thread that computes `members` reads. */
export function readsOf(members: readonly Tensor[], grouping: Grouping): Reads {
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
  for (const m of members) m.inputs.forEach(walk);
  return { sources, inlined, moved };
}

/** What a draft has become, with what it writes and reads. */
export type Finished = Omit<Group, 'kind'> & Pick<Draft, 'kind'>;

export function finish(draft: Draft, grouping: Grouping): Finished {
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
