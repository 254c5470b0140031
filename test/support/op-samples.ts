import fc from 'fast-check';
import type { Op, Params } from '../../src/ir/op.ts';
import { broadcastStrides, dot, eachIndex } from '../../src/ops/ndarray.ts';
import { broadcastShape } from '../../src/ops/axes.ts';
import { typedArrayFrom, type DType } from '../../src/util/dtype.ts';
import { HostArray } from '../../src/util/array.ts';
import { range, sizeOf, type Shape } from '../../src/util/shape.ts';
import { Draw, shapes } from './draw.ts';

/** Shape and type of one input. */
export interface Spec {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** an integer input that says where: it has this many valid values (others are clamped) */
  readonly indexOf?: number;
}

/** What an op is applied to, without the numbers. */
export interface Signature {
  readonly inputs: readonly Spec[];
  readonly params: Params;
}

type Range = readonly [low: number, high: number];

/** Where the samples of an op are valid, and how near its kernel is to float64 there. */
export interface Sampler {
  /** types of the first input */
  readonly dtypes: readonly DType[];
  /** inputs and parameters for a first input of about the shape `x` */
  signature(d: Draw, x: Shape, dtype: DType): Signature;
  /** values of each f32 input; the last one repeats */
  readonly ranges: readonly Range[];
  /** elementwise: whether the function is smooth around its arguments, for 1/20 at least */
  readonly smooth?: (...args: number[]) => boolean;
  /** elementwise, integers: whether the op is defined there */
  readonly defined?: (...args: number[]) => boolean;
  /** elements differ by 1/16 at least */
  readonly distinct?: true;
  /** largest error in f32: in ulp of the result, of the sum of the |terms|, or of max(|a|, |b|, 1) */
  readonly ulp: number;
  readonly of?: 'terms' | 'arguments';
  /** where that is so, if not for all arguments */
  readonly where?: string;
  /** the derivative is zero by definition, whatever differences say */
  readonly stops?: true;
}

/** An op, its parameters and inputs with numbers (of float32 precision). */
export interface Sample extends Signature {
  readonly op: Op;
  readonly data: readonly Float64Array[];
}

// ---- signatures

/** `x` with some of its axes of length 1, as an operand that is broadcast. */
const thinned = (d: Draw, x: Shape): number[] => x.map((n) => (d.chance(0.25) ? 1 : n));

const elementwise =
  (arity: number, dtypesOf = (dtype: DType): DType[] => new Array<DType>(arity).fill(dtype)) =>
  (d: Draw, x: Shape, dtype: DType): Signature => ({
    inputs: dtypesOf(dtype).map((t) => ({
      shape: arity > 1 ? thinned(d, x) : x,
      dtype: t,
    })),
    params: {},
  });

const onlyParams =
  (params: (d: Draw, x: Shape) => Params) =>
  (d: Draw, x: Shape, dtype: DType): Signature => ({
    inputs: [{ shape: x, dtype }],
    params: params(d, x),
  });

/** At least `rank` axes: ones in front. */
const leadTo = (x: Shape, rank: number): number[] => [
  ...range(Math.max(0, rank - x.length)).map(() => 1),
  ...x,
];

const anAxis = (d: Draw, x: Shape): number => d.int(-x.length, -1);
const axesOf = (x: Shape): number[] => range(x.length).map((i) => i - x.length);
const filled = (x: Shape): number[] => x.map((n) => Math.max(1, n));
const replaced = (x: Shape, axis: number, n: number): number[] => {
  const out = [...x];
  out[x.length + axis] = n;
  return out;
};
const at = (x: Shape, axis: number): number => x[x.length + axis] as number;

/** Another shape of the same number of elements. */
function regrouped(d: Draw, x: Shape): number[] {
  if (sizeOf(x) === 0) return d.shuffle([0, ...x.filter((n) => n !== 0), 2]);
  const primes: number[] = [];
  for (let n = sizeOf(x), p = 2; n > 1;) {
    if (n % p === 0) {
      primes.push(p);
      n /= p;
    } else p++;
  }
  const out = new Array<number>(primes.length ? d.int(1, 3) : d.int(0, 2)).fill(1);
  for (const p of d.shuffle(primes)) {
    const i = d.int(0, out.length - 1);
    out[i] = (out[i] as number) * p;
  }
  return out;
}

// ---- rows of the table

const REAL: readonly DType[] = ['f32'];
const SIGNED: readonly DType[] = ['f32', 'i32'];
const NUMBERS: readonly DType[] = ['f32', 'i32', 'u32'];
const ALL: readonly DType[] = ['f32', 'i32', 'u32', 'bool'];

