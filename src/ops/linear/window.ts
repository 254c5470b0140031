import { add, div, mod, scale, ZERO, type Index } from '../../ir/index-expr.ts';
import { divided } from '../../ir/index-map.ts';
import { apply, type Tensor } from '../../ir/tensor.ts';
import { range, sizeOf, stridesOf, type Shape } from '../../util/shape.ts';
import { dim, withDim } from '../axes.ts';
import { contract } from '../contract.ts';
import { embedded } from '../embedded.ts';
import { dot, eachIndex, gatherElements } from '../ndarray.ts';
import { full, fullValue } from '../source.ts';
import { linear } from './define.ts';
import { takeDiagonal } from './diagonal.ts';
import { reshape, swap, transpose } from './layout.ts';
import { flip, pad, slice } from './slice.ts';

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
    const sizes = { length: p['length'] as number, stride, dilation };
    const e = embedded(t);
    if (e && e.a < -1 && e.b < -1) {
      if (axis - 1 === e.b) return band(e.inner, e.a + 1, axis, sizes);
      if (axis - 1 === e.a) return band(swap(e.inner, e.a, e.b), e.b + 1, axis, sizes);
      return e.again(apply(foldOp, [e.inner], p), e.a + 1, e.b + 1);
    }
    if ((dim(t, -1) - 1) * dilation < stride) return interleave(t, axis, sizes);
    return foldOfProduct(t, axis, sizes) ?? undefined;
  },
  derivative: 'fold(dx)',
});

/**
 * The gradient of a convolution by its input. There fold meets Σ_o g[.., l, 1] w[.., 1, t], and with
 * stride 1
 *   y[i] = Σ_{l + t·d = i} Σ_o g[l] w[t] = Σ_t Σ_o g'[i + t·d] w[T-1-t],
 * with g' = g shifted by (T-1)·d: a contraction again, with windows of g instead of a product l × t in
 * memory. With a stride s, element i = q·s + r meets every s-th tap only, t = u·s + r, so
 *   y[q·s + r] = Σ_u Σ_o g[q - u] w[u·s + r]
 * is s such contractions, which are one with the phase r as a further axis of the weights, interleaved
 * (sub-pixel convolution: Shi and others, 2016). Of a convolution in the plane the second fold meets
 * what the first became, its summed taps dropped; they stay summed beside the new ones.
 */
function foldOfProduct(x: Tensor, axis: number, { length, stride, dilation }: Laid): Tensor | null {
  if (stride > 1 && dilation > 1) return null;
  const product = productIn(x);
  if (product === null) return null;
  const { node, axes, dropped, phases } = product;
  // the taps and the position, as the product counts its axes
  const trailing = dropped + phases.length;
  const tap = -1 - trailing;
  const at = axis - 1 - trailing;
  const taps = dim(node, tap);
  if (axes.includes(at) || axes.some((v) => v >= tap && v < -dropped)) return null;
  if (phases.some((p, i) => p.axis >= -1 - i || p.axis === axis - 1 - i)) return null;
  const [a, b] = node.inputs as [Tensor, Tensor];
  const isSource = (g: Tensor, w: Tensor): boolean =>
    dim(g, tap) === 1 && dim(w, at) === 1 && dim(w, tap) === taps && dim(g, at) === dim(node, at);
  if (!isSource(a, b) && !isSource(b, a)) return null;
  const [g, w] = isSource(a, b) ? [a, b] : [b, a];

  const terms = Math.ceil(taps / stride);
  const positions = Math.ceil(length / stride);
  const kept = reshape(
    g,
    g.shape.filter((_, i) => i - g.rank !== tap),
  );
  const source = pad(kept, at + 1, (terms - 1) * dilation, positions - dim(kept, at + 1));
  const windows = window(source, at + 1, terms, 1, dilation);
  // phase and terms go before the taps that were dropped: they stay the innermost terms
  const place = windows.rank - 1 - dropped;
  const all = range(windows.rank - 1);
  const arranged = (y: Tensor, ...last: number[]): Tensor =>
    transpose(y, [...all.slice(0, place), ...last, ...all.slice(place)]);
  const steps = pad(toLast(w, tap), -1, 0, terms * stride - taps);
  const apart = reshape(steps, [...steps.shape.slice(0, -1), terms, stride]);
  const [term, phase] = [windows.rank - 1, windows.rank];
  const contracted = contract(
    arranged(reshape(windows, [...windows.shape, 1]), phase, term),
    flip(arranged(apart, phase, term), -1 - dropped),
    [...axes.map((v) => (v < -dropped ? v - 1 : v)), -1 - dropped],
  );
  const whole = reshape(contracted, contracted.shape.slice(0, place + 1));
  const laid = interleave(whole, axis - phases.length, { length, stride, dilation: 1 });
  return phases.reduceRight((y, p) => interleave(y, p.axis + 1, p), laid);
}

/** `x` with one axis, counted from the end, moved behind all others. */
function toLast(x: Tensor, axis: number): Tensor {
  const others = range(x.rank).filter((i) => i !== x.rank + axis);
  return transpose(x, [...others, x.rank + axis]);
}

