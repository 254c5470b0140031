import * as ct from '../../../src/index.ts';
import { array, type Tensor } from '../../../src/index.ts';
import { points } from '../differences.ts';
import { filled } from '../reference.ts';
import type { Scenario } from '../scenario.ts';
import { refuses, values } from './values.ts';

const [INF, NAN] = [Infinity, NaN];
const x = points([2, 3], 1);
const near1 = points([9], 2, -0.9375, 0.9375);
const positive = points([9], 3, 0.25, 4);
const above1 = points([9], 4, 1.125, 4);
const any = points([9], 5, -4, 4);
const from = (a: ct.HostArray, f: (v: number) => number) =>
  filled(a.shape, (i) => f(a.data[i] as number));

type Name = keyof ct.TensorMethods;
type Table = Readonly<Record<string, (v: number) => number>>;

/** Each function of the table, called as a method, against Math. */
const against = (title: string, at: ct.HostArray, table: Table): Scenario =>
  values(
    title,
    (t: Tensor) =>
      Object.fromEntries(
        Object.keys(table).map((name) => [name, (t[name as Name] as () => Tensor)()]),
      ),
    [at],
    Object.fromEntries(Object.entries(table).map(([name, f]) => [name, from(at, f)])),
  );

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
const softplus = (v: number): number => Math.log1p(Math.exp(v));
const elu = (v: number): number => (v > 0 ? v : Math.expm1(v));
const roundEven = (v: number): number => {
  const down = Math.floor(v);
  if (v - down !== 0.5) return Math.round(v);
  return down % 2 === 0 ? down : down + 1;
};

const unary: Scenario[] = [
  against('functions of any number', any, {
    ...{ neg: (v) => -v, exp: Math.exp, exp2: (v) => 2 ** v, expm1: Math.expm1, cbrt: Math.cbrt },
    ...{ square: (v) => v * v, reciprocal: (v) => 1 / v, abs: Math.abs, sign: Math.sign },
    ...{ floor: Math.floor, ceil: Math.ceil, round: roundEven, trunc: Math.trunc },
    ...{ frac: (v) => v % 1, sin: Math.sin, cos: Math.cos, tan: Math.tan, atan: Math.atan },
    ...{ sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh, asinh: Math.asinh },
  }),
  against('functions of numbers above 0', positive, {
    ...{ log: Math.log, log2: Math.log2, log10: Math.log10, log1p: Math.log1p },
    ...{ sqrt: Math.sqrt, rsqrt: (v) => 1 / Math.sqrt(v) },
  }),
  against('functions of numbers between -1 and 1', near1, {
    ...{ asin: Math.asin, acos: Math.acos, atanh: Math.atanh },
  }),
  against('acosh', above1, { acosh: Math.acosh }),
  values('erf and erfc', (t: Tensor) => ({ erf: t.erf(), erfc: t.erfc() }), [array([0, 0.5, -1])], {
    erf: [0, 0.5204998778130465, -0.8427007929497149],
    erfc: [1, 0.4795001221869535, 1.8427007929497148],
  }),
  values(
    'round takes halves to the even number',
    (t: Tensor) => t.round(),
    [array([0.5, 1.5, 2.5, -0.5, -1.5, 2.25])],
    [0, 2, 2, 0, -2, 2],
  ),
  against('activations', any, {
    ...{ sigmoid, softplus, logSigmoid: (v) => -softplus(-v), relu: (v) => Math.max(v, 0) },
    ...{ relu6: (v) => Math.min(Math.max(v, 0), 6), leakyRelu: (v) => (v > 0 ? v : 0.01 * v) },
    ...{ elu, celu: elu, silu: (v) => v * sigmoid(v), softsign: (v) => v / (1 + Math.abs(v)) },
    selu: (v) => 1.0507009873554805 * (v > 0 ? v : 1.6732632423543772 * Math.expm1(v)),
    mish: (v) => v * Math.tanh(softplus(v)),
    hardSigmoid: (v) => Math.min(Math.max(v + 3, 0), 6) / 6,
    hardSwish: (v) => (v * Math.min(Math.max(v + 3, 0), 6)) / 6,
  }),
  values(
    'parameters of activations',
    (t: Tensor) => ({
      leaky: t.leakyRelu(0.25),
      elu: t.elu(2),
      celu: t.celu(2),
      tanh: t.gelu({ approximate: 'tanh' }),
    }),
    [any],
    {
      leaky: from(any, (v) => (v > 0 ? v : v / 4)),
      elu: from(any, (v) => (v > 0 ? v : 2 * Math.expm1(v))),
      celu: from(any, (v) => (v > 0 ? v : 2 * Math.expm1(v / 2))),
      tanh: from(
        any,
        (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))),
      ),
    },
  ),
  values(
    'gelu',
    (t: Tensor) => t.gelu(),
    [array([0, 1, -1, 30, -30])],
    [...[0, 0.8413447460685429, -0.15865525393145707, 30, 0]],
  ),
  values(
    'the ends of the line',
    (t: Tensor) => ({
      relu6: t.relu6(),
      elu: t.elu(),
      mish: t.mish(),
      sigmoid: t.sigmoid(),
      leaky: t.leakyRelu(),
    }),
    [array([-INF, INF, NAN])],
    {
      relu6: [0, 6, NAN],
      elu: [-1, INF, NAN],
      mish: [0, INF, NAN],
      sigmoid: [0, 1, NAN],
      leaky: [-INF, INF, NAN],
    },
  ),
  refuses(
    'gelu of an unknown kind',
    'TraceError',
    (t: Tensor) => t.gelu({ approximate: 'erf' as never }),
    [x],
    'gelu',
    'erf',
  ),
];

