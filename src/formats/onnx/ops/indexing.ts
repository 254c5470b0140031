import {
  add,
  arange,
  cast,
  expandDims,
  greater,
  less,
  moveAxis,
  mul,
  ones,
  pad,
  reshape,
  slice,
  sub,
  swapAxes,
  take,
  takeAlongAxis,
  tensor,
  where,
  zeros,
  type Tensor,
} from '../../../trace/index.ts';
import { scatterAdd as addAt } from '../../../trace/primitives.ts';
import { sizeOf, stridesOf } from '../../../util/shape.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';
import { columnOf } from './layout.ts';

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

/** Row-major positions in `shape` of the index tuples along the last axis, which begin at column `first`. */
function flatPositions(n: Call, given: Tensor, shape: readonly number[], first: number): Tensor {
  const strides = stridesOf(shape);
  const parts = shape.map((length, i) => {
    return mul(indices(n, columnOf(given, first + i), length), strides[i] as number);
  });
  const sums = parts.reduce(add, zeros(given.shape.slice(0, -1), 'i32'));
  return settled(n, sums) ?? sums;
}

/**
 * How many leading columns of index tuples `given [..., depth]` count along their own axis, from `b` batch
 * axes on: element i of it reads row i of `shape`, so that it is a batch axis too. Exporters spell them out.
 */
function countingColumns(n: Call, given: Tensor, shape: readonly number[], b: number): number {
  const depth = given.shape[given.rank - 1] as number;
  let count = 0;
  for (; count < depth && b + count < given.rank - 1; count++) {
    const axis = b + count;
    const length = given.shape[axis] as number;
    const inner = sizeOf(given.shape.slice(axis + 1, -1));
    const counts = (v: number, i: number): boolean => v === Math.floor(i / inner) % length;
    if (length !== shape[axis] || !n.knownOf(columnOf(given, count))?.data.every(counts)) break;
  }
  return count;
}

/** Index tuples `given [...batch, ..., depth]` into axes of `x [...batch, ..., ...rest]`. */
interface Tuples {
  readonly batch: readonly number[];
  /** lengths of the axes that are indexed, and of those after them */
  readonly head: readonly number[];
  readonly rest: readonly number[];
  /** `[...batch, m]`: positions in the indexed axes as one */
  readonly at: Tensor;
}

function tuplesOf(n: Call, x: Tensor, given: Tensor, b: number): Tuples {
  const depth = given.shape[given.rank - 1] ?? n.fail('indices have no axes');
  if (!(b >= 0 && b < given.rank && b + depth <= x.rank))
    n.fail(`${depth} indices and ${b} batch axes do not fit ${x.rank} axes`);
  const more = countingColumns(n, given, x.shape, b);
  const batch = x.shape.slice(0, b + more);
  const head = x.shape.slice(b + more, b + depth);
  const at = flatPositions(n, given, head, more);
  const m = sizeOf(at.shape.slice(b + more));
  return { batch, head, rest: x.shape.slice(b + depth), at: reshape(at, [...batch, m]) };
}

export const GatherND = op(
  (n) => {
    const x = n.input(0);
    const given = n.input(1);
    const { batch, head, rest, at } = tuplesOf(n, x, given, n.int('batch_dims', 0));
    const rows = reshape(x, [...batch, sizeOf(head), sizeOf(rest)]);
    const y = takeAlongAxis(rows, expandDims(settled(n, at) ?? at, -1), batch.length);
    return reshape(y, [...given.shape.slice(0, -1), ...rest]);
  },
  { since: 11 },
);

/**
 * `updates [..., m]` written into, or combined with, the elements `at [..., m]` along the last axis of
 * `x [..., rows]`.
 *
 * @param grown axes that are shorter than those of `x` made as long, with zeros
 */
function scattered(
  n: Call,
  x: Tensor,
  at: Tensor,
  updates: Tensor,
  grown: (y: Tensor) => Tensor = (y) => y,
): Tensor {
  const rows = x.shape[x.rank - 1] as number;
  const how = n.choice('reduction', 'none', 'add', 'mul', 'max', 'min');
  if (how !== 'none' && how !== 'add')
    n.fail(`reduction ${how} is not supported; none and add are`);
  const sums = grown(addAt(updates, at, rows));
  if (how === 'add') return add(x, sums);
  const hit = greater(grown(addAt(ones(at.shape, 'i32'), at, rows)), 0);
  return where(hit, sums, x);
}

const once = { limits: 'reduction none and add; indices may not repeat with none' };

export const ScatterND = op(
  (n) => {
    const [x, given, updates] = [n.input(0), n.input(1), n.input(2)];
    const { batch, head, rest, at } = tuplesOf(n, x, given, 0);
    // along the last axis
    const rows = swapAxes(reshape(x, [...batch, sizeOf(head), sizeOf(rest)]), -1, -2);
    const m = at.shape[at.rank - 1] as number;
    const news = swapAxes(reshape(updates, [...batch, m, sizeOf(rest)]), -1, -2);
    const y = scattered(n, rows, expandDims(settled(n, at) ?? at, -2), news);
    return reshape(swapAxes(y, -1, -2), x.shape);
  },
  { since: 11, ...once },
);

function scatterElements(n: Call): Tensor {
  const x = n.input(0);
  const axis = n.axis(n.int('axis', 0), x.rank);
  const index = indices(n, n.input(1), x.shape[axis] as number, n.node.inputs[1]);
  const last = (y: Tensor): Tensor => moveAxis(y, axis, -1);
  const rows = last(x);
  const grown = (y: Tensor): Tensor =>
    pad(
      y,
      rows.shape.map((length, i): [number, number] => [0, length - (y.shape[i] as number)]),
    );
  return moveAxis(scattered(n, rows, last(index), last(n.input(2)), grown), -1, axis);
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
