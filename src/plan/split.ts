import type { Tensor } from '../ir/tensor.ts';
import { contract } from '../ops/contract.ts';
import { reshape, sum } from '../ops/linear/layout.ts';
import { pad } from '../ops/linear/slice.ts';
import { sizeOf } from '../util/shape.ts';

/** Results that keep a device busy. */
const BUSY = 1024;
/** Terms that threads add up without being split. */
const LONG = 8192;
/** Terms of a part. */
const PART = 1024;

/**
 * A contraction of many terms with few results as a sum of contractions of parts: parallel, always in
 * the same order, and with a smaller rounding error. Null for any other.
 */
export function splitContraction(node: Tensor, inputs: readonly Tensor[]): Tensor | null {
  if (node.op.name !== 'contract' || node.size >= BUSY || node.size === 0) return null;
  const [a, b] = inputs as [Tensor, Tensor];
  const axes = (node.params['axes'] as number[]).map((v) => v + node.rank);
  const lengths = axes.map((i) => a.shape[i] as number);
  if (sizeOf(lengths) < LONG) return null;
  const wanted = Math.min(Math.ceil(sizeOf(lengths) / PART), Math.ceil(BUSY / node.size) * 8);
  if (wanted < 2) return null;
  const longest = lengths.indexOf(Math.max(...lengths));
  const axis = axes[longest] as number;
  const length = lengths[longest] as number;
  const parts = Math.min(divisorNear(length, wanted) ?? wanted, length);
  const inner = Math.ceil(length / parts);
  // axis -> parts, inner
  const cut = (x: Tensor): Tensor => {
    const padded = pad(x, axis - x.rank, 0, parts * inner - length);
    return reshape(padded, [...x.shape.slice(0, axis), parts, inner, ...x.shape.slice(axis + 1)]);
  };
  const rank = node.rank + 1;
  const summed = axes.map((i) => (i < axis ? i : i + 1) - rank);
  const products = contract(cut(a), cut(b), summed);
  // a sum right over a contraction would become part of it again
  const flat = reshape(products, [
    ...products.shape.slice(0, axis + 1),
    ...products.shape.slice(axis + 2),
  ]);
  return sum(flat, [axis - node.rank]);
}

/** The divisor of `n` nearest to `wanted`, if there is one within a factor of 2. */
function divisorNear(n: number, wanted: number): number | null {
  let best: number | null = null;
  for (let d = Math.max(2, Math.ceil(wanted / 2)); d <= Math.min(n, wanted * 2); d++)
    if (n % d === 0 && (best === null || Math.abs(d - wanted) < Math.abs(best - wanted))) best = d;
  return best;
}