const column = array([[4], [-2]]);
const row = array([1, 2, 4]);
const grid = (f: (a: number, b: number) => number): number[][] =>
  [4, -2].map((a) => [1, 2, 4].map((b) => f(a, b)));

const binary: Scenario[] = [
  values(
    'two operands broadcast',
    (a: Tensor, b: Tensor) => ({
      add: a.add(b),
      sub: a.sub(b),
      mul: a.mul(b),
      div: a.div(b),
      remainder: a.remainder(b),
      maximum: a.maximum(b),
      minimum: a.minimum(b),
      atan2: a.atan2(b),
      hypot: a.hypot(b),
      logaddexp: a.logaddexp(b),
      lerp: a.lerp(b, 0.25),
      equal: a.equal(b),
      notEqual: a.notEqual(b),
      less: a.less(b),
      lessEqual: a.lessEqual(b),
      greater: a.greater(b),
      greaterEqual: a.greaterEqual(b),
    }),
    [column, row],
    {
      add: grid((a, b) => a + b),
      sub: grid((a, b) => a - b),
      mul: grid((a, b) => a * b),
      div: grid((a, b) => a / b),
      remainder: grid((a, b) => ((a % b) + b) % b),
      maximum: grid(Math.max),
      minimum: grid(Math.min),
      atan2: grid(Math.atan2),
      hypot: grid(Math.hypot),
      logaddexp: grid((a, b) => Math.log(Math.exp(a) + Math.exp(b))),
      lerp: grid((a, b) => a + (b - a) / 4),
      equal: grid((a, b) => Number(a === b)),
      notEqual: grid((a, b) => Number(a !== b)),
      less: grid((a, b) => Number(a < b)),
      lessEqual: grid((a, b) => Number(a <= b)),
      greater: grid((a, b) => Number(a > b)),
      greaterEqual: grid((a, b) => Number(a >= b)),
    },
  ),
  values(
    'numbers and nested arrays are operands',
    (a: Tensor) => ({
      right: a.add(1),
      left: ct.sub(1, a),
      nested: a.mul([1, 10, 100]),
      array: a.add(array([[1], [2]])),
      both: ct.add(1, 2),
    }),
    [row],
    {
      right: [2, 3, 5],
      left: [0, -1, -3],
      nested: [1, 20, 400],
      array: [
        [2, 3, 5],
        [3, 4, 6],
      ],
      both: 3,
    },
  ),
  values(
    'remainder has the sign of the divisor',
    (a: Tensor, i: Tensor) => ({ f: a.remainder(3), down: a.remainder(-3), i: i.remainder(3) }),
    [array([7, -7, 6, -1.5]), array([7, -7], undefined, 'i32')],
    { f: [1, 2, 0, 1.5], down: [-2, -1, 0, -1.5], i: [1, 2] },
  ),
  values(
    'pow with constant exponents',
    (a: Tensor) =>
      Object.fromEntries([0, 1, 2, 3, 4, 5, 7, 8, 9, -1, -2, -3].map((n) => [`p${n}`, a.pow(n)])),
    [array([-2, 0.5, 3])],
    Object.fromEntries(
      [0, 1, 2, 3, 4, 5, 7, 8, 9, -1, -2, -3].map((n) => [
        `p${n}`,
        [-2, 0.5, 3].map((v) => v ** n),
      ]),
    ),
  ),
  values(
    'pow with fractions, tensors and a number below',
    (a: Tensor, b: Tensor) => ({
      half: a.pow(0.5),
      minusHalf: a.pow(-0.5),
      third: a.pow(1 / 3),
      tensor: a.pow(b),
      base: ct.pow(2, b),
      zero: a.mul(0).pow(b),
    }),
    [array([4, 0.25, 1]), array([3, -1.5, 0])],
    {
      half: [2, 0.5, 1],
      minusHalf: [0.5, 2, 1],
      third: [4, 0.25, 1].map((v) => v ** (1 / 3)),
      tensor: [64, 8, 1],
      base: [8, 2 ** -1.5, 1],
      zero: [0, INF, 1],
    },
  ),
  values(
    'clamp',
    (a: Tensor) => ({
      both: a.clamp(-1, 1),
      low: a.clamp(0),
      high: a.clamp(undefined, 0.5),
      tensors: a.clamp([-3, -1, 0, 0, 0], a.mul(0).add(1)),
      crossed: a.clamp(1, -1),
    }),
    [array([-2, -0.5, 0.25, 3, NAN])],
    {
      both: [-1, -0.5, 0.25, 1, NAN],
      low: [0, 0, 0.25, 3, NAN],
      high: [-2, -0.5, 0.25, 0.5, NAN],
      tensors: [-2, -0.5, 0.25, 1, NAN],
      crossed: [-1, -1, -1, -1, NAN],
    },
  ),
  values(
    'where selects: shapes broadcast, the branch not taken does not matter',
    (a: Tensor) => ({
      log: ct.where(a.greater(0), a.log(), 0),
      method: a.less(0).where([[1], [2]], 3),
      nonzero: a.where(1, -1),
      masked: ct.where([true, false, true], a, -INF),
    }),
    [array([-1, 0, 1])],
    {
      log: [0, 0, 0],
      method: [
        [1, 3, 3],
        [2, 3, 3],
      ],
      nonzero: [1, -1, 1],
      masked: [-1, -INF, 1],
    },
  ),
  values(
    'logic',
    (a: Tensor, b: Tensor) => ({
      and: a.logicalAnd(b),
      or: a.logicalOr(b),
      not: a.logicalNot(),
      numbers: a.cast('f32').mul(3).logicalAnd(2),
      equal: a.equal(b),
    }),
    [array([true, true, false, false]), array([true, false, true, false])],
    {
      and: [1, 0, 0, 0],
      or: [1, 1, 1, 0],
      not: [0, 0, 1, 1],
      numbers: [1, 1, 0, 0],
      equal: [1, 0, 0, 1],
    },
  ),
  refuses(
    'add of shapes that do not broadcast',
    'ShapeError',
    (a: Tensor) => a.add([1, 2]),
    [row],
    'add',
    '[3]',
    '[2]',
  ),
  refuses(
    'a string as operand',
    'TraceError',
    (a: Tensor) => a.add('1' as never),
    [row],
    'add',
    'string',
  ),
  refuses(
    'a list of tensors as operand',
    'TraceError',
    (a: Tensor) => a.add([a] as never),
    [row],
    'add',
    'stack',
  ),
];

