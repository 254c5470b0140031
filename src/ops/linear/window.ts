import { add, scale, ZERO, type Index } from '../../ir/index-expr.ts';
import { divided } from '../../ir/index-map.ts';
import { apply, type Tensor } from '../../ir/tensor.ts';
import { sizeOf, stridesOf, type Shape } from '../../util/shape.ts';
import { dim, withDim } from '../axes.ts';
import { embedded } from '../embedded.ts';
import { dot, eachIndex, gatherElements } from '../ndarray.ts';
import { full, fullValue } from '../source.ts';
import { linear } from './define.ts';
import { takeDiagonal } from './diagonal.ts';
import { reshape, swap } from './layout.ts';
import { flip, pad } from './slice.ts';

type Nd = { shape: Shape; data: Float64Array };
interface WindowParams {
  /** axis of the windowed tensor without taps, counted from the end (< 0) */
  axis: number;
  size: number;
  stride: number;
  dilation: number;
}

const params = (p: Readonly<Record<string, unknown>>): WindowParams => p as unknown as WindowParams;

// ---- window: y[.., l, .., t] = x[.., l·stride + t·dilation, ..]: a sliding window along `axis`,
// its taps on a new last axis. A convolution is a contraction of a window with the weights.

const windowOp = linear({
  name: 'window',
  shape(x, p) {
    const { axis, size, stride, dilation } = params(p);
    const n = x[x.length + axis] as number;
    return [...withDim(x, axis, Math.floor((n - (size - 1) * dilation - 1) / stride) + 1), size];
  },
  evaluate([x], p, shape) {
    const { axis, stride, dilation } = params(p);
    const t = x as Nd;
    const strides = stridesOf(t.shape);
    const i = t.shape.length + axis;
    const unit = strides[i] as number;
    strides[i] = unit * stride;
    return gatherElements(t, shape, (at) => dot(at, [...strides, unit * dilation]));
  },
  transpose(g, node) {
    const p = params(node.params);
    return fold(g, p.axis, dim(node.inputs[0] as Tensor, p.axis), p.stride, p.dilation);
  },
  rewrite([x], p) {
    const t = x as Tensor;
    const value = fullValue(t);
    if (value !== undefined) return full(windowOp.shape([t], p), value, t.dtype);
    const e = embedded(t);
    const { axis } = params(p);
    if (e && axis !== e.a && axis !== e.b)
      return e.again(apply(windowOp, [e.inner], p), e.a - 1, e.b - 1);
    return undefined;
  },
  indexMap(at, node) {
    const { axis, stride, dilation } = params(node.params);
    const i = at.length - 1 + axis;
    const tap = at[at.length - 1] as Index;
    return {
      at: at
        .slice(0, -1)
        .map((c, j) => (j === i ? add(scale(c, stride), scale(tap, dilation)) : c)),
      guards: [],
    };
  },
  derivative: 'window(dx)',
});

/** Sliding windows of `size` taps along `axis` (counted from the end); the taps become the last axis. */
export function window(x: Tensor, axis: number, size: number, stride = 1, dilation = 1): Tensor {
  return apply(windowOp, [x], { axis, size, stride, dilation });
}

// ---- fold, the adjoint: y[.., l·stride + t·dilation, ..] += x[.., l, .., t]

