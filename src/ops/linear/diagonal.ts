import { ZERO } from '../../ir/index-expr.ts';
import { apply, type Tensor } from '../../ir/tensor.ts';
import { stridesOf, type Shape } from '../../util/shape.ts';
import { dim, withDim } from '../axes.ts';
import { embedded } from '../embedded.ts';
import { dot, gatherElements } from '../ndarray.ts';
import { full, fullValue } from '../source.ts';
import { linear } from './define.ts';
import { broadcast, lead, reshape, swap, wholeAxis } from './layout.ts';

// ---- embedDiagonal: y[.., i_a, .., i_b, ..] = i_a == i_b ? x[.., 0, .., i_b, ..] : 0
// The seeds of a Jacobian are such nodes, so no buffer ever holds an identity matrix.

const embedOp = linear({
  name: 'embedDiagonal',
  shape: (x, { a, b }) => withDim(x, a as number, x[x.length + (b as number)] as number),
  evaluate([x], { a, b }, shape) {
    const t = x as { shape: Shape; data: Float64Array };
    const strides = stridesOf(t.shape);
    const [ia, ib] = [shape.length + (a as number), shape.length + (b as number)];
    strides[ia] = 0;
    return gatherElements(t, shape, (at) => (at[ia] === at[ib] ? dot(at, strides) : -1));
  },
  transpose: (g, { params: { a, b } }) => takeDiagonal(g, a as number, b as number),
  rewrite: ([x], { b }) => (dim(x as Tensor, b as number) === 1 ? x : undefined),
  indexMap(at, { params: { a, b } }) {
    const ia = at.length + (a as number);
    const left = at[ia] as (typeof at)[number];
    const right = at[at.length + (b as number)] as (typeof at)[number];
    return { at: at.map((c, i) => (i === ia ? ZERO : c)), guards: [{ left, right }] };
  },
  derivative: 'embedDiagonal(dx)',
});

/** Puts `x`, of length 1 along `a` and n along `b`, on the diagonal of those two axes. */
export function embedDiagonal(x: Tensor, a: number, b: number): Tensor {
  return apply(embedOp, [x], { a, b });
}

// ---- takeDiagonal: y[.., 0, .., i_b, ..] = x[.., i_b, .., i_b, ..]

const takeOp = linear({
  name: 'takeDiagonal',
  shape: (x, { a }) => withDim(x, a as number, 1),
  evaluate([x], { a, b }, shape) {
    const t = x as { shape: Shape; data: Float64Array };
    const strides = stridesOf(t.shape);
    const [ia, ib] = [shape.length + (a as number), shape.length + (b as number)];
    strides[ib] = (strides[ib] as number) + (strides[ia] as number);
    strides[ia] = 0;
    return gatherElements(t, shape, (at) => dot(at, strides));
  },
  transpose: (g, { params: { a, b } }) => embedDiagonal(g, a as number, b as number),
  rewrite([x], { a, b }) {
    const t = x as Tensor;
    const [pa, pb] = [a as number, b as number];
    if (dim(t, pa) === 1) return t;
    const value = fullValue(t);
    if (value !== undefined) return full(takeOp.shape([t], { a, b }), value, t.dtype);
    const e = embedded(t);
    if (e) {
      if (e.a === pa && e.b === pb) return e.inner;
      if (e.a === pb && e.b === pa) return swap(e.inner, pa, pb);
    }
    // the diagonal of an elementwise result needs the diagonals of its operands only
    if (t.op.family === 'elementwise')
      return apply(
        t.op,
        t.inputs.map((i) => alongDiagonal(i, pa, pb)),
        t.params,
      );
    // the diagonal of a product: n dot products instead of n²
    if (t.op.name === 'contract') {
      const axes = t.params['axes'] as number[];
      if (!axes.includes(pa) && !axes.includes(pb))
        return apply(
          t.op,
          t.inputs.map((i) => alongDiagonal(i, pa, pb)),
          t.params,
        );
    }
    if (t.op.name === 'sum') {
      const axes = t.params['axes'] as number[];
      return apply(t.op, [takeDiagonal(t.inputs[0] as Tensor, pa, pb)], { axes });
    }
    // of what only renames or repeats axes: that of the diagonal
    const inner = t.inputs[0] as Tensor;
    if (t.op.name === 'reshape') {
      const before = { a: wholeAxis(t, inner.shape, pa), b: wholeAxis(t, inner.shape, pb) };
      if (before.a !== null && before.b !== null && before.a !== before.b)
        return reshape(takeDiagonal(inner, before.a, before.b), withDim(t.shape, pa, 1));
    }
    if (t.op.name === 'transpose') {
      const perm = t.params['perm'] as number[];
      const before = (axis: number): number => perm[perm.length + axis] ?? axis;
      return apply(t.op, [takeDiagonal(inner, before(pa), before(pb))], { perm });
    }
    if (t.op.name === 'broadcast')
      return broadcast(alongDiagonal(inner, pa, pb), withDim(t.shape, pa, 1));
    return undefined;
  },
  indexMap(at, { params: { a, b } }) {
    const ia = at.length + (a as number);
    const along = at[at.length + (b as number)] as (typeof at)[number];
    return { at: at.map((c, i) => (i === ia ? along : c)), guards: [] };
  },
  derivative: 'takeDiagonal(dx)',
});

/** The diagonal of the axes `a` and `b` (equally long, or `a` of length 1) along `b`. */
export function takeDiagonal(x: Tensor, a: number, b: number): Tensor {
  return apply(takeOp, [x], { a, b });
}

/** What `x` is at i_a = i_b, along `b`; either axis may be a broadcast one of length 1. */
export function alongDiagonal(x: Tensor, a: number, b: number): Tensor {
  if (dim(x, a) === 1) return x;
  if (dim(x, b) === 1) return swap(x, a, b);
  return takeDiagonal(x, a, b);
}

/** Identity matrix over several axes: shape `[...shape, ...shape]`, as diagonals of ones. */
export function identitySeed(shape: Shape): Tensor {
  let seed = lead(full(shape, 1), 2 * shape.length);
  for (let i = 0; i < shape.length; i++)
    seed = embedDiagonal(seed, i - 2 * shape.length, i - shape.length);
  return seed;
}

export const diagonalOps = [embedOp, takeOp];