const i32 = array([-7, 2, 5], undefined, 'i32');
const u32 = array([7, 2, 5], undefined, 'u32');
const mask = array([true, false, true]);

/** The dtype of each tensor of an object, as a number: 0 f32, 1 i32, 2 u32, 3 bool. */
const types = (of: Record<string, Tensor>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(of).map(([key, t]) => [key, ['f32', 'i32', 'u32', 'bool'].indexOf(t.dtype)]),
  );

const dtypes: Scenario[] = [
  values(
    'promotion: the widest operand wins, a number changes nothing',
    (i: Tensor, u: Tensor, b: Tensor) =>
      types({
        number: i.add(1),
        u32: u.mul(2),
        both: i.add(u),
        f32: i.mul(u.cast('f32')),
        mask: b.mul(i),
        masks: b.add(b),
        fraction: i.mul(0.5),
        quotient: i.div(2),
        float: i.exp(),
        power: i.pow(2),
        root: i.pow(0.5),
        floor: i.floor(),
        compare: i.less(u),
        where: ct.where(b, i, 0),
        whereBool: ct.where(b, b, false),
        sum: b.sum(),
        mean: i.mean(),
        max: i.max(),
        argmax: i.argmax(),
        stack: ct.stack([i, u.cast('f32')]),
        take: i.take([0]),
        matmul: i.matmul(i),
        oneHot: u.oneHot(8),
      }),
    [i32, u32, mask],
    {
      ...{ number: 1, u32: 2, both: 1, f32: 0, mask: 1, masks: 1, fraction: 0, quotient: 0 },
      ...{ float: 0, power: 1, root: 0, floor: 1, compare: 3, where: 1, whereBool: 3, sum: 1 },
      ...{ mean: 0, max: 1, argmax: 1, stack: 0, take: 1, matmul: 1, oneHot: 0 },
    },
  ),
  values(
    'integers',
    (i: Tensor, u: Tensor, b: Tensor) => ({
      add: i.add(u),
      mul: i.mul(-2),
      div: i.div(2),
      power: i.pow(3),
      abs: i.abs(),
      sign: i.sign(),
      neg: u.neg(),
      sum: i.sum(),
      prod: i.prod(),
      max: i.max(),
      min: i.min(),
      cumsum: i.cumsum(0),
      matmul: i.matmul(u),
      count: b.sum(),
      mean: b.mean(),
      clamp: i.clamp(-1, 3),
      flip: i.flip(),
      concat: ct.concat([i, u]),
      masks: ct.concat([b, b.logicalNot()]),
      roll: b.roll(1, 0),
    }),
    [i32, u32, mask],
    {
      add: [0, 4, 10],
      mul: [14, -4, -10],
      div: [-3.5, 1, 2.5],
      power: [-343, 8, 125],
      abs: [7, 2, 5],
      sign: [-1, 1, 1],
      neg: [-7, -2, -5],
      sum: 0,
      prod: -70,
      max: 5,
      min: -7,
      cumsum: [-7, -5, 0],
      matmul: -49 + 4 + 25,
      count: 2,
      mean: 2 / 3,
      clamp: [-1, 2, 3],
      flip: [5, 2, -7],
      concat: [-7, 2, 5, 7, 2, 5],
      masks: [1, 0, 1, 0, 1, 0],
      roll: [1, 1, 0],
    },
  ),
  values(
    'cast',
    (t: Tensor) => ({
      i32: t.cast('i32'),
      bool: t.cast('bool'),
      back: t.cast('i32').cast('f32').add(0.5),
      same: t.cast('f32'),
    }),
    [array([-1.75, 0, 0.5, 2.25])],
    {
      i32: [-1, 0, 0, 2],
      bool: [1, 0, 1, 1],
      back: [-0.5, 0.5, 0.5, 2.5],
      same: [-1.75, 0, 0.5, 2.25],
    },
  ),
  refuses(
    'cast to an unknown dtype',
    'DTypeError',
    (t: Tensor) => t.cast('f64' as never),
    [x],
    'cast',
    'f64',
    'f32',
  ),
];

/** By heading. */
export const elementwise = {
  'elementwise, one operand': unary,
  'elementwise, two operands': binary,
  'element types': dtypes,
};