const around0: Range = [-3, 3];
const apart = (x: number, from: number): boolean => Math.abs(x - from) > 0.05;
const offInteger = (x: number): boolean => apart(x, Math.round(x));
const offZero = (x: number): boolean => Math.abs(x) > 0.3;

type Extra = Partial<
  Pick<Sampler, 'dtypes' | 'smooth' | 'defined' | 'where' | 'stops' | 'distinct' | 'of'>
>;

const unary = (ulp: number, values: Range = around0, extra: Extra = {}): Sampler => ({
  dtypes: REAL,
  signature: elementwise(1),
  ranges: [values],
  ulp,
  ...extra,
});

const binary = (ulp: number, a: Range, b: Range, extra: Extra = {}): Sampler => ({
  dtypes: REAL,
  signature: elementwise(2),
  ranges: [a, b],
  ulp,
  ...extra,
});

const comparison = binary(0, around0, around0, { dtypes: ALL, smooth: apart });

const logic: Sampler = { ...comparison, dtypes: ['bool'] };

/** Ops that only move elements. */
const moving = (signature: Sampler['signature'], extra: Extra = {}): Sampler => ({
  dtypes: ALL,
  signature,
  ranges: [around0],
  ulp: 0,
  ...extra,
});

/** Ops that add elements up, one after another: the error grows with the terms. */
const adding = (signature: Sampler['signature'], extra: Extra = {}): Sampler => ({
  dtypes: NUMBERS,
  signature,
  ranges: [around0],
  ulp: 8,
  of: 'terms',
  where: 'up to 300 terms',
  ...extra,
});

const source = (signature: Sampler['signature'], dtypes = ALL): Sampler => ({
  dtypes,
  signature,
  ranges: [around0],
  ulp: 0,
});

const cast = (extra: Extra, values: Range = around0): Sampler => ({
  dtypes: ALL,
  signature: elementwise(1),
  ranges: [values],
  ulp: 0,
  ...extra,
});

const reduction = (over: 'any' | 'last', dtypes: readonly DType[]): Sampler => ({
  dtypes,
  signature(d, x, dtype) {
    const shape = filled(over === 'last' ? leadTo(x, 1) : x);
    return {
      inputs: [{ shape, dtype }],
      params: over === 'last' ? {} : { axes: d.some(axesOf(shape)) },
    };
  },
  ranges: [around0],
  distinct: true,
  ulp: 0,
});

/** Position axis and taps of a sliding window over an axis of `n` elements. */
function windowOn(d: Draw, n: number): { size: number; stride: number; dilation: number } {
  const size = d.int(1, Math.min(n, 4));
  const dilation = size === 1 ? 1 : d.int(1, Math.min(3, Math.floor((n - 1) / (size - 1))));
  return { size, stride: d.int(1, 3), dilation };
}

