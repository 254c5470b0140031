import type { Tensor } from '../ir/tensor.ts';
import { dependents, topological } from '../ir/walk.ts';

/**
 * The nodes through which every path from `x` to `y` passes (articulation nodes), in order, both ends
 * included; empty where `y` does not depend on `x`.
 */
export function articulationNodes(y: Tensor, x: Tensor): Tensor[] {
  const below = topological([y]);
  const moving = dependents(below, [x]);
  if (!moving.has(y)) return [];
  // on a path: depends on x (topological([y]) holds only what y needs)
  const path = below.filter((n) => n === x || (moving.has(n) && n.dtype === 'f32'));
  const position = new Map(path.map((n, i) => [n, i]));
  const lastUse = new Array<number>(path.length).fill(-1);
  path.forEach((n, i) => {
    if (n === x) return;
    for (const input of n.inputs) {
      const p = position.get(input);
      if (p !== undefined) lastUse[p] = i;
    }
  });
  const cut: Tensor[] = [];
  let reach = position.get(x) as number; // the last user of any earlier node
  for (let i = position.get(x) as number; i < path.length; i++) {
    if (reach <= i) cut.push(path[i] as Tensor);
    reach = Math.max(reach, lastUse[i] as number);
  }
  return cut;
}

const isHeavy = (n: Tensor): boolean =>
  n.op.family === 'bilinear' ||
  n.op.family === 'general' ||
  (n.op.family === 'linear' && !n.op.indexMap);

/**
 * Boundaries worth deciding at: of the articulation nodes between two that do real work (products,
 * sums), the last one. Elementwise steps and index maps belong to the segment before them.
 */
export function boundaries(y: Tensor, x: Tensor): Tensor[] {
  const cut = articulationNodes(y, x);
  if (cut.length <= 2) return cut;
  const kept: Tensor[] = [x];
  for (let i = 1; i < cut.length; i++) {
    const next = cut[i + 1];
    if (!next) {
      kept.push(cut[i] as Tensor);
      continue;
    }
    if (worksBetween(next, cut[i] as Tensor) && kept[kept.length - 1] !== cut[i])
      kept.push(cut[i] as Tensor);
  }
  // what comes before the first real work belongs to it
  return kept;
}

/** Whether anything heavy lies after `from`, up to and including `to`. */
function worksBetween(to: Tensor, from: Tensor): boolean {
  const order = topological([to], (n) => n === from);
  const moving = dependents(order, [from]);
  return order.some((n) => n !== from && moving.has(n) && isHeavy(n));
}
