import { flatten, unflatten } from '../../ir/index-map.ts';
import { apply, type Tensor } from '../../ir/tensor.ts';
import { sameShape, sizeOf, stridesOf, type Shape } from '../../util/shape.ts';
import { withDim } from '../axes.ts';
import { embedded } from '../embedded.ts';
import { dot, gatherElements } from '../ndarray.ts';
import { full, fullValue } from '../source.ts';
import { linear } from './define.ts';

// ---- reshape: the last `from.length` axes, of lengths `from`, become axes of lengths `to`

const reshapeOp = linear({
  name: 'reshape',
  shape: (x, { from, to }) => [
    ...x.slice(0, x.length - (from as Shape).length),
    ...(to as number[]),
  ],
  evaluate: ([x]) => (x as { data: Float64Array }).data,
  transpose: (g, { params: { from, to } }) => apply(reshapeOp, [g], { from: to, to: from }),
  rewrite([x], { from, to }) {
    const t = x as Tensor;
    const rank = t.shape.length - (from as Shape).length;
    const target = [...t.shape.slice(0, rank), ...(to as number[])];
    if (sameShape(t.shape, target)) return t;
    const value = fullValue(t);
    if (value !== undefined) return full(target, value, t.dtype);
    if (t.op === reshapeOp) return reshape(t.inputs[0] as Tensor, target);
    const e = embedded(t);
    if (e) {
      const moved = reshapeEmbedded(t, target, e.a, e.b);
      if (moved) return e.again(reshape(e.inner, moved.inner), moved.a, moved.b);
    }
    const short = trimmed(t.shape, target);
    if (short.from.length !== (from as Shape).length) return apply(reshapeOp, [t], short);
    return undefined;
  },
  indexMap: (at, node) => {
    const shape = (node.inputs[0] as Tensor).shape;
    return { at: unflatten(flatten(at, node.shape), shape), guards: [] };
  },
  derivative: 'reshape(dx)',
});

/** What is left of two shapes when the axes they begin with alike are set aside. */
function trimmed(from: Shape, to: Shape): { from: number[]; to: number[] } {
  let i = 0;
  while (i < from.length && i < to.length && from[i] === to[i]) i++;
  return { from: from.slice(i), to: to.slice(i) };
}

/**
 * Where the axes `a` and `b` of `x` (counted from the end) are after a reshape to `target`, if the
 * reshape leaves each of them whole; `inner` is the target with axis `a` of length 1.
 */
function reshapeEmbedded(
  x: Tensor,
  target: Shape,
  a: number,
  b: number,
): { inner: number[]; a: number; b: number } | null {
  if (x.size === 0) return null;
  const a2 = wholeAxis(x, target, a);
  const b2 = wholeAxis(x, target, b);
  if (a2 === null || b2 === null || a2 === b2) return null;
  return { inner: withDim(target, a2, 1), a: a2, b: b2 };
}

/** The axis of `target`, counted from the end, that a reshape of `x` makes of its whole `axis`. */
export function wholeAxis(
  x: { readonly shape: Shape },
  target: Shape,
  axis: number,
): number | null {
  const i = x.shape.length + axis;
  const before = sizeOf(x.shape.slice(0, i));
  const length = x.shape[i] as number;
  let product = 1;
  for (let j = 0; j < target.length; j++) {
    if (product === before && target[j] === length) return j - target.length;
    product *= target[j] as number;
  }
  return null;
}

/** `x` with its elements, in row-major order, in another shape of the same size. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return apply(reshapeOp, [x], trimmed(x.shape, shape));
}

/** `x` with axes of length 1 in front, up to `rank` axes. */
export function lead(x: Tensor, rank: number): Tensor {
  if (x.rank >= rank) return x;
  return reshape(x, [...new Array<number>(rank - x.rank).fill(1), ...x.shape]);
}

// ---- transpose: axis i of the last `perm.length` axes of the result is axis perm[i] < 0 of x