/** A product, summed or not, and what was done to its result. */
interface Product {
  readonly node: Tensor;
  /** axes it is summed over */
  readonly axes: readonly number[];
  /** its last axes, of length 1, that are gone */
  readonly dropped: number;
  /** how the axes before those were laid, the last of them first to go and last in this list */
  readonly phases: readonly (Laid & { axis: number })[];
}

/** `x` as a product whose last axes have length 1, or were interleaved with others. */
function productIn(x: Tensor): Product | null {
  const phases: (Laid & { axis: number })[] = [];
  let y = x;
  for (; y.op === interleaveOp; y = y.inputs[0] as Tensor)
    phases.push(y.params as unknown as Laid & { axis: number });
  const node = y.op.name === 'reshape' ? (y.inputs[0] as Tensor) : y;
  const dropped = node.rank - y.rank;
  const same = node.shape.every((n, i) => n === (i < y.rank ? y.shape[i] : 1));
  if (!same || dropped < 0) return null;
  if (node.op.name === 'contract')
    return { node, axes: node.params['axes'] as number[], dropped, phases };
  // a convolution of each channel by itself
  return node.op.name === 'mul' && node.dtype === 'f32'
    ? { node, axes: [], dropped, phases }
    : null;
}

/** Adds the taps (last axis) of sliding windows up along `axis`, which gets `length` elements. */
export function fold(x: Tensor, axis: number, length: number, stride = 1, dilation = 1): Tensor {
  return apply(foldOp, [x], { axis, length, stride, dilation });
}

// ---- interleave: y[.., l·stride + t·dilation, ..] = x[.., l, .., t], zero elsewhere: a fold where no two
// taps meet. The gradient of pooling without overlap, and the phases of a strided convolution's.

const interleaveOp = linear({
  name: 'interleave',
  shape: (x, p) => withDim(x.slice(0, -1), p['axis'] as number, p['length'] as number),
  evaluate([x], p, shape) {
    const { axis, stride, dilation } = params(p);
    const t = x as Nd;
    const strides = stridesOf(t.shape);
    const i = shape.length + axis;
    const [positions, taps] = [t.shape[i] as number, t.shape[shape.length] as number];
    return gatherElements(t, shape, (at) => {
      const position = Math.floor((at[i] as number) / stride);
      const tap = ((at[i] as number) % stride) / dilation;
      if (position >= positions || tap >= taps || !Number.isInteger(tap)) return -1;
      return dot([...at.map((c, j) => (j === i ? position : c)), tap], strides);
    });
  },
  transpose(g, node) {
    const { axis, stride, dilation } = params(node.params);
    const x = node.inputs[0] as Tensor;
    const taps = dim(x, -1);
    // the last taps may lie beyond the end, or end before it
    const reach = (dim(x, axis - 1) - 1) * stride + (taps - 1) * dilation + 1;
    const whole = pad(g, axis, 0, Math.max(0, reach - dim(g, axis)));
    return window(slice(whole, axis, 0, reach), axis, taps, stride, dilation);
  },
  rewrite([x], p) {
    const t = x as Tensor;
    if (t.size === 0 || fullValue(t) === 0) return full(interleaveOp.shape([t], p), 0, t.dtype);
    const { axis, stride } = params(p);
    const length = p['length'] as number;
    if (stride === 1 && length >= dim(t, axis - 1))
      return pad(reshape(t, t.shape.slice(0, -1)), axis, 0, length - dim(t, axis - 1));
    const e = embedded(t);
    const own = [-1, axis - 1];
    if (e && !own.includes(e.a) && !own.includes(e.b))
      return e.again(apply(interleaveOp, [e.inner], p), e.a + 1, e.b + 1);
    return undefined;
  },
  indexMap(at, node) {
    const { axis, stride, dilation } = params(node.params);
    const x = node.inputs[0] as Tensor;
    const i = at.length + axis;
    const position = div(at[i] as Index, stride);
    const within = mod(at[i] as Index, stride);
    const { quotient: tap, guards } = divided(within, dilation);
    return {
      at: [...at.map((c, j) => (j === i ? position : c)), tap],
      guards: [
        { index: position, lo: 0, hi: dim(x, axis - 1) },
        { index: within, lo: 0, hi: (dim(x, -1) - 1) * dilation + 1 },
        ...guards,
      ],
    };
  },
  derivative: 'interleave(dx)',
});

/** How taps are laid along an axis that gets `length` elements. */
export interface Laid {
  readonly length: number;
  readonly stride: number;
  readonly dilation: number;
}

/**
 * Taps (last axis of `x`) laid along `axis` of the result, where they replace the positions, `stride` apart;
 * the taps of a position end before the next one begins. What lies beyond `length` is cut off.
 */
export function interleave(x: Tensor, axis: number, { length, stride, dilation }: Laid): Tensor {
  return apply(interleaveOp, [x], { axis, length, stride, dilation });
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
  { length, stride, dilation }: Laid,
): Tensor {
  return apply(bandOp, [x], { a, axis, length, stride, dilation });
}

export const windowOps = [windowOp, foldOp, interleaveOp, bandOp];
