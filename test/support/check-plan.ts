import type { Tensor } from '../../src/ir/tensor.ts';
import { bytesOf, isStoredSource } from '../../src/ops/storage.ts';
import type { Plan } from '../../src/plan/plan.ts';

/**
 * Runs a plan on a memory of names: every group must find each tensor it reads where the plan says, and
 * at the end each result must be there. A tensor that is written in parts is there when all of it is.
 *
 * @throws Error that says which tensor is not where it should be
 */
export function checkPlan({ inputs, outputs, groups, storage, slots }: Plan): void {
  const memory = new Map<string, Tensor>();
  const arrived = new Map<Tensor, Map<number, number>>(); // bytes at each offset of what comes in parts
  const name = (x: Tensor): string => `${x.op.name}${x.id}`;
  const placeOf = (x: Tensor): string => {
    const place = storage.get(x);
    if (!place) throw new Error(`${name(x)} is stored nowhere`);
    if (place.kind === 'constant') return `constant ${x.id}`;
    if (place.kind === 'part') return placeOf(place.whole);
    if (place.kind !== 'scratch') return `${place.kind} ${place.index}`;
    if ((slots[place.slot] ?? 0) < bytesOf(x))
      throw new Error(`${name(x)}: ${bytesOf(x)} bytes in a slot of ${slots[place.slot]}`);
    return `slot ${place.slot}`;
  };
  for (const x of inputs) memory.set(placeOf(x), x);
  for (const [x, place] of storage) if (place.kind === 'constant') memory.set(placeOf(x), x);
  const written = new Set<Tensor>();
  const holds = (x: Tensor, who: string): void => {
    const found = memory.get(placeOf(x));
    if (x.size > 0 && found !== x)
      throw new Error(
        `${who}: ${placeOf(x)} holds ${found ? name(found) : 'nothing'}, not ${name(x)}`,
      );
    const parts = arrived.get(x);
    if (!parts) return;
    let end = 0;
    for (const [offset, bytes] of [...parts].sort((a, b) => a[0] - b[0])) {
      if (offset !== end || offset % 256 !== 0)
        throw new Error(
          `${who}: a part of ${name(x)} at byte ${offset} after one that ends at ${end}`,
        );
      end += bytes;
    }
    if (end !== 4 * x.size) throw new Error(`${who}: ${end} bytes of ${name(x)} are there`);
  };
  groups.forEach((group, i) => {
    const who = `group ${i} (${name(group.domain)})`;
    for (const x of group.sources) holds(x, who);
    const bound = [...group.sources, ...group.outputs].map(placeOf);
    if (new Set(bound).size !== bound.length) throw new Error(`${who}: binds one place twice`);
    for (const x of group.outputs) {
      if (isStoredSource(x) || written.has(x)) throw new Error(`${who}: writes ${name(x)} again`);
      written.add(x);
      const place = storage.get(x);
      if (place?.kind !== 'part') {
        memory.set(placeOf(x), x);
        continue;
      }
      const { whole, offset } = place;
      if (memory.get(placeOf(whole)) !== whole) arrived.set(whole, new Map());
      memory.set(placeOf(whole), whole);
      arrived.get(whole)?.set(offset, 4 * x.size);
    }
  });
  for (const y of outputs) holds(y, 'the end');
}
