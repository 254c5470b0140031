import type { Tensor } from '../ir/tensor.ts';
import { rebuild, topological } from '../ir/walk.ts';
import { lead, reshape, sum, transpose } from '../ops/linear/layout.ts';
import { pad } from '../ops/linear/slice.ts';
import { isBarrier } from '../ops/stop.ts';
import { range } from '../util/shape.ts';
import { isIdentity } from './group.ts';

/** Threads that keep a device busy: a reduction with fewer results is done in two stages. */
const BUSY = 1024;
/** Terms one thread adds up at most before a reduction is split. */
const LONG = 512;

/** The graph as it will be computed: identities gone, long sums with few results are split in two. */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  const replacements = new Map<Tensor, Tensor>();
  for (const node of topological(outputs)) {
    // with its derivative taken, an identity has done its work
    if (isIdentity(node) && !isBarrier(node)) {
      const [value] = rebuild([node.inputs[0] as Tensor], replacements, lead) as [Tensor];
      replacements.set(node, value);
      continue;
    }
    const split = splitSum(node);
    if (split) replacements.set(node, rebuild([split], replacements, lead)[0] as Tensor);
  }
  return rebuild(outputs, replacements, lead);
}

/** Σ over n terms as about √n sums of √n: parallel, and with a rounding error that grows with √n. */
function splitSum(node: Tensor): Tensor | null {
  if (node.op.name !== 'sum' || node.dtype !== 'f32') return null;
  const x = node.inputs[0] as Tensor;
  const terms = x.size / Math.max(1, node.size);
  if (node.size >= BUSY || terms < LONG) return null;
  const axes = (node.params['axes'] as number[]).map((a) => x.rank + a);
  const kept = range(x.rank).filter((i) => !axes.includes(i));
  const flat = reshape(transpose(x, [...kept, ...axes]), [
    ...kept.map((i) => x.shape[i] as number),
    terms,
  ]);
  const inner = Math.ceil(Math.sqrt(terms));
  const outer = Math.ceil(terms / inner);
  const padded = pad(flat, -1, 0, inner * outer - terms);
  const parts = sumOf(reshape(padded, [...flat.shape.slice(0, -1), outer, inner]));
  return reshape(sumOf(parts), node.shape);
}

/** Sum over the last axis, which goes. */
function sumOf(x: Tensor): Tensor {
  return reshape(sum(x, [-1]), x.shape.slice(0, -1));
}
