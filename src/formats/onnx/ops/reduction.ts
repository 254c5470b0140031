import {
  abs,
  arange,
  argmax,
  argmin,
  cast,
  cumprod,
  cumsum,
  equal,
  expandDims,
  flip,
  less,
  log,
  logicalAnd,
  logicalOr,
  logsumexp,
  max,
  mean,
  min,
  moveAxis,
  norm,
  pad,
  prod,
  slice,
  square,
  sub,
  sum,
  takeAlongAxis,
  where,
  type Tensor,
} from '../../../trace/index.ts';
import type { Call } from '../call.ts';
import { op, type Op } from '../op.ts';

type Reduce = (x: Tensor, axes: number[], options: { keepDims: boolean }) => Tensor;

/** A reduction whose axes are an attribute before opset `since` and an input from then on. */
const reduction = (f: Reduce, since = 18): Op =>
  op((n) => {
    const x = n.input(0);
    const given = n.opset < since ? n.ints('axes') : n.knownInts(1);
    if (!given?.length && n.flag('noop_with_empty_axes')) return x;
    const axes = given?.length ? given.map((a) => n.axis(a, x.rank)) : x.shape.map((_, i) => i);
    const y = f(x, axes, { keepDims: n.flag('keepdims', true) });
    return x.dtype === 'f32' ? y : cast(y, x.dtype);
  });

export const ReduceSum = reduction(sum, 13);
export const ReduceMean = reduction(mean);
export const ReduceMax = reduction(max);
export const ReduceMin = reduction(min);
export const ReduceProd = reduction(prod);
export const ReduceLogSumExp = reduction(logsumexp);
export const ReduceL2 = reduction(norm);
export const ReduceL1 = reduction((x, axes, o) => sum(abs(x), axes, o));
export const ReduceSumSquare = reduction((x, axes, o) => sum(square(x), axes, o));
export const ReduceLogSum = reduction((x, axes, o) => log(sum(x, axes, o)));

const piecewise = { derivative: false } as const;

const position = (f: (x: Tensor, axis: number) => Tensor): Op =>
  op((n) => {
    const x = n.input(0);
    const axis = n.axis(n.int('axis', 0), x.rank);
    const found = n.flag('select_last_index')
      ? sub((x.shape[axis] as number) - 1, f(flip(x, axis), axis))
      : f(x, axis);
    return n.flag('keepdims', true) ? expandDims(found, axis) : found;
  }, piecewise);

export const ArgMax = position(argmax);
export const ArgMin = position(argmin);

/** Running sums or products; `neutral` comes first when the element itself is left out. */
function running(n: Call, f: (x: Tensor, axis: number) => Tensor, neutral: number): Tensor {
  const x = n.input(0);
  const axis = n.axis(n.knownNumber(1) ?? 0, x.rank);
  const reverse = n.flag('reverse');
  let y = reverse ? flip(x, axis) : x;
  if (n.flag('exclusive')) {
    const moved = moveAxis(y, axis, -1);
    const first = moved.rank - 1;
    const kept = slice(moved, ...new Array<null>(first).fill(null), [0, -1]);
    y = moveAxis(pad(kept, [[1, 0]], { value: neutral }), -1, axis);
  }
  const sums = f(y, axis);
  return reverse ? flip(sums, axis) : sums;
}

export const CumSum = op((n) => running(n, cumsum, 0), { since: 11 });
export const CumProd = op((n) => running(n, cumprod, 1), { since: 26 });

/**
 * The largest (or smallest) k along an axis and their positions. The rank of an element is the number of
 * those before it: larger ones, and equal ones with a smaller index.
 */
export const TopK = op(
  (n) => {
    const x = n.input(0);
    const axis = n.axis(n.int('axis', -1), x.rank);
    const k = n.opset < 10 ? (n.int('k') ?? n.fail('has no k')) : (n.knownNumber(1) ?? 0);
    const length = x.shape[axis] as number;
    if (!(k >= 0 && k <= length)) n.fail(`k is ${k}, axis ${axis} has ${length} elements`);
    const last = moveAxis(x, axis, -1);
    const index = arange(0, length, 1, 'i32');
    // a: the element ranked, b: those it is compared with
    const [a, b] = [expandDims(last, -1), expandDims(last, -2)];
    const above = n.flag('largest', true) ? less(a, b) : less(b, a);
    const before = less(index, expandDims(index, -1));
    const rank = sum(cast(logicalOr(above, logicalAnd(equal(a, b), before)), 'i32'), -1);
    const places = expandDims(arange(0, k, 1, 'i32'), -1);
    const here = equal(expandDims(rank, -2), places);
    const positions = sum(where(here, index, 0), -1);
    const values = takeAlongAxis(last, positions, -1);
    return [moveAxis(values, -1, axis), moveAxis(positions, -1, axis)];
  },
  { limits: 'always sorted; k has to be constant' },
);