const transposeOp = linear({
  name: 'transpose',
  shape(x, { perm }) {
    const p = perm as number[];
    return [...x.slice(0, x.length - p.length), ...p.map((i) => x[x.length + i] as number)];
  },
  evaluate([x], { perm }, shape) {
    const t = x as { shape: Shape; data: Float64Array };
    const strides = stridesOf(t.shape);
    const p = perm as number[];
    const own = strides.map((s, i) => {
      const axis = i - (strides.length - p.length);
      return axis < 0 ? s : (strides[strides.length + (p[axis] as number)] as number);
    });
    return gatherElements(t, shape, (at) => dot(at, own));
  },
  transpose: (g, { params }) =>
    apply(transposeOp, [g], { perm: inverse(params['perm'] as number[]) }),
  rewrite([x], { perm }) {
    const t = x as Tensor;
    const p = perm as number[];
    let same = 0;
    while (same < p.length && p[same] === same - p.length) same++;
    if (same === p.length) return t;
    if (same > 0) return apply(transposeOp, [t], { perm: p.slice(same) });
    const target = transposeOp.shape([t], { perm });
    const value = fullValue(t);
    if (value !== undefined) return full(target, value, t.dtype);
    if (t.op === transposeOp) {
      const q = t.params['perm'] as number[];
      const n = Math.max(p.length, q.length);
      const outer = extend(p, n);
      const innerPerm = extend(q, n);
      return apply(transposeOp, [t.inputs[0] as Tensor], {
        perm: outer.map((i) => innerPerm[n + i] as number),
      });
    }
    const e = embedded(t);
    if (e) {
      const at = (axis: number): number => {
        const i = p.indexOf(axis);
        return i < 0 ? axis : i - p.length;
      };
      return e.again(apply(transposeOp, [e.inner], { perm }), at(e.a), at(e.b));
    }
    // only axes of length 1 change places: a reshape
    const moving = p.filter((i) => t.shape[t.rank + i] !== 1);
    if (moving.every((v, i) => i === 0 || v > (moving[i - 1] as number))) return reshape(t, target);
    return undefined;
  },
  indexMap(at, node) {
    const p = node.params['perm'] as number[];
    const lead = at.length - p.length;
    const back = inverse(p);
    return {
      at: at.map((c, i) => {
        if (i < lead) return c;
        return at[at.length + (back[i - lead] as number)] as typeof c;
      }),
      guards: [],
    };
  },
  derivative: 'transpose(dx)',
});

const extend = (perm: readonly number[], n: number): number[] => [
  ...Array.from({ length: n - perm.length }, (_, i) => i - n),
  ...perm,
];

function inverse(perm: readonly number[]): number[] {
  const out = new Array<number>(perm.length);
  perm.forEach((p, i) => (out[perm.length + p] = i - perm.length));
  return out;
}

/** Axis i of the result is axis `permutation[i]` (counted from the front) of `x`. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return apply(transposeOp, [x], { perm: permutation.map((i) => i - x.rank) });
}

/** Two axes, counted from the end, change places. */
export function swap(x: Tensor, a: number, b: number): Tensor {
  if (a === b) return x;
  const n = -Math.min(a, b);
  const perm = Array.from({ length: n }, (_, i) => i - n);
  perm[n + a] = b;
  perm[n + b] = a;
  return apply(transposeOp, [x], { perm });
}

// ---- broadcast: axes of length 1, counted from the end, are repeated; sum is its adjoint

const broadcastOp = linear({
  name: 'broadcast',
  shape(x, { axes, sizes }) {
    const out = [...x];
    (axes as number[]).forEach((a, i) => (out[out.length + a] = (sizes as number[])[i] as number));
    return out;
  },
  evaluate([x], _, shape) {
    const t = x as { shape: Shape; data: Float64Array };
    const strides = stridesOf(t.shape).map((s, i) => (t.shape[i] === 1 ? 0 : s));
    return gatherElements(t, shape, (at) => dot(at, strides));
  },
  transpose: (g, { params }) => sum(g, params['axes'] as number[]),
  rewrite([x], { axes, sizes }) {
    const t = x as Tensor;
    const a = axes as number[];
    const keep = a.map((_, i) => i).filter((i) => (sizes as number[])[i] !== 1);
    if (keep.length === 0) return t;
    if (keep.length < a.length)
      return apply(broadcastOp, [t], {
        axes: keep.map((i) => a[i]),
        sizes: keep.map((i) => (sizes as number[])[i]),
      });
    const value = fullValue(t);
    if (value !== undefined) return full(broadcastOp.shape([t], { axes, sizes }), value, t.dtype);
    const e = embedded(t);
    if (e) return e.again(apply(broadcastOp, [e.inner], { axes, sizes }));
    if (t.op === broadcastOp) {
      const pairs = new Map<number, number>();
      (t.params['axes'] as number[]).forEach((v, i) =>
        pairs.set(v, (t.params['sizes'] as number[])[i] as number),
      );
      a.forEach((v, i) => pairs.set(v, (sizes as number[])[i] as number));
      const merged = [...pairs].sort((p, q) => p[0] - q[0]);
      return apply(broadcastOp, [t.inputs[0] as Tensor], {
        axes: merged.map((p) => p[0]),
        sizes: merged.map((p) => p[1]),
      });
    }
    return undefined;
  },
  indexMap: (at, node) => {
    const shape = (node.inputs[0] as Tensor).shape;
    return {
      at: at.map((c, i) => (shape[i] === 1 ? { constant: 0, digits: [] } : c)),
      guards: [],
    };
  },
  derivative: 'broadcast(dx)',
});

