import type { BilinearOp, NdArray } from '../ir/op.ts';
import { apply, type Tensor } from '../ir/tensor.ts';
import { sizeOf } from '../util/shape.ts';
import { broadcastShape, dim } from './axes.ts';
import { mul } from './elementwise/arithmetic.ts';
import { embedded, type Embedded } from './embedded.ts';
import { alongDiagonal } from './linear/diagonal.ts';
import { broadcast, lead, sum, swap } from './linear/layout.ts';
import { padded, slice } from './linear/slice.ts';
import { broadcastStrides, dot, eachIndex } from './ndarray.ts';
import { full, fullValue } from './source.ts';

/**
 * y = Σ_axes a·b, where axes of length 1 broadcast and the summed axes stay with length 1: every
 * pairwise einsum. An axis long in both and not summed is a batch axis, long in one only a row or
 * column axis. A matrix product is `[.., i, k, 1] · [.., 1, k, j]` summed over -2; a convolution is a
 * window times its weights; and both adjoints of a contraction are contractions.
 */
export const contractOp: BilinearOp = {
  name: 'contract',
  family: 'bilinear',
  derivative: 'Σ (b da + a db)',
  dtype: () => 'f32',
  shape(inputs, { axes }) {
    const shape = broadcastShape(inputs);
    for (const a of axes as number[]) shape[shape.length + a] = 1;
    return shape;
  },
  evaluate(inputs, { axes }, shape) {
    const [a, b] = inputs as [NdArray, NdArray];
    const whole = a.shape.map((n, i) => (n === 1 ? (b.shape[i] as number) : n));
    const summed = (axes as number[]).map((v) => whole.length + v);
    const inner = whole.map((n, i) => (summed.includes(i) ? n : 1));
    const as = broadcastStrides(a.shape);
    const bs = broadcastStrides(b.shape);
    const steps: [number, number][] = [];
    eachIndex(inner, (at) => steps.push([dot(at, as), dot(at, bs)]));
    const out = new Float64Array(sizeOf(shape));
    eachIndex(shape, (at, i) => {
      const pa = dot(at, as);
      const pb = dot(at, bs);
      let s = 0;
      for (const [da, db] of steps) s += (a.data[pa + da] as number) * (b.data[pb + db] as number);
      out[i] = s;
    });
    return out;
  },
  transpose(g, node, i) {
    const x = node.inputs[i] as Tensor;
    const other = node.inputs[1 - i] as Tensor;
    // Σ over what x does not have and the product does
    const axes: number[] = [];
    for (let axis = -x.rank; axis < 0; axis++)
      if (dim(x, axis) === 1 && (dim(g, axis) !== 1 || dim(other, axis) !== 1)) axes.push(axis);
    const t = contract(g, other, axes);
    // and the same for all of what x alone was summed over
    return broadcast(t, [...t.shape.slice(0, t.rank - x.rank), ...x.shape]);
  },
  rewrite(inputs, params) {
    const [a, b] = inputs as [Tensor, Tensor];
    const axes = params['axes'] as number[];
    if (a.size === 0 || b.size === 0) return full(contractOp.shape(inputs, params), 0);
    if (axes.some((v) => (dim(a, v) === 1) !== (dim(b, v) === 1))) return contract(a, b, axes);
    const long = axes.filter((v) => dim(a, v) !== 1);
    if (long.length === 0) return mul(a, b);
    if (long.length < axes.length) return contract(a, b, long);
    for (const [x, y, swapped] of [
      [a, b, false],
      [b, a, true],
    ] as const) {
      if (fullValue(x) === 0) return full(contractOp.shape(inputs, params), 0);
      if (fullValue(x) === 1 && axes.every((v) => dim(x, v) !== 1)) {
        // a sum, then repeated along the axes only the ones have
        const summed = sum(y, axes);
        const ones = full(
          x.shape.map((n, i) => (axes.includes(i - x.rank) ? 1 : n)),
          1,
        );
        return mul(summed, ones);
      }
      const e = embedded(x);
      if (e) return throughDiagonal(e, y, axes, swapped);
      const p = padded(x);
      // zeros add nothing: contract with the part that meets the rest
      if (p && axes.includes(p.axis))
        return contract(p.inner, slice(y, p.axis, p.low, dim(p.inner, p.axis), p.inside + 1), axes);
    }
    return undefined;
  },
};

/**
 * Σ D(v)·w, where D puts v on the diagonal of axes a and b: a sum over one of them only renames it, so
 * `eye · W` is W, `diag(d) · W` scales the rows of W, and no product is done at all.
 */
function throughDiagonal(
  e: Embedded,
  w: Tensor,
  axes: readonly number[],
  swapped: boolean,
): Tensor {
  const { a, b, inner } = e;
  const other = alongDiagonal(w, a, b);
  const product = (x: Tensor, y: Tensor, over: readonly number[]): Tensor =>
    swapped ? contract(y, x, over) : contract(x, y, over);
  const overA = axes.includes(a);
  const overB = axes.includes(b);
  if (!overA && !overB) return e.again(product(inner, other, axes));
  const rest = axes.filter((v) => v !== a && v !== b);
  if (overA && overB)
    return product(
      inner,
      other,
      [...rest, b].sort((p, q) => p - q),
    );
  if (overA) return product(inner, other, rest);
  return product(swap(inner, a, b), swap(other, a, b), rest);
}

/** Σ over `axes` (counted from the end) of the broadcast product; the summed axes stay with length 1. */
export function contract(a: Tensor, b: Tensor, axes: readonly number[]): Tensor {
  const rank = Math.max(a.rank, b.rank);
  // an axis that only one operand has is summed before
  const [p, q] = [lead(a, rank), lead(b, rank)];
  const ofP = axes.filter((v) => dim(p, v) !== 1 && dim(q, v) === 1);
  const ofQ = axes.filter((v) => dim(q, v) !== 1 && dim(p, v) === 1);
  if (ofP.length + ofQ.length > 0)
    return contract(
      sum(p, ofP),
      sum(q, ofQ),
      axes.filter((v) => !ofP.includes(v) && !ofQ.includes(v)),
    );
  return apply(contractOp, [lead(a, rank), lead(b, rank)], {
    axes: [...axes].sort((p, q) => p - q),
  });
}
