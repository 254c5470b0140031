import { offset, scale, type Index } from '../../ir/index-expr.ts';
import { divided } from '../../ir/index-map.ts';
import { apply, type Tensor } from '../../ir/tensor.ts';
import { stridesOf, type Shape } from '../../util/shape.ts';
import { dim, withDim } from '../axes.ts';
import { embedded } from '../embedded.ts';
import { dot, gatherElements } from '../ndarray.ts';
import { full, fullValue } from '../source.ts';
import { linear } from './define.ts';

type Nd = { shape: Shape; data: Float64Array };

// ---- slice: along one axis, y[i] = x[start + step·i], i < length

const sliceOp = linear({
  name: 'slice',
  shape: (x, { axis, length }) => withDim(x, axis as number, length as number),
  evaluate([x], { axis, start, step }, shape) {
    const t = x as Nd;
    const strides = stridesOf(t.shape);
    const i = shape.length + (axis as number);
    const base = (start as number) * (strides[i] as number);
    strides[i] = (strides[i] as number) * (step as number);
    return gatherElements(t, shape, (at) => base + dot(at, strides));
  },
  transpose(g, node) {
    const { axis, start, step, length } = numbers(node.params);
    const n = dim(node.inputs[0] as Tensor, axis);
    return pad(g, axis, start, n - start - Math.max(0, (length - 1) * step + 1), step - 1);
  },
  rewrite([x], params) {
    const t = x as Tensor;
    const { axis, start, step, length } = numbers(params);
    if (start === 0 && step === 1 && length === dim(t, axis)) return t;
    const value = fullValue(t);
    if (value !== undefined) return full(sliceOp.shape([t], params), value, t.dtype);
    if (t.op === sliceOp && t.params['axis'] === axis) {
      const q = numbers(t.params);
      return slice(t.inputs[0] as Tensor, axis, q.start + q.step * start, length, q.step * step);
    }
    const e = embedded(t);
    if (e && length > 0) {
      const n = dim(t, axis);
      const after = n - start - (length - 1) * step - 1;
      const cut = (v: Tensor): Tensor => slice(v, e.b, start, length, step);
      if (axis === e.b) return pad(e.again(cut(e.inner)), e.a, start, after, step - 1);
      if (axis === e.a) return pad(e.again(cut(e.inner)), e.b, start, after, step - 1);
      return e.again(slice(e.inner, axis, start, length, step));
    }
    return undefined;
  },
  indexMap(at, node) {
    const { axis, start, step } = numbers(node.params);
    const i = at.length + axis;
    return {
      at: at.map((c, j) => (j === i ? offset(scale(c, step), start) : c)),
      guards: [],
    };
  },
  derivative: 'slice(dx)',
});

function numbers(params: Readonly<Record<string, unknown>>): {
  axis: number;
  start: number;
  step: number;
  length: number;
} {
  return params as { axis: number; start: number; step: number; length: number };
}

/** `length` elements along `axis` (counted from the end), from `start`, `step` > 0 apart. */
export function slice(x: Tensor, axis: number, start: number, length: number, step = 1): Tensor {
  return apply(sliceOp, [x], { axis, start, step: length <= 1 ? 1 : step, length });
}

// ---- pad: along one axis, zeros: `low` before, `high` after, `inside` between neighbours

const padOp = linear({
  name: 'pad',
  shape: (x, { axis, low, high, inside }) => {
    const n = x[x.length + (axis as number)] as number;
    const spread = n + Math.max(0, n - 1) * (inside as number);
    return withDim(x, axis as number, spread + (low as number) + (high as number));
  },
  evaluate([x], { axis, low, inside }, shape) {
    const t = x as Nd;
    const strides = stridesOf(t.shape);
    const i = shape.length + (axis as number);
    const n = t.shape[i] as number;
    return gatherElements(t, shape, (at) => {
      const p = (at[i] as number) - (low as number);
      const q = p / ((inside as number) + 1);
      if (!Number.isInteger(q) || q < 0 || q >= n) return -1;
      return dot(at, strides) + (q - (at[i] as number)) * (strides[i] as number);
    });
  },
  transpose(g, node) {
    const { axis, low, inside } = node.params as { axis: number; low: number; inside: number };
    return slice(g, axis, low, dim(node.inputs[0] as Tensor, axis), inside + 1);
  },
  rewrite([x], params) {
    const t = x as Tensor;
    const { axis, low, high, inside } = params as {
      axis: number;
      low: number;
      high: number;
      inside: number;
    };
    if (low === 0 && high === 0 && (inside === 0 || dim(t, axis) <= 1)) return t;
    if (fullValue(t) === 0) return full(padOp.shape([t], params), 0, t.dtype);
    const e = embedded(t);
    if (e && axis !== e.a && axis !== e.b) return e.again(pad(e.inner, axis, low, high, inside));
    return undefined;
  },
  indexMap(at, node) {
    const { axis, low, inside } = node.params as { axis: number; low: number; inside: number };
    const i = at.length + axis;
    const n = dim(node.inputs[0] as Tensor, axis);
    const shifted = offset(at[i] as Index, -low);
    const step = inside + 1;
    const { quotient, guards } = divided(shifted, step);
    return {
      at: at.map((c, j) => (j === i ? quotient : c)),
      guards: [{ index: shifted, lo: 0, hi: (n - 1) * step + 1 }, ...guards],
    };
  },
  derivative: 'pad(dx)',
});

/** Zeros around and between the elements along `axis` (counted from the end). */
export function pad(x: Tensor, axis: number, low: number, high: number, inside = 0): Tensor {
  return apply(padOp, [x], { axis, low, high, inside });
}

/** The structure of `x` if it was made by `pad`. */
export function padded(
  x: Tensor,
): { inner: Tensor; axis: number; low: number; inside: number } | null {
  if (x.op !== padOp) return null;
  const { axis, low, inside } = x.params as { axis: number; low: number; inside: number };
  return { inner: x.inputs[0] as Tensor, axis, low, inside };
}

// ---- flip: y[i] = x[n-1-i] along one axis

const flipOp = linear({
  name: 'flip',
  shape: (x) => x,
  evaluate([x], { axis }, shape) {
    const t = x as Nd;
    const strides = stridesOf(t.shape);
    const i = shape.length + (axis as number);
    const base = ((shape[i] as number) - 1) * (strides[i] as number);
    strides[i] = -(strides[i] as number);
    return gatherElements(t, shape, (at) => base + dot(at, strides));
  },
  transpose: (g, node) => flip(g, node.params['axis'] as number),
  rewrite([x], { axis }) {
    const t = x as Tensor;
    if (dim(t, axis as number) <= 1 || fullValue(t) !== undefined) return t;
    if (t.op === flipOp && t.params['axis'] === axis) return t.inputs[0];
    const e = embedded(t);
    if (e && axis !== e.a && axis !== e.b) return e.again(flip(e.inner, axis as number));
    return undefined;
  },
  indexMap(at, node) {
    const axis = node.params['axis'] as number;
    const i = at.length + axis;
    const n = dim(node, axis);
    return { at: at.map((c, j) => (j === i ? offset(scale(c, -1), n - 1) : c)), guards: [] };
  },
  derivative: 'flip(dx)',
});

/** `x` in reverse order along `axis` (counted from the end). */
export function flip(x: Tensor, axis: number): Tensor {
  return apply(flipOp, [x], { axis });
}

export const sliceOps = [sliceOp, padOp, flipOp];
