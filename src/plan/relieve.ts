import type { Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { isRenaming, renamed } from '../ops/storage.ts';
import { LimitError } from '../util/errors.ts';
import {
  draftOf,
  finish,
  include,
  readsOf,
  type Draft,
  type Grouping,
  type Reads,
} from './draft.ts';
import type { PlanLimits } from './plan.ts';

/** Whether a group binds more buffers than the device allows. */
export function isCrowded(draft: Draft, grouping: Grouping, limits: PlanLimits): boolean {
  if (draft.kind === 'join') return false;
  const { sources, outputs } = finish(draft, grouping);
  return sources.length + outputs.length > limits.storageBuffersPerStage;
}

/** Takes something out of each group that binds too many buffers, for the next pass. */
export function relieve(
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
    const onTheWay = [...[...reads.inlined].map((d) => d.domain), ...reads.moved];
    if (onTheWay.some((x) => kept.has(x) && !before.has(x))) continue;
    const excess = excessOf(draft, reads, grouping);
    if (!excess) continue;
    done = true;
    if ('middle' in excess) apart.add(excess.middle);
    else kept.add('map' in excess ? excess.map.domain : excess.lookup);
  }
  if (!done) throw tooMany(crowded[0] as Draft, limits);
}

/** Takes groups apart until none binds too many buffers. */
export function takeApart(crowded: readonly Draft[], grouping: Grouping, limits: PlanLimits): void {
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

/** Puts `middle` and the members that depend on it into a group of their own, right after the others. */
function splitAt(draft: Draft, middle: Tensor, { drafts, owner }: Grouping): Draft {
  const next = draftOf('map', middle);
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
  const draft = draftOf('map', lookup);
  owner.set(lookup, draft);
  drafts.splice(at, 0, draft);
  return draft;
}

const tooMany = ({ domain }: Draft, { storageBuffersPerStage: most }: PlanLimits): LimitError =>
  new LimitError(
    `${domain.op.name}: one kernel needs more than the ${most} storage buffers per shader stage this device allows; use a device with a higher maxStorageBuffersPerShaderStage`,
  );
