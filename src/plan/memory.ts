import type { Tensor } from '../ir/tensor.ts';
import { topological } from '../ir/walk.ts';
import { isConstant } from '../ops/source.ts';
import { bytesOf, isStoredSource } from '../ops/storage.ts';
import type { Groups } from './group.ts';
import type { Storage } from './plan.ts';

/**
 * Where every stored tensor lives. Intermediates share memory when their lives do not overlap: each
 * takes the smallest free slot that fits, else grows the largest free one, else opens a new one.
 */
export function planMemory(
  { groups, parts }: Groups,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
): { storage: Map<Tensor, Storage>; slots: number[] } {
  const storage = new Map<Tensor, Storage>();
  inputs.forEach((x, index) => storage.set(x, { kind: 'input', index }));
  for (const x of topological(groups.flatMap((g) => g.sources)))
    if (isStoredSource(x) && isConstant(x)) storage.set(x, { kind: 'constant' });
  const results = new Map(outputs.map((y, index) => [y, index]));
  const lastUse = new Map<Tensor, number>();
  groups.forEach((g, i) => g.sources.forEach((x) => lastUse.set(x, i)));
  const slots: number[] = [];
  const free = new Set<number>();
  const place = (x: Tensor): void => {
    const index = results.get(x);
    if (index !== undefined) storage.set(x, { kind: 'output', index });
    else storage.set(x, { kind: 'scratch', slot: takeSlot(bytesOf(x), slots, free) });
  };
  groups.forEach((group, i) => {
    for (const x of group.outputs) {
      const part = parts.get(x);
      if (!part) place(x);
      else {
        storage.set(x, { kind: 'part', ...part });
        if (!storage.has(part.whole)) place(part.whole);
      }
    }
    for (const x of new Set([...group.sources, ...group.outputs])) {
      const own = storage.get(x);
      if (own?.kind === 'scratch' && (lastUse.get(x) ?? i) <= i) free.add(own.slot);
    }
  });
  return { storage, slots };
}

function takeSlot(bytes: number, slots: number[], free: Set<number>): number {
  let best = -1;
  for (const s of free) {
    const size = slots[s] as number;
    const bestSize = best < 0 ? -1 : (slots[best] as number);
    const better = bestSize < bytes ? size > bestSize : size >= bytes && size < bestSize;
    if (better) best = s;
  }
  if (best < 0) return slots.push(bytes) - 1;
  free.delete(best);
  slots[best] = Math.max(slots[best] as number, bytes);
  return best;
}
