import type { Tensor } from '../ir/tensor.ts';
import { stopGradient } from '../ops/stop.ts';
import { isStoredSource } from '../ops/storage.ts';
import { groupNodes } from './group.ts';
import { planMemory } from './memory.ts';
import type { Plan, PlanLimits } from './plan.ts';
import { simplify } from './simplify.ts';

/** From a graph to what runs: simplify, group into dispatches, place in memory. */
export function makePlan(
  inputs: readonly Tensor[],
  results: readonly Tensor[],
  limits: PlanLimits,
): Plan {
  // an argument or constant that is a result is copied into a buffer of its own
  const outputs = simplify(results).map((y) => (isStoredSource(y) ? stopGradient(y) : y));
  const grouped = groupNodes([...new Set(outputs)], limits);
  const { storage, slots } = planMemory(grouped, inputs, [...new Set(outputs)]);
  // what has no elements needs a place, but nothing computes it
  const busy = grouped.groups.filter((g) => g.domain.size > 0);
  return { inputs, outputs, groups: busy, storage, slots };
}
