import * as ct from '../../src/index.ts';
import { pushforward } from '../../src/derive/jvp.ts';
import { pullback } from '../../src/derive/vjp.ts';
import type { Tensor } from '../../src/ir/tensor.ts';
import { full, variableLike } from '../../src/ops/source.ts';
import { guardedMul } from '../../src/ops/elementwise/arithmetic.ts';
import { normalCdf } from '../../src/ops/elementwise/special.ts';
import { range } from '../../src/util/shape.ts';
import { erf, erfc } from './erf.ts';
import type { Given } from './op-graphs.ts';

/** Value and derivatives of a function of one or more numbers at one point. */
export interface Point {
  readonly x: readonly number[];
  readonly y: number;
  /** by each argument */
  readonly first: readonly number[];
  /** by each pair of arguments i <= j; absent: not looked at */
  readonly second?: readonly number[];
}

/** What a function is at points where a formula could go wrong. */
export interface SpecialPoints {
  readonly name: string;
  readonly f: (...x: Tensor[]) => Tensor;
  readonly points: readonly Point[];
}

type F64 = (x: number) => number;

const at1 = (x: number, y: number, first: number, second = 0): Point => ({
  x: [Math.fround(x)],
  y,
  first: [first],
  second: [second],
});

const at2 = (
  x: readonly [number, number],
  y: number,
  first: readonly [number, number],
  second?: readonly [number, number, number],
): Point => ({ x, y, first, ...(second && { second }) });

/** Points where float64 knows the answer. */
const by = (xs: readonly number[], value: F64, first: F64, second: F64): Point[] =>
  xs.map((x) => {
    const v = Math.fround(x);
    return at1(v, value(v), first(v), second(v));
  });

