import {
  add,
  arange,
  broadcastTo,
  cast,
  expandDims,
  greater,
  less,
  moveAxis,
  mul,
  ones,
  reshape,
  scatterAdd,
  slice,
  sub,
  take,
  takeAlongAxis,
  tensor,
  where,
  zeros,
  type Tensor,
} from '../../../trace/index.ts';
import { sizeOf, stridesOf } from '../../../util/shape.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';

/**
 * Indices into an axis, negative ones counted from its end: constant ones as constants, so that they are
 * checked and may simplify, others as they come.
 */
function indices(n: Call, given: Tensor, length: number, name?: string): Tensor {
  const known = n.knownOf(given, name);
  if (known) {
    const fromStart = known.data.map((i) => (i < 0 ? i + length : i));
    return tensor(Int32Array.from(fromStart), known.shape);
  }
  const index = given.dtype === 'i32' || given.dtype === 'u32' ? given : cast(given, 'i32');
  return index.dtype === 'u32' ? index : where(less(index, 0), add(index, length), index);
}

/** A constant in place of what depends on constants only. */
function settled(n: Call, x: Tensor): Tensor | undefined {
  const known = n.knownOf(x);
  return known && tensor(Int32Array.from(known.data), known.shape);
}

export const Gather = op((n) => {
  const x = n.input(0);
  const axis = n.axis(n.int('axis', 0), x.rank);
  const index = indices(n, n.input(1), x.shape[axis] as number, n.node.inputs[1]);
  return take(x, index, axis);
});

/** `x` cut to the lengths of `shape` on all axes but one. */
const cutTo = (x: Tensor, shape: readonly number[], axis: number): Tensor =>
  slice(x, ...shape.map((d, i): [number, number] | null => (i === axis ? null : [0, d])));

export const GatherElements = op(
  (n) => {
    const x = n.input(0);
    const axis = n.axis(n.int('axis', 0), x.rank);
    const given = n.input(1);
    const index = indices(n, given, x.shape[axis] as number, n.node.inputs[1]);
    return takeAlongAxis(cutTo(x, given.shape, axis), index, axis);
  },
  { since: 11 },
);

/** Row-major positions in `shape` of the index tuples along the last axis. */
function flatPositions(n: Call, given: Tensor, shape: readonly number[]): Tensor {
  const strides = stridesOf(shape);
  const parts = shape.map((length, i) => {
    const column = slice(given, ...new Array<null>(given.rank - 1).fill(null), i);
    return mul(indices(n, column, length), strides[i] as number);
  });
  const sums = parts.reduce(add, zeros(given.shape.slice(0, -1), 'i32'));
  return settled(n, sums) ?? sums;
}

export const GatherND = op(
  (n) => {
    const x = n.input(0);
    const given = n.input(1);
    const b = n.int('batch_dims', 0);
    const depth = given.shape[given.rank - 1] ?? n.fail('indices have no axes');
    if (!(b >= 0 && b < given.rank && b + depth <= x.rank))
      n.fail(`${depth} indices and ${b} batch axes do not fit ${x.rank} axes`);
    const batch = x.shape.slice(0, b);
    const size = sizeOf(x.shape.slice(b, b + depth));
    const rest = x.shape.slice(b + depth);
    const at = flatPositions(n, given, x.shape.slice(b, b + depth));
    const counter = reshape(arange(0, sizeOf(batch), 1, 'i32'), [
      ...batch,
      ...new Array<number>(at.rank - b).fill(1),
    ]);
    const all = add(at, mul(counter, size));
    const flat = reshape(x, [sizeOf(batch) * size, ...rest]);
    return take(flat, settled(n, all) ?? all, 0);
  },
  { since: 11 },
);

/**
 * `updates [m, ...rest]` written into, or combined with, rows `at [m]` of `x [rows, ...rest]`.
 */