const foldOp = linear({
  name: 'fold',
  shape: (x, p) => withDim(x.slice(0, -1), p['axis'] as number, p['length'] as number),
  evaluate([x], p, shape) {
    const { axis, stride, dilation } = params(p);
    const t = x as Nd;
    const out = new Float64Array(sizeOf(shape));
    const strides = stridesOf(shape);
    const i = shape.length + axis;
    const unit = strides[i] as number;
    strides[i] = unit * stride;
    eachIndex(t.shape, (at, k) => {
      const to = dot(at, [...strides, unit * dilation]);
      out[to] = (out[to] as number) + (t.data[k] as number);
    });
    return out;
  },
  transpose(g, node) {
    const { axis, stride, dilation } = params(node.params);
    return window(g, axis, dim(node.inputs[0] as Tensor, -1), stride, dilation);
  },
  rewrite([x], p) {
    const t = x as Tensor;
    if (fullValue(t) === 0) return full(foldOp.shape([t], p), 0, t.dtype);
    const { axis, stride, dilation } = params(p);
    const e = embedded(t);
    if (e && e.a < -1 && e.b < -1) {
      const sizes = { length: p['length'] as number, stride, dilation };
      if (axis - 1 === e.b) return band(e.inner, e.a + 1, axis, sizes);
      if (axis - 1 === e.a) return band(swap(e.inner, e.a, e.b), e.b + 1, axis, sizes);
      return e.again(apply(foldOp, [e.inner], p), e.a + 1, e.b + 1);
    }
    return foldOfContraction(t, axis, p) ?? undefined;
  },
  derivative: 'fold(dx)',
});

/**
 * The gradient of a convolution by its input. There fold meets Σ_o g[.., l, 1] w[.., 1, t], and
 *   y[i] = Σ_{l·s + t·d = i} Σ_o g[l] w[t] = Σ_t Σ_o g'[i + t·d] w[T-1-t],
 * with g' = g, s-1 zeros between its elements, shifted by (T-1)·d: a contraction again, with windows
 * of g instead of a product l × t in memory. Of a convolution in the plane the second fold meets the
 * contraction that the first became, its summed taps dropped; they stay summed beside the new ones.
 */
function foldOfContraction(
  x: Tensor,
  axis: number,
  p: Readonly<Record<string, unknown>>,
): Tensor | null {
  const product = withDropped(x);
  if (product === null) return null;
  const { contraction, dropped } = product;
  const { stride, dilation } = params(p);
  // the zeros of a stride are multiplied too: along one axis that is cheaper than memory, not along two
  if (dropped > 0 && stride > 1) return null;
  const length = p['length'] as number;
  // the taps and the position, as the contraction counts its axes
  const tap = -1 - dropped;
  const at = axis - 1 - dropped;
  const taps = dim(contraction, tap);
  const axes = contraction.params['axes'] as number[];
  if (axes.includes(at) || axes.includes(tap)) return null;
  const [a, b] = contraction.inputs as [Tensor, Tensor];
  const isSource = (g: Tensor, w: Tensor): boolean =>
    dim(g, tap) === 1 &&
    dim(w, at) === 1 &&
    dim(w, tap) === taps &&
    dim(g, at) === dim(contraction, at);
  if (!isSource(a, b) && !isSource(b, a)) return null;
  const [g, w] = isSource(a, b) ? [a, b] : [b, a];
  const reach = (taps - 1) * dilation;
  const spread = (dim(contraction, at) - 1) * stride + 1;
  const kept = reshape(
    g,
    g.shape.filter((_, i) => i - g.rank !== tap),
  );
  const source = pad(kept, at + 1, reach, length - spread, stride - 1);
  const windows = window(source, at + 1, taps, 1, dilation);
  // the taps of the weights go last, too
  let weights = w;
  for (let k = tap; k < -1; k++) weights = swap(weights, k, k + 1);
  const summed = new Set([...axes.map((v) => (v > tap ? v - 1 : v)), -1]);
  const contracted = apply(contraction.op, [windows, flip(weights, -1)], {
    axes: [...summed].sort((m, n) => m - n),
  });
  return reshape(contracted, contracted.shape.slice(0, tap));
}

/** `x` as a contraction without its last axes, which have length 1. */
function withDropped(x: Tensor): { contraction: Tensor; dropped: number } | null {
  if (x.op.name === 'contract') return { contraction: x, dropped: 0 };
  const inner = x.inputs[0];
  if (x.op.name !== 'reshape' || inner?.op.name !== 'contract') return null;
  const dropped = inner.rank - x.rank;
  const same = inner.shape.every((n, i) => n === (i < x.rank ? x.shape[i] : 1));
  return dropped > 0 && same ? { contraction: inner, dropped } : null;
}