const sigmoid: F64 = (x) => 1 / (1 + Math.exp(-x));
const dSigmoid: F64 = (x) => sigmoid(x) * sigmoid(-x);
const softplus: F64 = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const bell: F64 = (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
const density: F64 = (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const sech2: F64 = (x) => 1 / Math.cosh(x) ** 2;
const tiny = [0, 1e-8, -1e-8, 1e-20];

/** The elements of `xs`, vectors, as the last axis of one tensor. */
const together = (...xs: Tensor[]): Tensor => ct.stack(xs, -1);

/**
 * The conventions of DESIGN section 4 in numbers, and large and tiny arguments: one row a function, with
 * value, first and second derivative.
 */
export const specialPoints: readonly SpecialPoints[] = [
  // kinks
  { name: 'relu', f: ct.relu, points: [at1(0, 0, 0), at1(-0, 0, 0), at1(2, 2, 1), at1(-2, 0, 0)] },
  { name: 'abs', f: ct.abs, points: [at1(0, 0, 0), at1(-2, 2, -1), at1(3, 3, 1)] },
  { name: 'sign', f: ct.sign, points: [at1(0, 0, 0), at1(-2, -1, 0), at1(1e-30, 1, 0)] },
  { name: 'floor', f: ct.floor, points: [at1(1, 1, 0), at1(-0.5, -1, 0), at1(1e10, 1e10, 0)] },
  { name: 'ceil', f: ct.ceil, points: [at1(1, 1, 0), at1(0.5, 1, 0), at1(-1.5, -1, 0)] },
  {
    name: 'round to even',
    f: ct.round,
    points: [at1(0.5, 0, 0), at1(1.5, 2, 0), at1(2.5, 2, 0), at1(-3.5, -4, 0)],
  },
  { name: 'trunc', f: ct.trunc, points: [at1(-1.5, -1, 0), at1(1.5, 1, 0), at1(2, 2, 0)] },
  { name: 'frac', f: ct.frac, points: [at1(1.25, 0.25, 1), at1(-1.25, -0.25, 1)] },
  {
    name: 'maximum',
    f: ct.maximum,
    points: [
      at2([1, 1], 1, [0.5, 0.5], [0, 0, 0]),
      at2([2, 1], 2, [1, 0], [0, 0, 0]),
      at2([-1, 3], 3, [0, 1], [0, 0, 0]),
    ],
  },
  {
    name: 'minimum',
    f: ct.minimum,
    points: [at2([1, 1], 1, [0.5, 0.5]), at2([2, 1], 1, [0, 1]), at2([-1, 3], -1, [1, 0])],
  },
  {
    name: 'clamp to [-1, 1]',
    f: (x) => ct.clamp(x, -1, 1),
    points: [at1(-1, -1, 1), at1(1, 1, 1), at1(0.5, 0.5, 1), at1(2, 1, 0), at1(-2, -1, 0)],
  },
  {
    name: 'max of two',
    f: (a, b) => ct.max(together(a, b), -1),
    points: [
      at2([1, 1], 1, [0.5, 0.5], [0, 0, 0]),
      at2([2, 1], 2, [1, 0], [0, 0, 0]),
      at2([-1, -3], -1, [1, 0], [0, 0, 0]),
    ],
  },
  {
    name: 'min of three',
    f: (a, b, c) => ct.min(together(a, b, c), -1),
    points: [
      { x: [1, 1, 2], y: 1, first: [0.5, 0.5, 0] },
      { x: [2, 2, 2], y: 2, first: [1 / 3, 1 / 3, 1 / 3] },
    ],
  },

  // branches not taken, and 0 · ∞
  {
    name: 'where(x > 0, √x, 0)',
    f: (x) => ct.where(ct.greater(x, 0), ct.sqrt(x), 0),
    points: [at1(0, 0, 0), at1(-1, 0, 0), at1(4, 2, 0.25, -1 / 32)],
  },
  {
    name: 'where(x > 0, log x, 0)',
    f: (x) => ct.where(ct.greater(x, 0), ct.log(x), 0),
    points: [at1(0, 0, 0), at1(-1, 0, 0), at1(1, 0, 1, -1)],
  },
  {
    name: 'where(x > 0, 1/x, x)',
    f: (x) => ct.where(ct.greater(x, 0), ct.div(1, x), x),
    points: [at1(0, 0, 1), at1(-1, -1, 1), at1(2, 0.5, -0.25, 0.25)],
  },
  {
    name: 'where(x < 1, asin x, x)',
    f: (x) => ct.where(ct.less(ct.abs(x), 1), ct.asin(x), x),
    points: [at1(1, 1, 1), at1(2, 2, 1), at1(0, 0, 1)],
  },
  {
    name: 'guardedMul',
    f: guardedMul,
    points: [at2([0, 2], 0, [2, 0]), at2([3, 2], 6, [2, 3], [0, 1, 0])],
  },
  {
    name: 'norm of two where it is not 0',
    f: (a, b) => {
      const n = ct.norm(together(a, b), -1);
      return ct.where(ct.greater(n, 0), n, 0);
    },
    points: [at2([0, 0], 0, [0, 0]), at2([3, 4], 5, [0.6, 0.8])],
  },
  {
    name: 'prod of three',
    f: (a, b, c) => ct.prod(together(a, b, c), -1),
    points: [
      { x: [0, 2, 3], y: 0, first: [6, 0, 0], second: [0, 3, 2, 0, 0, 0] },
      { x: [0, 0, 3], y: 0, first: [0, 0, 0], second: [0, 3, 0, 0, 0, 0] },
      { x: [2, 3, 4], y: 24, first: [12, 8, 6], second: [0, 4, 3, 0, 2, 0] },
    ],
  },

  // powers and roots
  { name: 'x²', f: (x) => ct.pow(x, 2), points: [at1(0, 0, 0, 2), at1(-3, 9, -6, 2)] },
  { name: 'x³', f: (x) => ct.pow(x, 3), points: [at1(0, 0, 0, 0), at1(-2, -8, 12, -12)] },
  { name: 'x¹', f: (x) => ct.pow(x, 1), points: [at1(0, 0, 1, 0), at1(-2, -2, 1, 0)] },
  { name: 'x⁰', f: (x) => ct.pow(x, 0), points: [at1(0, 1, 0, 0), at1(-2, 1, 0, 0)] },
  {
    name: 'pow',
    f: ct.pow,
    points: [
      at2([2, 3], 8, [12, 8 * Math.LN2], [12, 4 + 12 * Math.LN2, 8 * Math.LN2 ** 2]),
      at2([0, 2], 0, [0, 0]),
      at2([0, 1], 0, [1, 0]),
      at2([0, 0], 1, [0, 0]),
      at2([5, 0], 1, [0, Math.log(5)]),
      at2([1, 7], 1, [7, 0]),
    ],
  },
  {
    name: 'reciprocal',
    f: ct.reciprocal,
    points: by(
      [-2, 1e-10, 1e10],
      (x) => 1 / x,
      (x) => -(x ** -2),
      (x) => 2 * x ** -3,
    ),
  },
  {
    name: 'div',
    f: ct.div,
    points: [
      at2([0, 2], 0, [0.5, 0], [0, -0.25, 0]),
      at2([3, -2], -1.5, [-0.5, -0.75], [0, -0.25, -0.75]),
      at2([2 ** 100, 2 ** 90], 1024, [2 ** -90, -(2 ** -80)]),
    ],
  },
  { name: 'square', f: ct.square, points: [at1(0, 0, 0, 2), at1(-3, 9, -6, 2)] },
  {
    name: 'sqrt',
    f: ct.sqrt,
    points: by(
      [4, 1e-20, 1e20],
      Math.sqrt,
      (x) => 0.5 / Math.sqrt(x),
      (x) => -0.25 * x ** -1.5,
    ),
  },
  {
    name: 'rsqrt',
    f: ct.rsqrt,
    points: by(
      [4, 1e-10, 1e10],
      (x) => x ** -0.5,
      (x) => -0.5 * x ** -1.5,
      (x) => 0.75 * x ** -2.5,
    ),
  },
  {
    name: 'cbrt',
    f: ct.cbrt,
    points: by(
      [-27, 1e-15, 1e15],
      Math.cbrt,
      (x) => 1 / (3 * Math.cbrt(x) ** 2),
      (x) => -2 / (9 * Math.cbrt(x) ** 5),
    ),
  },
  {
    name: 'hypot',
    f: ct.hypot,
    points: [
      at2([0, 0], 0, [0, 0]),
      at2([3, 4], 5, [0.6, 0.8], [0.128, -0.096, 0.072]),
      at2([3 * 2 ** 83, 4 * 2 ** 83], 5 * 2 ** 83, [0.6, 0.8]), // squares out of range
      at2([3 * 2 ** -83, 4 * 2 ** -83], 5 * 2 ** -83, [0.6, 0.8]),
    ],
  },
  {
    name: 'remainder',
    f: ct.remainder,
    points: [
      at2([5, 3], 2, [1, -1]),
      at2([-5, 3], 1, [1, 2]),
      at2([5, -3], -1, [1, 2]),
      at2([-5, -3], -2, [1, -1]),
    ],
  },

  // logarithms and exponentials
  {
    name: 'exp2',
    f: ct.exp2,
    points: by(
      [0, 10, -120, 120.5],
      (x) => 2 ** x,
      (x) => Math.LN2 * 2 ** x,
      (x) => Math.LN2 ** 2 * 2 ** x,
    ),
  },
  {
    name: 'log2',
    f: ct.log2,
    points: by(
      [1, 8, 2 ** -30, 1e15],
      Math.log2,
      (x) => Math.LOG2E / x,
      (x) => -Math.LOG2E / x ** 2,
    ),
  },
  {
    name: 'log10',
    f: ct.log10,
    points: by(
      [1, 1000, 1e-15],
      Math.log10,
      (x) => Math.LOG10E / x,
      (x) => -Math.LOG10E / x ** 2,
    ),
  },
  { name: 'exp', f: ct.exp, points: by([0, 80, -80], Math.exp, Math.exp, Math.exp) },
  {
    name: 'expm1',
    f: ct.expm1,
    points: by([...tiny, 80, -80], Math.expm1, Math.exp, Math.exp),
  },
  {
    name: 'log1p',
    f: ct.log1p,
    points: by(
      [...tiny, 1e8, 1e15],
      Math.log1p,
      (x) => 1 / (1 + x),
      (x) => -1 / (1 + x) ** 2,
    ),
  },
  {
    name: 'log',
    f: ct.log,
    points: by(
      [1, 1e-15, 1e15],
      Math.log,
      (x) => 1 / x,
      (x) => -1 / x ** 2,
    ),
  },
  {
    name: 'logaddexp',
    f: ct.logaddexp,
    points: [
      at2([1000, 1000], 1000 + Math.LN2, [0.5, 0.5], [0.25, -0.25, 0.25]),
      at2([1000, -1000], 1000, [1, 0], [0, 0, 0]),
      at2([-1000, -999], -999 + Math.log1p(Math.exp(-1)), [sigmoid(-1), sigmoid(1)]),
    ],
  },
  {
    name: 'logsumexp of two',
    f: (a, b) => ct.logsumexp(together(a, b), -1),
    points: [
      at2([1000, 1000], 1000 + Math.LN2, [0.5, 0.5]),
      at2([-1000, -1001], -1000 + Math.log1p(Math.exp(-1)), [sigmoid(1), sigmoid(-1)]),
    ],
  },
  {
    name: 'softmax of two, first entry',
    f: (a, b) => ct.take(ct.softmax(together(a, b)), 0, -1),
    points: [
      at2([1000, 1000], 0.5, [0.25, -0.25], [0, 0, 0]),
      at2([1000, -1000], 1, [0, 0], [0, 0, 0]),
      at2([-1000, 1000], 0, [0, 0], [0, 0, 0]),
    ],
  },

  // saturation
  {
    name: 'tanh',
    f: ct.tanh,
    points: by(
      [...tiny, 100, -100, 1],
      Math.tanh,
      (x) => sech2(x),
      (x) => -2 * Math.tanh(x) * sech2(x),
    ),
  },
  {
    name: 'sigmoid',
    f: ct.sigmoid,
    points: by([0, 90, -90, 80, -80], sigmoid, dSigmoid, (x) => dSigmoid(x) * (1 - 2 * sigmoid(x))),
  },
  {
    name: 'softplus',
    f: ct.softplus,
    points: by([0, 80, -80, 1e-8], softplus, sigmoid, dSigmoid),
  },
  {
    name: 'logSigmoid',
    f: ct.logSigmoid,
    points: by(
      [0, 80, -80, -1e-8],
      (x) => -softplus(-x),
      (x) => sigmoid(-x),
      (x) => -dSigmoid(x),
    ),
  },
  {
    name: 'erf',
    f: ct.erf,
    points: by([...tiny, 6, -6], erf, bell, (x) => -2 * x * bell(x)),
  },
  {
    name: 'erfc',
    f: ct.erfc,
    points: by(
      [0, 9, -6],
      erfc,
      (x) => -bell(x),
      (x) => 2 * x * bell(x),
    ),
  },
  {
    name: 'normalCdf',
    f: normalCdf,
    points: by(
      [0, 12, -12],
      (x) => erfc(-x * Math.SQRT1_2) / 2,
      density,
      (x) => -x * density(x),
    ),
  },

  // circular and hyperbolic
  {
    name: 'sin',
    f: ct.sin,
    points: by([...tiny, 1e4, -1e6], Math.sin, Math.cos, (x) => -Math.sin(x)),
  },
  {
    name: 'cos',
    f: ct.cos,
    points: by(
      [0, 1e4, -1e6],
      Math.cos,
      (x) => -Math.sin(x),
      (x) => -Math.cos(x),
    ),
  },
  {
    name: 'tan',
    f: ct.tan,
    points: by(
      tiny,
      Math.tan,
      (x) => 1 + Math.tan(x) ** 2,
      (x) => 2 * Math.tan(x) * (1 + Math.tan(x) ** 2),
    ),
  },
  {
    name: 'asin',
    f: ct.asin,
    points: by(
      [0, 0.5, -0.9],
      Math.asin,
      (x) => (1 - x * x) ** -0.5,
      (x) => x * (1 - x * x) ** -1.5,
    ),
  },
  {
    name: 'acos',
    f: ct.acos,
    points: by(
      [0, 0.5],
      Math.acos,
      (x) => -((1 - x * x) ** -0.5),
      (x) => -x * (1 - x * x) ** -1.5,
    ),
  },
  {
    name: 'atan',
    f: ct.atan,
    points: by(
      [...tiny, 1e8, -1e8],
      Math.atan,
      (x) => 1 / (1 + x * x),
      (x) => (-2 * x) / (1 + x * x) ** 2,
    ),
  },
  {
    name: 'atan2',
    f: ct.atan2,
    points: [
      at2([0, 1], 0, [1, 0], [0, -1, 0]),
      at2([1, 0], Math.PI / 2, [0, -1]),
      at2([0, -1], Math.PI, [-1, 0]),
      at2([-1, 0], -Math.PI / 2, [0, 1]),
      at2([2 ** 83, 2 ** 83], Math.PI / 4, [2 ** -84, -(2 ** -84)]),
      at2([2 ** -83, 2 ** -83], Math.PI / 4, [2 ** 82, -(2 ** 82)]),
    ],
  },
  {
    name: 'sinh',
    f: ct.sinh,
    points: by([...tiny, 80, -80], Math.sinh, Math.cosh, Math.sinh),
  },
  { name: 'cosh', f: ct.cosh, points: by([0, 80, -80], Math.cosh, Math.sinh, Math.cosh) },
  {
    name: 'asinh',
    f: ct.asinh,
    points: by(
      [...tiny, 1e8, -1e25],
      Math.asinh,
      (x) => 1 / Math.hypot(1, x),
      (x) => -x / Math.hypot(1, x) ** 3,
    ),
  },
  {
    name: 'acosh',
    f: ct.acosh,
    points: by(
      [2, 1e15],
      Math.acosh,
      (x) => (x * x - 1) ** -0.5,
      (x) => -x * (x * x - 1) ** -1.5,
    ),
  },
  {
    name: 'atanh',
    f: ct.atanh,
    points: by(
      [0, 0.5, -0.9],
      Math.atanh,
      (x) => 1 / (1 - x * x),
      (x) => (2 * x) / (1 - x * x) ** 2,
    ),
  },
];

/** A row as a graph: what is to be computed, and what it should be. */
export interface PointGraph {
  readonly roots: readonly Tensor[];
  readonly want: readonly { readonly what: string; readonly values: readonly (number | null)[] }[];
  readonly given: Given;
}

/**
 * Value and derivatives, forward and reverse, at the points of a row repeated to a vector of `length`.
 * Call inside `withTrace`.
 */
export function pointGraph({ f, points }: SpecialPoints, length: number): PointGraph {
  const list = range(length).map((i) => points[i % points.length] as Point);
  const count = (list[0] as Point).x.length;
  const xs = range(count).map(() => variableLike({ shape: [length], dtype: 'f32' }));
  const given: Given = new Map(
    xs.map((x, k) => [x, Float64Array.from(list, (p) => p.x[k] as number)]),
  );
  const ones = full([length], 1);
  const y = f(...xs);
  const roots = [y];
  const want: PointGraph['want'][number][] = [{ what: 'value', values: list.map((p) => p.y) }];
  const zero = full([length], 0);
  const reverse = pullback([y], [ones], xs).map((g) => g ?? zero);
  xs.forEach((x, k) => {
    const values = list.map((p) => p.first[k] as number);
    roots.push(pushforward([y], [x], [ones])[0] ?? zero, reverse[k] as Tensor);
    want.push({ what: `forward by ${k}`, values }, { what: `reverse by ${k}`, values });
  });
  if (points.some((p) => p.second)) {
    let entry = 0;
    xs.forEach((_, i) =>
      xs.slice(i).forEach((x) => {
        const k = entry++;
        roots.push(pushforward([reverse[i] as Tensor], [x], [ones])[0] ?? zero);
        want.push({ what: `second ${k}`, values: list.map((p) => p.second?.[k] ?? null) });
      }),
    );
  }
  return { roots, want, given };
}

/** What is off by more than `relative`, in words; results below 1e-37 may be flushed to 0. */
export function pointFailures(
  { want }: PointGraph,
  got: readonly ArrayLike<number>[],
  relative: number,
): string[] {
  return want.flatMap(({ what, values }, k) =>
    values.flatMap((w, i) => {
      const g = (got[k] as ArrayLike<number>)[i] as number;
      if (w === null || g === w || Math.abs(g - w) <= relative * Math.abs(w) + 1e-37) return [];
      return `point ${i}, ${what}: got ${g}, want ${w}`;
    }),
  );
}