/** One row for each op of the list. */
export const samplers: Readonly<Record<string, Sampler>> = {
  // sources
  input: source((d, x, dtype) => ({ inputs: [], params: { index: 0, shape: x, dtype } })),
  constant: source((d, x, dtype) => ({
    inputs: [],
    params: {
      value: new HostArray(
        typedArrayFrom(dtype, numbers(d, { shape: x, dtype }, around0)),
        x,
        dtype,
      ),
      shape: x,
      dtype,
    },
  })),
  full: source((d, x, dtype) => ({
    inputs: [],
    params: { value: numbers(d, { shape: [1], dtype }, around0)[0], shape: x, dtype },
  })),
  iota: source((d, x, dtype) => ({ inputs: [], params: { n: x[0] ?? 3, dtype } }), NUMBERS),

  // arithmetic
  add: binary(0.5, around0, around0, { dtypes: NUMBERS }),
  sub: binary(0.5, around0, around0, { dtypes: SIGNED }),
  mul: binary(0.5, around0, around0, { dtypes: NUMBERS }),
  div: binary(2.5, around0, around0, {
    dtypes: NUMBERS,
    smooth: (_, b) => offZero(b),
    defined: (_, b) => b !== 0,
  }),
  neg: unary(0, around0, { dtypes: SIGNED }),
  guardedMul: binary(0.5, around0, around0, { smooth: (t) => offZero(t) }),
  square: unary(0.5, around0, { dtypes: NUMBERS }),
  where: {
    dtypes: ALL,
    signature: elementwise(3, (dtype) => ['bool', dtype, dtype]),
    ranges: [around0],
    ulp: 0,
  },

  // comparison and logic
  equal: comparison,
  notEqual: comparison,
  less: comparison,
  lessEqual: comparison,
  greater: comparison,
  greaterEqual: comparison,
  logicalAnd: logic,
  logicalOr: logic,
  logicalNot: { ...logic, signature: elementwise(1) },
  cast_f32: cast({}),
  cast_i32: cast({ smooth: offInteger }),
  cast_u32: cast({ smooth: offInteger, defined: (x) => x >= 0, where: 'x >= 0' }, [0.1, 9]),
  cast_bool: cast({ smooth: (x) => apart(x, 0) }),

  // rounding
  floor: unary(0, around0, { smooth: offInteger }),
  ceil: unary(0, around0, { smooth: offInteger }),
  round: unary(0, around0, { smooth: (x) => offInteger(x + 0.5) }),
  trunc: unary(0, around0, { smooth: offInteger }),
  sign: unary(0, around0, { dtypes: SIGNED, smooth: (x) => apart(x, 0) }),
  abs: unary(0, around0, { dtypes: SIGNED, smooth: (x) => apart(x, 0) }),
  relu: unary(0, around0, { smooth: (x) => apart(x, 0) }),
  maximum: binary(0, around0, around0, { dtypes: NUMBERS, smooth: apart }),
  minimum: binary(0, around0, around0, { dtypes: NUMBERS, smooth: apart }),
  remainder: binary(0.5, [-4, 4], around0, {
    dtypes: NUMBERS,
    smooth: (a, b) => Math.abs(b) >= 1 && Math.abs(a / b - Math.round(a / b)) > 0.1,
    defined: (_, b) => b !== 0,
    where: '|a / b| < 2⁴², |b| > 1e-36',
  }),

  // exponential
  exp: unary(2),
  exp2: unary(2),
  expm1: unary(2),
  log: unary(2, [0.3, 6]),
  log2: unary(3, [0.3, 6]),
  log10: unary(3, [0.3, 6]),
  log1p: unary(2, [-0.6, 4]),
  sqrt: unary(2, [0.3, 6]),
  rsqrt: unary(3, [0.3, 6]),
  cbrt: unary(2, around0, { smooth: offZero }),
  reciprocal: unary(2.5, around0, { smooth: offZero }),
  pow: binary(4, [0.3, 3], [-2.5, 2.5]),

  // trigonometric and hyperbolic
  sin: unary(4),
  cos: unary(4),
  tan: unary(5, [-1.2, 1.2]),
  asin: unary(3, [-0.8, 0.8]),
  acos: unary(2, [-0.8, 0.8]),
  atan: unary(3),
  sinh: unary(3),
  cosh: unary(2),
  tanh: unary(3),
  asinh: unary(3),
  acosh: unary(3, [1.4, 6]),
  atanh: unary(3, [-0.8, 0.8]),
  atan2: binary(3, around0, around0, {
    smooth: (y, x) => Math.hypot(x, y) > 0.5 && (x > 0 || Math.abs(y) > 0.1),
  }),

  // special
  erf: unary(2),
  erfc: unary(5),
  sigmoid: unary(3),
  softplus: unary(3),
  logSigmoid: unary(3),
  hypot: binary(2, around0, around0, { smooth: (a, b) => Math.hypot(a, b) > 0.5 }),
  logaddexp: binary(2, around0, around0, { of: 'arguments' }),
  normalCdf: unary(5),

  // layout
  reshape: moving(
    onlyParams((d, x) => {
      const from = x.slice(d.int(0, x.length));
      return { from, to: regrouped(d, from) };
    }),
  ),
  transpose: moving(
    onlyParams((d, x) => ({ perm: d.shuffle(axesOf(x.slice(d.int(0, x.length)))) })),
  ),
  broadcast: moving((d, x, dtype) => {
    const axes = d.some(axesOf(x));
    const shape = axes.reduce((s: number[], a) => replaced(s, a, 1), [...x]);
    return {
      inputs: [{ shape, dtype }],
      params: { axes, sizes: axes.map((a) => (sizeOf(x) < 100 ? d.int(0, 5) : at(x, a))) },
    };
  }),
  sum: adding(onlyParams((d, x) => ({ axes: d.some(axesOf(x)) }))),
  embedDiagonal: moving((d, x, dtype) => {
    const long = leadTo(x, 2);
    const [a, b] = d.shuffle(axesOf(long)) as [number, number];
    return { inputs: [{ shape: replaced(long, a, 1), dtype }], params: { a, b } };
  }),
  takeDiagonal: moving((d, x, dtype) => {
    const long = leadTo(x, 2);
    const [a, b] = d.shuffle(axesOf(long)) as [number, number];
    const n = Math.min(at(long, b), 8);
    const shape = replaced(replaced(long, a, n), b, n);
    return { inputs: [{ shape, dtype }], params: { a, b } };
  }),

  // slices and windows
  slice: moving((d, x, dtype) => {
    const shape = leadTo(x, 1);
    const axis = anAxis(d, shape);
    const n = at(shape, axis);
    const start = d.int(0, Math.max(0, n - 1));
    const step = d.int(1, 3);
    const length = n === 0 ? 0 : d.int(0, Math.floor((n - 1 - start) / step) + 1);
    return { inputs: [{ shape, dtype }], params: { axis, start, step, length } };
  }),
  pad: moving((d, x, dtype) => {
    const shape = leadTo(x, 1);
    const [low, high, inside] = [d.int(0, 4), d.int(0, 4), d.int(0, 2)];
    const axis = anAxis(d, shape);
    return { inputs: [{ shape, dtype }], params: { axis, low, high, inside } };
  }),
  flip: moving((d, x, dtype) => {
    const shape = leadTo(x, 1);
    return { inputs: [{ shape, dtype }], params: { axis: anAxis(d, shape) } };
  }),
  window: moving((d, x, dtype) => {
    const long = leadTo(x, 1);
    const axis = anAxis(d, long);
    const shape = replaced(long, axis, Math.max(1, at(long, axis)));
    return { inputs: [{ shape, dtype }], params: { axis, ...windowOn(d, at(shape, axis)) } };
  }),
  fold: adding((d, x, dtype) => {
    const long = leadTo(x, 1);
    const axis = anAxis(d, long);
    const length = Math.max(1, at(long, axis));
    const { size, stride, dilation } = windowOn(d, length);
    const positions = Math.floor((length - (size - 1) * dilation - 1) / stride) + 1;
    return {
      inputs: [{ shape: [...replaced(long, axis, positions), size], dtype }],
      params: { axis, length, stride, dilation },
    };
  }),
  interleave: moving((d, x, dtype) => {
    const shape = leadTo(x, 1);
    const axis = anAxis(d, shape);
    const [size, dilation] = [d.int(1, 3), d.int(1, 2)];
    const stride = (size - 1) * dilation + d.int(1, 2);
    const length = Math.max(1, at(shape, axis) * stride + d.int(-stride, 2));
    return {
      inputs: [{ shape: [...shape, size], dtype }],
      params: { axis, length, stride, dilation },
    };
  }),
  band: moving((d, x, dtype) => {
    const long = leadTo(x, 2);
    const [a, axis] = d.shuffle(axesOf(long)) as [number, number];
    const length = Math.max(1, at(long, axis));
    const { size, stride, dilation } = windowOn(d, length);
    const positions = Math.floor((length - (size - 1) * dilation - 1) / stride) + 1;
    const shape = replaced(replaced(long, axis, positions), a, 1);
    return {
      inputs: [{ shape: [...shape, size], dtype }],
      params: { a, axis, length, stride, dilation },
    };
  }),

  // indexed
  gather: moving((d, x, dtype) => {
    const shape = leadTo(x, 1);
    const n = Math.max(1, at(shape, -1));
    const lead = shape.slice(0, -1);
    return {
      inputs: [
        { shape: [...thinned(d, lead), n], dtype },
        { shape: [...thinned(d, lead), d.int(0, 6)], dtype: 'i32', indexOf: n },
      ],
      params: {},
    };
  }),
  scatterAdd: adding((d, x, dtype) => {
    const shape = leadTo(x, 1);
    const lead = shape.slice(0, -1);
    const m = at(shape, -1);
    const length = d.int(1, 6);
    const [a, b] = d.pick<[number, number]>([
      [m, m],
      [m, m],
      [m, 1],
      [1, m],
    ]);
    return {
      inputs: [
        { shape: [...thinned(d, lead), a], dtype },
        { shape: [...thinned(d, lead), b], dtype: 'i32', indexOf: length },
      ],
      params: { length },
    };
  }),
  cumsum: adding((d, x, dtype) => ({
    inputs: [{ shape: leadTo(x, 1), dtype }],
    params: { reverse: d.chance(0.5) },
  })),

  // products and extrema
  contract: adding(
    (d, x, dtype) => {
      const axes: number[] = [];
      const [a, b] = [[...x], [...x]];
      x.forEach((_, i) => {
        // batch, row, column, summed, summed in one only
        const role = d.pick(['batch', 'row', 'column', 'sum', 'sum', 'sum', 'own'] as const);
        if (role === 'row' || role === 'own') b[i] = 1;
        if (role === 'column') a[i] = 1;
        if (role === 'sum' || role === 'own') axes.push(i - x.length);
      });
      return {
        inputs: [
          { shape: a, dtype },
          { shape: b, dtype },
        ],
        params: { axes },
      };
    },
    { dtypes: REAL },
  ),
  max: reduction('any', NUMBERS),
  min: reduction('any', NUMBERS),
  argmax: reduction('last', NUMBERS),
  argmin: reduction('last', NUMBERS),

  // identities
  copy: moving(onlyParams(() => ({}))),
  stopGradient: moving(
    onlyParams(() => ({})),
    { stops: true },
  ),
  barrier: moving(onlyParams((d) => ({ number: -d.int(1, 2 ** 30) }))),
};

