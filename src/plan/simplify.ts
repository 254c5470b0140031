import { simplifying, type Tensor } from '../ir/tensor.ts';
import { remade } from '../ir/walk.ts';
import { reshape, sum, transpose } from '../ops/linear/layout.ts';
import { pad } from '../ops/linear/slice.ts';
import { isBarrier } from '../ops/stop.ts';
import { range } from '../util/shape.ts';
import { isIdentity } from '../ops/storage.ts';
import { cropContractions } from './crop.ts';
import { splitContraction } from './split.ts';
import { sumOfTerms } from './sum-terms.ts';

/** Threads that keep a device busy: a reduction with fewer results is done in two stages. */
const BUSY = 1024;
/** Terms one thread adds up at most before a reduction is split. */
const LONG = 512;

/**
 * The graph as it will be computed: every node made again with all rewriting rules, identities gone,
 * sums taken term by term where that saves most of them, contractions cut to what is read of them, long
 * sums and contractions with few results split in two.
 */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  return simplifying(() => {
    const simple = remade(outputs, (node, inputs) =>
      // with its derivative taken, an identity has done its work
      isIdentity(node) && !isBarrier(node) ? (inputs[0] as Tensor) : sumOfTerms(node, inputs[0]),
    );
    return remade(
      cropContractions(simple),
      (node, inputs) => splitSum(node, inputs[0]) ?? splitContraction(node, inputs),
    );
  });
}

/** Σ over n terms as about √n sums of √n: parallel, and with a rounding error that grows with √n. */
function splitSum(node: Tensor, x: Tensor | undefined): Tensor | null {
  if (node.op.name !== 'sum' || node.dtype !== 'f32' || !x) return null;
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