function scattered(n: Call, x: Tensor, at: Tensor, updates: Tensor): Tensor {
  const how = n.choice('reduction', 'none', 'add', 'mul', 'max', 'min');
  if (how === 'add') return scatterAdd(x, at, updates);
  if (how !== 'none') n.fail(`reduction ${how} is not supported; none and add are`);
  const [rows] = x.shape as [number];
  const counts = scatterAdd(zeros([rows], 'i32'), at, ones(at.shape, 'i32'));
  const hit = greater(reshape(counts, [rows, ...new Array<number>(x.rank - 1).fill(1)]), 0);
  return where(hit, scatterAdd(zeros(x.shape, x.dtype), at, updates), x);
}

const once = { limits: 'reduction none and add; indices may not repeat with none' };

export const ScatterND = op(
  (n) => {
    const [x, given, updates] = [n.input(0), n.input(1), n.input(2)];
    const depth = given.shape[given.rank - 1] ?? n.fail('indices have no axes');
    if (depth > x.rank) n.fail(`${depth} indices do not fit ${x.rank} axes`);
    const [head, rest] = [x.shape.slice(0, depth), x.shape.slice(depth)];
    const at = flatPositions(n, given, head);
    const rows = reshape(x, [sizeOf(head), ...rest]);
    const news = reshape(updates, [at.size, ...rest]);
    return reshape(scattered(n, rows, reshape(at, [at.size]), news), x.shape);
  },
  { since: 11, ...once },
);

function scatterElements(n: Call): Tensor {
  const [x, given, updates] = [n.input(0), n.input(1), n.input(2)];
  const axis = n.axis(n.int('axis', 0), x.rank);
  const along = indices(n, given, x.shape[axis] as number, n.node.inputs[1]);
  const strides = stridesOf(x.shape);
  const parts = given.shape.map((length, i) => {
    const counter = reshape(arange(0, length, 1, 'i32'), [
      length,
      ...given.shape.slice(i + 1).map(() => 1),
    ]);
    return mul(i === axis ? along : counter, strides[i] as number);
  });
  const sums = broadcastTo(parts.reduce(add), given.shape);
  const at = reshape(settled(n, sums) ?? sums, [given.size]);
  const flat = scattered(n, reshape(x, [x.size]), at, reshape(updates, [given.size]));
  return reshape(flat, x.shape);
}

export const ScatterElements = op(scatterElements, { since: 11, ...once });
export const Scatter = op(scatterElements, { since: 9, until: 10, ...once });

export const Compress = op(
  (n) => {
    const x = n.input(0);
    const { data } = n.constant(1);
    const kept: number[] = [];
    data.forEach((v, i) => v !== 0 && kept.push(i));
    const axis = n.int('axis');
    const flat = axis === undefined ? reshape(x, [x.size]) : x;
    return take(flat, tensor(Int32Array.from(kept)), axis ?? 0);
  },
  { since: 9, limits: 'constant condition' },
);

export const ReverseSequence = op(
  (n) => {
    const x = n.input(0);
    const [batch, time] = [n.int('batch_axis', 1), n.int('time_axis', 0)];
    if (x.rank < 2 || batch + time !== 1) n.fail('batch_axis and time_axis are 0 and 1');
    const lengths = cast(n.input(1), 'i32');
    // [time, batch]
    const index = reversedWithin(x.shape[time] as number, lengths);
    const first = time === 0 ? x : moveAxis(x, 1, 0);
    const flat = reshape(first, [first.shape[0] as number, first.shape[1] as number, -1]);
    const y = reshape(takeAlongAxis(flat, expandDims(index, -1), 0), first.shape);
    return time === 0 ? y : moveAxis(y, 0, 1);
  },
  { since: 10 },
);

/** For each of `steps` times and sequences of `lengths [batch]`, the time that takes its place. */
export function reversedWithin(steps: number, lengths: Tensor): Tensor {
  const time = expandDims(arange(0, steps, 1, 'i32'), -1);
  return where(less(time, lengths), sub(sub(lengths, 1), time), time);
}