// ---- numbers

/** Elements for one input. */
export function numbers(
  d: Draw,
  { shape, dtype, indexOf }: Spec,
  [low, high]: Range,
): Float64Array {
  const n = sizeOf(shape);
  const one = (): number => {
    if (indexOf !== undefined) return d.int(-2, indexOf + 1);
    if (dtype === 'bool') return d.int(0, 1);
    if (dtype === 'u32') return d.int(0, 9);
    if (dtype === 'i32') return d.int(-6, 6);
    return Math.fround(d.uniform(low, high));
  };
  return Float64Array.from({ length: n }, one);
}

/** `n` numbers that differ by 1/16, or by 1 for integers, around 0 where the type has a sign. */
function distinctNumbers(d: Draw, { shape, dtype }: Spec): Float64Array {
  const n = sizeOf(shape);
  const order = d.shuffle(range(n));
  return Float64Array.from(order, (i) =>
    dtype === 'f32' ? (i - n / 2) / 16 : dtype === 'i32' ? i - Math.floor(n / 2) : i,
  );
}

/** Draws arguments of an elementwise op again until they are where it is smooth. */
function settle(d: Draw, sampler: Sampler, sample: Signature, data: Float64Array[]): void {
  const { inputs } = sample;
  const holds = inputs.every((x) => x.dtype === 'f32') ? sampler.smooth : sampler.defined;
  if (!holds) return;
  const shape = broadcastShape(inputs);
  const strides = inputs.map((x) => broadcastStrides(x.shape));
  const args = new Array<number>(inputs.length);
  for (let round = 0; round < 200; round++) {
    let bad = 0;
    eachIndex(shape, (where) => {
      const places = strides.map((s) => dot(where, s));
      places.forEach((p, k) => (args[k] = (data[k] as Float64Array)[p] as number));
      if (!holds(...args)) {
        bad++;
        places.forEach((p, k) => {
          const spec = { ...(inputs[k] as Spec), shape: [1] };
          const [fresh] = numbers(d, spec, rangeOf(sampler, k));
          (data[k] as Float64Array)[p] = fresh as number;
        });
      }
    });
    if (bad === 0) return;
  }
  throw new Error('op-samples: found no arguments where the op is smooth; widen its range');
}

