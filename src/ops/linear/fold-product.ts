import type { Tensor } from '../../ir/tensor.ts';
import { range } from '../../util/shape.ts';
import { dim } from '../axes.ts';
import { contract } from '../contract.ts';
import { reshape, transpose } from './layout.ts';
import { flip, pad } from './slice.ts';

/** How taps are laid along an axis that gets `length` elements. */
export interface Laid {
  readonly length: number;
  readonly stride: number;
  readonly dilation: number;
}

/** The functions of window.ts, which needs this file. */
interface Windows {
  window(x: Tensor, axis: number, size: number, stride: number, dilation: number): Tensor;
  interleave(x: Tensor, axis: number, laid: Laid): Tensor;
}

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
export function foldOfProduct(
  x: Tensor,
  axis: number,
  { length, stride, dilation }: Laid,
  { window, interleave }: Windows,
): Tensor | null {
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
  for (; y.op.name === 'interleave'; y = y.inputs[0] as Tensor)
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