/** `x` with its axes of length 1 repeated to the lengths of `shape` (of equal rank). */
export function broadcast(x: Tensor, shape: Shape): Tensor {
  const axes: number[] = [];
  const sizes: number[] = [];
  shape.forEach((n, i) => {
    if (x.shape[i] === n) return;
    axes.push(i - shape.length);
    sizes.push(n);
  });
  return apply(broadcastOp, [x], { axes, sizes });
}

// ---- sum: over axes counted from the end, which stay with length 1

const sumOp = linear({
  name: 'sum',
  shape(x, { axes }) {
    const out = [...x];
    for (const a of axes as number[]) out[out.length + a] = 1;
    return out;
  },
  evaluate([x], _, shape) {
    const t = x as { shape: Shape; data: Float64Array };
    const out = new Float64Array(sizeOf(shape));
    const own = stridesOf(shape).map((s, i) => (shape[i] === 1 ? 0 : s));
    const n = t.data.length;
    const at = new Array<number>(t.shape.length).fill(0);
    for (let i = 0; i < n; i++) {
      out[dot(at, own)] = (out[dot(at, own)] as number) + (t.data[i] as number);
      for (let axis = at.length - 1; axis >= 0; axis--) {
        if (++(at[axis] as number) < (t.shape[axis] as number)) break;
        at[axis] = 0;
      }
    }
    return out;
  },
  transpose(g, node) {
    const x = node.inputs[0] as Tensor;
    const axes = node.params['axes'] as number[];
    return apply(broadcastOp, [g], { axes, sizes: axes.map((a) => x.shape[x.rank + a]) });
  },
  rewrite([x], { axes }) {
    const t = x as Tensor;
    const a = axes as number[];
    const long = a.filter((v) => t.shape[t.rank + v] !== 1);
    if (long.length === 0) return t;
    if (long.length < a.length) return apply(sumOp, [t], { axes: long });
    const shape = sumOp.shape([t], { axes });
    const value = fullValue(t);
    if (value !== undefined && t.dtype === 'f32')
      return full(shape, value * (shape.length ? t.size / Math.max(1, sizeOf(shape)) : t.size));
    if (t.op === sumOp)
      return apply(sumOp, [t.inputs[0] as Tensor], {
        axes: [...(t.params['axes'] as number[]), ...a].sort((p, q) => p - q),
      });
    const e = embedded(t);
    if (e) {
      const overA = a.includes(e.a);
      const overB = a.includes(e.b);
      // Σ_b δ(a,b) v[b] = v[a]
      if (overA && overB) return apply(sumOp, [e.inner], { axes: a.filter((v) => v !== e.a) });
      if (overB) return sumOver(swap(e.inner, e.a, e.b), a, e.b);
      if (overA) return sumOver(e.inner, a, e.a);
      return e.again(apply(sumOp, [e.inner], { axes }));
    }
    // the sum of a product is a contraction
    if (t.op.name === 'contract' && t.dtype === 'f32')
      return apply(t.op, t.inputs, {
        axes: [...new Set([...(t.params['axes'] as number[]), ...a])].sort((p, q) => p - q),
      });
    return undefined;
  },
  derivative: 'Σ dx',
});

const sumOver = (x: Tensor, axes: readonly number[], but: number): Tensor =>
  sum(
    x,
    axes.filter((v) => v !== but),
  );

/** Sum over `axes` (counted from the end), which stay with length 1. */
export function sum(x: Tensor, axes: readonly number[]): Tensor {
  return apply(sumOp, [x], { axes: [...axes].sort((p, q) => p - q) });
}

export const layoutOps = [reshapeOp, transposeOp, broadcastOp, sumOp];