/** Values of input `k`. */
export const rangeOf = ({ ranges }: Sampler, k: number): Range =>
  ranges[Math.min(k, ranges.length - 1)] as Range;

/** The row of an op. @throws Error when there is none */
export function samplerOf(op: Op): Sampler {
  const found = samplers[op.name];
  if (!found) throw new Error(`op-samples: no row for ${op.name}; say where its samples are valid`);
  return found;
}

/** The sample of `op` that follows from a shape, a type and a seed. */
export function sampleOf(op: Op, x: Shape, dtype: DType, seed: number): Sample {
  const d = new Draw(seed);
  const sampler = samplerOf(op);
  const signature = sampler.signature(d, x, dtype);
  const data = signature.inputs.map((spec, k) =>
    sampler.distinct ? distinctNumbers(d, spec) : numbers(d, spec, rangeOf(sampler, k)),
  );
  settle(d, sampler, signature, data);
  const sample = { op, ...signature, data };
  return Object.assign(sample, { [fc.toStringMethod]: () => describeSample(sample) });
}

/** A sample in a line, for messages. */
export const describeSample = ({ op, params, inputs }: Sample): string =>
  `${op.name}(${inputs.map((x) => `${x.dtype}[${x.shape.join()}]`).join(', ')}) ${JSON.stringify(params)}`;

/** Samples of `op`, of one type or of all it takes. */
export function samplesOf(op: Op, dtypes = samplerOf(op).dtypes): fc.Arbitrary<Sample> {
  return fc
    .record({ shape: shapes(), dtype: fc.constantFrom(...dtypes), seed: fc.nat() })
    .map(({ shape, dtype, seed }) => sampleOf(op, shape, dtype, seed));
}
