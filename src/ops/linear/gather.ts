import type { NdArray } from '../../ir/op.ts';
import { apply, type Tensor } from '../../ir/tensor.ts';
import { sizeOf, stridesOf, type Shape } from '../../util/shape.ts';
import { broadcastShape, withDim } from '../axes.ts';
import { embedded } from '../embedded.ts';
import { broadcastStrides, dot, eachIndex } from '../ndarray.ts';
import { full, fullValue } from '../source.ts';
import { linear } from './define.ts';
import { broadcast, lead, sum } from './layout.ts';

/** Indices out of range are clamped, on the GPU and here. */
const clamp = (i: number, n: number): number => Math.min(Math.max(Math.trunc(i), 0), n - 1);

const leading = (inputs: readonly Tensor[]): number[] =>
  broadcastShape(inputs.map((x) => ({ shape: withDim(x.shape, -1, 1) })));

// ---- gather: y[.., j] = x[.., indices[.., j]] along the last axis; the others broadcast

const gatherOp = linear({
  name: 'gather',
  shape: (_, __, inputs) => {
    const index = inputs[1] as Tensor;
    return withDim(leading(inputs), -1, index.shape[index.rank - 1] as number);
  },
  evaluate([x, index], _, shape) {
    const [t, ix] = [x as NdArray, index as NdArray];
    const n = t.shape[t.shape.length - 1] as number;
    const xs = broadcastStrides(t.shape);
    const is = broadcastStrides(ix.shape);
    xs[xs.length - 1] = 0;
    const out = new Float64Array(sizeOf(shape));
    eachIndex(shape, (at, i) => {
      const j = clamp(ix.data[dot(at, is)] as number, n);
      out[i] = t.data[dot(at, xs) + j] as number;
    });
    return out;
  },
  transpose(g, node) {
    const [x, index] = node.inputs as [Tensor, Tensor];
    const full = scatterAdd(g, index, x.shape[x.rank - 1] as number);
    return sumTo(full, x.shape);
  },
  rewrite([x, index]) {
    const t = x as Tensor;
    const value = fullValue(t);
    if (value !== undefined) return full(gatherOp.shape([t, index as Tensor], {}), value, t.dtype);
    const e = embedded(t);
    const ix = index as Tensor;
    if (
      e &&
      e.a !== -1 &&
      e.b !== -1 &&
      ix.shape[ix.rank + e.a] === 1 &&
      ix.shape[ix.rank + e.b] === 1
    )
      return e.again(gather(e.inner, ix));
    return undefined;
  },
  derivative: 'gather(dx, indices)',
});

/** Sums leading-aligned broadcast axes away, so that the last `shape.length` axes have that shape. */
function sumTo(x: Tensor, shape: Shape): Tensor {
  const axes: number[] = [];
  shape.forEach((n, i) => {
    const axis = i - shape.length;
    if (n === 1 && x.shape[x.rank + axis] !== 1) axes.push(axis);
  });
  return sum(x, axes);
}

/** Elements of `x` along its last axis at integer `indices` (equal rank, other axes broadcast). */
export function gather(x: Tensor, indices: Tensor): Tensor {
  const rank = Math.max(x.rank, indices.rank);
  return apply(gatherOp, [lead(x, rank), lead(indices, rank)]);
}

// ---- scatterAdd, the adjoint: y[.., i] = Σ_{j: indices[.., j] = i} x[.., j]

const scatterOp = linear({
  name: 'scatterAdd',
  shape: (_, { length }, inputs) => withDim(leading(inputs), -1, length as number),
  evaluate([x, index], { length }, shape) {
    const [t, ix] = [x as NdArray, index as NdArray];
    const out = new Float64Array(sizeOf(shape));
    const m = broadcastShape([t, ix]).at(-1) as number;
    const xs = broadcastStrides(t.shape);
    const is = broadcastStrides(ix.shape);
    const os = stridesOf(shape);
    os[os.length - 1] = 0;
    eachIndex(withDim(shape, -1, m), (at) => {
      const to = dot(at, os) + clamp(ix.data[dot(at, is)] as number, length as number);
      out[to] = (out[to] as number) + (t.data[dot(at, xs)] as number);
    });
    return out;
  },
  transpose(g, node) {
    const [x, index] = node.inputs as [Tensor, Tensor];
    const t = gather(g, index);
    const m = broadcastShape([x, index]).at(-1) as number;
    return sumTo(broadcast(t, withDim(t.shape, -1, m)), x.shape);
  },
  rewrite([x, index], { length }) {
    const t = x as Tensor;
    if (fullValue(t) === 0)
      return full(scatterOp.shape([t, index as Tensor], { length }), 0, t.dtype);
    const e = embedded(t);
    const ix = index as Tensor;
    if (
      e &&
      e.a !== -1 &&
      e.b !== -1 &&
      ix.shape[ix.rank + e.a] === 1 &&
      ix.shape[ix.rank + e.b] === 1
    )
      return e.again(scatterAdd(e.inner, ix, length as number));
    return undefined;
  },
  derivative: 'scatterAdd(dx, indices)',
});

/** Adds the last axis of `x` up at integer `indices` into `length` elements. */
export function scatterAdd(x: Tensor, indices: Tensor, length: number): Tensor {
  const rank = Math.max(x.rank, indices.rank);
  return apply(scatterOp, [lead(x, rank), lead(indices, rank)], { length });
}

export const gatherOps = [gatherOp, scatterOp];
