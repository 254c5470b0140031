import { equal, render, variable, type Index } from '../ir/index-expr.ts';
import { unflatten, type Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { isChainable, operandAt, placesOf } from '../ops/storage.ts';
import type { Group, PlanLimits } from './plan.ts';

/**
 * Puts a reduction and one that needs its results into one group, where each thread needs only the results
 * that it has computed itself: the largest element of a row and the sum of what is made with it, a mean
 * and a variance. `isKept`: whether something has to be in memory in any case.
 */
export function chainReductions(
  groups: readonly Group[],
  isKept: (x: Tensor) => boolean,
  limits: PlanLimits,
): Group[] {
  const list: (Group | null)[] = [...groups];
  const owner = new Map<Tensor, number>();
  groups.forEach((g, i) => g.outputs.forEach((y) => owner.set(y, i)));
  const readers = new Map<Tensor, number>();
  for (const g of groups) for (const x of g.sources) readers.set(x, (readers.get(x) ?? 0) + 1);

  for (let second = 0; second < list.length; second++) {
    const b = list[second] as Group;
    if (!b.anchor || !isChainable(b.anchor)) continue;
    const own = (x: Tensor): number => owner.get(x) ?? -1;
    const before = [...new Set(b.sources.map(own))].sort((p, q) => q - p);
    for (const first of before) {
      const a = list[first];
      if (!a?.anchor || !isChainable(a.anchor) || !readsItsOwn(a, b)) continue;
      const reads = (g: Group | null): boolean => !!g && g.sources.some((x) => own(x) === first);
      const isFree = !list.slice(first + 1, second).some(reads);
      const isEarly = b.sources.every((x) => own(x) <= first);
      if (!isFree && !isEarly) continue;
      const isOnlyOf = (y: Tensor): boolean =>
        !isKept(y) && (readers.get(y) ?? 0) === Number(b.sources.includes(y));
      const joined: Group = {
        ...a,
        members: [...a.members, ...b.members],
        outputs: [...a.outputs.filter((y) => !isOnlyOf(y)), ...b.outputs],
        sources: [...new Set([...a.sources, ...b.sources.filter((x) => !a.members.includes(x))])],
      };
      if (joined.sources.length + joined.outputs.length > limits.storageBuffersPerStage) continue;
      const [place, gone] = isFree ? [second, first] : [first, second];
      list[place] = joined;
      list[gone] = null;
      for (const y of joined.outputs) owner.set(y, place);
      for (const x of b.sources)
        if (a.members.includes(x) || a.sources.includes(x))
          readers.set(x, (readers.get(x) as number) - 1);
      break;
    }
  }
  return list.filter((g) => g !== null);
}

/** Whether a thread of `b` reads of `a` only what the same thread of `a` computes. */
function readsItsOwn(a: Group, b: Group): boolean {
  const size = a.domain.size;
  if (size !== b.domain.size || size === 0) return false;
  const at = unflatten(variable('i', size), a.domain.shape);
  const places = placesOf(a.domain, [...a.members, ...b.members], at);
  const held = new Set(a.members);
  const own = new Set(b.members);
  const stored = new Set(b.sources);
  const seen = new Set<string>();
  const isOwn = (x: Tensor, where: Coordinates): boolean => {
    if (held.has(x)) {
      const place = places.get(x) as Coordinates;
      return where.every((c, j) => equal(c, place[j] as Index));
    }
    if (own.has(x) || stored.has(x)) return true;
    const key = `${x.id}@${where.map(render).join()}`;
    if (seen.has(key)) return true;
    seen.add(key);
    return operandsOf(x, where).every(([y, there]) => isOwn(y, there));
  };
  return b.members.every((m) => {
    const place = places.get(m) as Coordinates;
    if (!isChainable(m)) return m.inputs.every((x) => isOwn(x, operandAt(x, place)));
    const x = m.inputs[0] as Tensor;
    const axes = (m.params['axes'] as number[]).map((axis) => x.rank + axis);
    const term = place.map((c, j) =>
      axes.includes(j) ? variable(`r${j}`, x.shape[j] as number) : c,
    );
    return isOwn(x, term);
  });
}

/** What an element of a node that is not stored is computed from. */
function operandsOf(x: Tensor, at: Coordinates): [Tensor, Coordinates][] {
  const { op, inputs } = x;
  if (op.family === 'linear' && op.indexMap) return [[inputs[0] as Tensor, op.indexMap(at, x).at]];
  if (op.name === 'gather') {
    const [data, indices] = inputs as [Tensor, Tensor];
    const chosen = variable(`g${x.id}`, data.shape.at(-1) as number);
    return [
      [indices, operandAt(indices, at)],
      [data, [...operandAt(data, at).slice(0, -1), chosen]],
    ];
  }
  return inputs.map((y) => [y, operandAt(y, at)]);
}