/** Adds the taps (last axis) of sliding windows up along `axis`, which gets `length` elements. */
export function fold(x: Tensor, axis: number, length: number, stride = 1, dilation = 1): Tensor {
  return apply(foldOp, [x], { axis, length, stride, dilation });
}

interface BandParams extends Omit<WindowParams, 'size'> {
  /** axis of the positions in the result, counted from its end; the taps are laid along `axis` */
  a: number;
  length: number;
}

const bandParams = (p: Readonly<Record<string, unknown>>): BandParams => p as unknown as BandParams;

// ---- band: y[.., l, .., l·stride + t·dilation, ..] = x[.., 1, .., l, .., t], zero elsewhere: the fold of
// one-hot positions, where no two taps meet. The Jacobian of a convolution is made of such bands.

const bandOp = linear({
  name: 'band',
  shape(x, p) {
    const { a, axis, length } = bandParams(p);
    const n = x[x.length - 1 + axis] as number;
    return withDim(withDim(x.slice(0, -1), a, n), axis, length);
  },
  evaluate([x], p, shape) {
    const { a, axis, stride, dilation } = bandParams(p);
    const t = x as { shape: Shape; data: Float64Array };
    const strides = stridesOf(t.shape);
    const taps = t.shape[shape.length] as number;
    const [ia, i] = [shape.length + a, shape.length + axis];
    return gatherElements(t, shape, (at) => {
      const position = at[ia] as number;
      const tap = ((at[i] as number) - position * stride) / dilation;
      if (!Number.isInteger(tap) || tap < 0 || tap >= taps) return -1;
      return at.reduce(
        (sum, c, j) => sum + (strides[j] as number) * (j === ia ? 0 : j === i ? position : c),
        tap,
      );
    });
  },
  transpose(g, node) {
    const { a, axis, stride, dilation } = bandParams(node.params);
    const taps = dim(node.inputs[0] as Tensor, -1);
    return takeDiagonal(window(g, axis, taps, stride, dilation), a - 1, axis - 1);
  },
  rewrite([x], p) {
    const t = x as Tensor;
    if (fullValue(t) === 0) return full(bandOp.shape([t], p), 0, t.dtype);
    const { a, axis } = bandParams(p);
    const e = embedded(t);
    const own = [-1, a - 1, axis - 1];
    if (e && !own.includes(e.a) && !own.includes(e.b))
      return e.again(apply(bandOp, [e.inner], p), e.a + 1, e.b + 1);
    return undefined;
  },
  indexMap(at, node) {
    const { a, axis, stride, dilation } = bandParams(node.params);
    const x = node.inputs[0] as Tensor;
    const [ia, i] = [at.length + a, at.length + axis];
    const position = at[ia] as Index;
    const reach = add(at[i] as Index, scale(position, -stride));
    const { quotient: tap, guards } = divided(reach, dilation);
    return {
      at: [...at.map((c, j) => (j === ia ? ZERO : j === i ? position : c)), tap],
      guards: [{ index: reach, lo: 0, hi: (dim(x, -1) - 1) * dilation + 1 }, ...guards],
    };
  },
  derivative: 'band(dx)',
});

/**
 * Taps (last axis of `x`) laid along `axis`, each position shifted by `stride` against the one before, the
 * positions along `a`; both count the axes of the result, where `axis` has `length` elements. `x` has length
 * 1 along `a` and its positions along `axis`.
 */
export function band(
  x: Tensor,
  a: number,
  axis: number,
  { length, stride, dilation }: { length: number; stride: number; dilation: number },
): Tensor {
  return apply(bandOp, [x], { a, axis, length, stride, dilation });
}

export const windowOps = [windowOp, foldOp, bandOp];
