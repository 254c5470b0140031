import { add, div, mod, scale, ZERO, type Index } from '../../ir/index-expr.ts';
import { divided } from '../../ir/index-map.ts';
import { apply, type Tensor } from '../../ir/tensor.ts';
import { sizeOf, stridesOf, type Shape } from '../../util/shape.ts';
import { dim, withDim } from '../axes.ts';
import { embedded } from '../embedded.ts';
import { dot, eachIndex, gatherElements } from '../ndarray.ts';
import { full, fullValue } from '../source.ts';
import { linear } from './define.ts';
import { takeDiagonal } from './diagonal.ts';
import { foldOfProduct, type Laid } from './fold-product.ts';
import { reshape, swap } from './layout.ts';
import { pad, slice } from './slice.ts';

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
    return foldOfProduct(t, axis, sizes, { window, interleave }) ?? undefined;
  },
  derivative: 'fold(dx)',
});

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
