import { apply, type Tensor } from '../ir/tensor.ts';
import { dim } from '../ops/axes.ts';
import { mul } from '../ops/elementwise/arithmetic.ts';
import { embedded } from '../ops/embedded.ts';
import { broadcast, sum } from '../ops/linear/layout.ts';
import { isTensor } from '../ops/operand.ts';
import { full } from '../ops/source.ts';

/** An axis that is summed over, counted from the end, and its length. */
type Summed = ReadonlyMap<number, number>;

interface Sums {
  /** of length 1 along what is summed over, and maybe along other axes */
  readonly value: Tensor;
  /** elements that are read for it */
  readonly read: number;
}

/** Terms of terms are looked at so deep: operands may be shared. */
const DEEPEST = 6;
/** Sums that read no more than this share of the terms are worth a kernel each. */
const SHARE = 0.5;

/**
 * Σ as the sums of what its terms are made of, where most of each is known without adding it up: what
 * is repeated along the axes is multiplied, of what is on a diagonal one element is left, and factors
 * that stay the same go in front:
 *   Σ_j (δ_ij v_j - a_i b_j) = v_i - a_i Σ_j b_j
 * needs n elements instead of n². Null where that would not be so.
 */
export function sumOfTerms(node: Tensor, x: Tensor | undefined): Tensor | null {
  if (node.op.name !== 'sum' || x?.dtype !== 'f32') return null;
  const axes = node.params['axes'] as number[];
  const { value, read } = summed(x, new Map(axes.map((a) => [a, dim(x, a)])), 0);
  return read <= SHARE * x.size ? broadcast(value, node.shape) : null;
}

/** The sum of `x`, which may be repeated along some of the axes. */
function summed(x: Tensor, axes: Summed, depth: number): Sums {
  const own = new Map([...axes].filter(([a]) => dim(x, a) !== 1));
  const times = [...axes].reduce((n, [a, length]) => (own.has(a) ? n : n * length), 1);
  const { value, read } = own.size === 0 ? { value: x, read: 0 } : ofTerms(x, own, depth);
  if (times === 1) return { value, read };
  const factor = full(Array<number>(x.rank).fill(1), times);
  return { value: mul(value, factor), read };
}

function ofTerms(x: Tensor, axes: Summed, depth: number): Sums {
  const { op, inputs } = x;
  const [a, b] = inputs as [Tensor, Tensor];
  const again = (y: Tensor): Sums => summed(y, axes, depth + 1);
  const isSame = (y: Tensor): boolean => [...axes.keys()].every((axis) => dim(y, axis) === 1);
  const of = (...parts: (Tensor | Sums)[]): Sums => ({
    value: apply(
      op,
      parts.map((p) => (isTensor(p) ? p : p.value)),
      x.params,
    ),
    read: parts.reduce((n, p) => n + (isTensor(p) ? 0 : p.read), 0),
  });
  if (depth < DEEPEST)
    switch (op.name) {
      case 'neg':
        return of(again(a));
      case 'add':
      case 'sub':
        // elsewhere small differences of large elements would become one of large sums
        if (embedded(a) || embedded(b)) return of(again(a), again(b));
        break;
      case 'div':
        if (isSame(b)) return of(again(a), b);
        break;
      case 'mul':
        if (a.mayBeInfinite || b.mayBeInfinite) break;
      // falls through
      case 'guardedMul': {
        const [left, right] = [unrepeated(a), unrepeated(b)];
        if (isSame(right)) return of(again(a), right);
        if (isSame(left)) return of(left, again(b));
        break;
      }
      case 'broadcast':
        return again(unrepeated(x));
    }
  const read = embedded(x)?.inner.size ?? x.size;
  return { value: sum(x, [...axes.keys()]), read };
}

/** What `x` repeats, if that is all it does. */
const unrepeated = (x: Tensor): Tensor =>
  x.op.name === 'broadcast' ? unrepeated(x.inputs[0] as Tensor) : x;
