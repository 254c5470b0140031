import {
  add,
  arange,
  cast,
  equal,
  expandDims,
  eye,
  full,
  greaterEqual,
  moveAxis,
  slice,
  tensor,
  tril,
  triu,
  where,
  type Tensor,
} from '../../../trace/index.ts';
import { array } from '../../../util/array.ts';
import type { DType } from '../../../util/dtype.ts';
import { elementName, elementTypes, narrowed } from '../elements.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';
import { constantTensor } from '../run.ts';

const integer = { derivative: false } as const;

/** Whole numbers as a constant i32 tensor. */
const integers = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  constantTensor(array(narrowed(values, 'i32'), shape));

/** The dtype of an element type of the format. */
export function dtypeOf(n: Call, type: number): DType {
  return (
    elementTypes.get(type)?.dtype ??
    n.fail(`its elements are ${elementName(type)}, which there is no tensor of`)
  );
}

export const Constant = op(
  (n) => {
    const value = n.tensor('value');
    if (value) return constantTensor(value);
    if (n.hasAttribute('value_float')) return full([], n.float('value_float', 0));
    if (n.hasAttribute('value_int')) return integers([n.int('value_int', 0)], []);
    const floats = n.floats('value_floats');
    if (floats) return constantTensor(array(Float32Array.from(floats)));
    const ints = n.ints('value_ints');
    if (ints) return integers(ints);
    return n.fail('holds no numbers');
  },
  { limits: 'dense numbers' },
);

export const ConstantOfShape = op(
  (n) => {
    const shape = n.knownInts(0) ?? n.fail('has no shape');
    const value = n.tensor('value') ?? array(0);
    if (value.data.length !== 1) n.fail(`value is one number, got ${value.data.length}`);
    return full(shape, value.data[0] as number, value.dtype);
  },
  { since: 9, derivative: false, limits: 'constant shape' },
);

export const Shape = op((n) => {
  const { shape } = n.input(0);
  const end = n.int('end');
  return integers(shape.slice(n.int('start', 0), end));
}, integer);

export const Size = op((n) => integers([n.input(0).size], []), integer);

export const Range = op(
  (n) => {
    const [start, limit, delta] = [n.knownNumber(0), n.knownNumber(1), n.knownNumber(2)];
    if (start === undefined || limit === undefined || delta === undefined)
      return n.fail('takes start, limit and delta');
    if (!(Math.abs((limit - start) / delta) < 2 ** 31))
      return n.fail(`cannot count from ${start} to ${limit} in steps of ${delta}`);
    return arange(start, limit, delta, n.input(0).dtype);
  },
  { since: 11, derivative: false, limits: 'constant bounds' },
);

export const EyeLike = op(
  (n) => {
    const x = n.input(0);
    if (x.rank !== 2) n.fail(`takes a matrix, got ${x.rank} axes`);
    const [rows, columns] = x.shape as unknown as [number, number];
    const type = n.int('dtype');
    const dtype = type === undefined ? x.dtype : dtypeOf(n, type);
    const k = n.int('k', 0);
    const shift = Math.min(Math.abs(k), rows + columns);
    const wide = eye(rows + shift, columns + shift, dtype);
    const [r, c] = k >= 0 ? [shift, 0] : [0, shift];
    return slice(wide, [r, r + rows], [c, c + columns]);
  },
  { since: 9, derivative: false },
);

export const OneHot = op(
  (n) => {
    const depth = n.knownNumber(1) ?? n.fail('has no depth');
    if (!(depth >= 0 && depth < 2 ** 31)) n.fail(`depth is ${depth}`);
    const given = cast(n.input(0), 'i32');
    const index = fromEnd(given, depth);
    const values = n.input(2);
    const counter = arange(0, depth, 1, 'i32');
    const hot = equal(expandDims(index, -1), counter);
    const rank = given.rank + 1;
    const y = where(hot, slice(values, 1), slice(values, 0));
    return moveAxis(y, -1, n.axis(n.int('axis', -1), rank));
  },
  { since: 9, limits: 'constant depth' },
);

/** Negative indices counted from the end; those out of range are left as they are. */
const fromEnd = (index: Tensor, depth: number): Tensor =>
  where(greaterEqual(index, 0), index, add(index, depth));

export const Cast = op(
  (n) => cast(n.input(0), dtypeOf(n, n.int('to') ?? n.fail('does not say to which type'))),
  { limits: 'to types that there is a tensor of: float, int32, uint32, bool' },
);

export const CastLike = op((n) => cast(n.input(0), n.input(1).dtype), { since: 15 });

export const Trilu = op(
  (n) => {
    const k = n.knownNumber(1) ?? 0;
    return n.flag('upper', true) ? triu(n.input(0), k) : tril(n.input(0), k);
  },
  { since: 14, limits: 'constant k' },
);

export const NonZero = op(
  (n) => {
    const { shape, data } = n.constant(0);
    const found: number[] = [];
    data.forEach((v, i) => v !== 0 && found.push(i));
    const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
    const rows = shape.flatMap((length, axis) =>
      found.map((i) => Math.floor(i / (strides[axis] as number)) % length),
    );
    return integers(rows, [shape.length, found.length]);
  },
  { since: 9, derivative: false, limits: 'of constants' },
);

/** Values of a cosine series over a window of `size`: Σ a_k cos(2πki / N). */
function windowOf(n: Call, coefficients: readonly number[]): Tensor {
  const size = n.knownNumber(0) ?? n.fail('has no size');
  if (!(size >= 0 && size <= 2 ** 24)) n.fail(`its size is ${size}`);
  const period = n.flag('periodic', true) ? size : size - 1;
  const values = Float32Array.from({ length: size }, (_, i) =>
    coefficients.reduce((y, a, k) => y + a * Math.cos((2 * Math.PI * k * i) / period), 0),
  );
  return tensor(values);
}

const windowed = { since: 17, derivative: false, limits: 'constant size' } as const;

export const HannWindow = op((n) => windowOf(n, [0.5, -0.5]), windowed);
export const HammingWindow = op((n) => windowOf(n, [25 / 46, -21 / 46]), windowed);
export const BlackmanWindow = op((n) => windowOf(n, [0.42, -0.5, 0.08]), windowed);
