import * as ct from '../../../src/index.ts';
import { array, type Tensor } from '../../../src/index.ts';
import { points } from '../differences.ts';
import type { Numbers } from '../reference.ts';
import type { Scenario } from '../scenario.ts';
import { at, made, refuses, values } from './values.ts';

const x = points([2, 3, 4], 11);
const [A, B, C] = [2, 3, 4];
const e = (i: number, j: number, k: number): number => at(x, i, j, k);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** `f` of the elements along the middle axis. */
const middle = (f: (row: number[]) => number): Numbers =>
  made([A, C], (i, k) => f(range(B).map((j) => e(i, j, k))));
/** `f` of the elements along the first and the last axis. */
const outer = (f: (row: number[]) => number): Numbers =>
  made([B], (j) => f(range(A).flatMap((i) => range(C).map((k) => e(i, j, k)))));
const everything = (f: (row: number[]) => number): number => f(Array.from(x.data));

const sum = (row: number[]): number => row.reduce((a, b) => a + b, 0);
const mean = (row: number[]): number => sum(row) / row.length;
const variance = (row: number[], correction = 0): number =>
  sum(row.map((v) => (v - mean(row)) ** 2)) / (row.length - correction);

const plain = {
  sum,
  mean,
  prod: (row: number[]) => row.reduce((a, b) => a * b, 1),
  max: (row: number[]) => Math.max(...row),
  min: (row: number[]) => Math.min(...row),
  logsumexp: (row: number[]) => Math.log(sum(row.map(Math.exp))),
  variance: (row: number[]) => variance(row),
  std: (row: number[]) => Math.sqrt(variance(row)),
  norm: (row: number[]) => Math.sqrt(sum(row.map((v) => v * v))),
};
type Plain = keyof typeof plain;

const INF = Infinity;

export const reductions: Scenario[] = [
  ...(Object.entries(plain) as [Plain, (row: number[]) => number][]).map(([name, f]) =>
    values(
      `${name}: one axis, several, all, kept`,
      (t: Tensor) => ({
        one: t[name](1),
        negative: t[name](-2),
        several: t[name]([0, -1]),
        all: t[name](),
        kept: t[name](1, { keepDims: true }).reshape([A, C]),
      }),
      [x],
      {
        one: middle(f),
        negative: middle(f),
        several: outer(f),
        all: everything(f),
        kept: middle(f),
      },
    ),
  ),
  values(
    'keepDims keeps reduced axes with length 1; no axes reduce nothing',
    (t: Tensor) => ({ kept: t.sum([0, 2], { keepDims: true }), none: t.sum([]) }),
    [x],
    { kept: { shape: [1, 3, 1], data: outer(sum).data }, none: x },
  ),
  values(
    'any and all',
    (t: Tensor) => ({
      any: t.greater(1.5).any(1),
      all: t.greater(-1.5).all([0, 2]),
      anyAll: t.any(),
      numbers: t.mul([0, 1, 0, 2]).any([0, 1]),
    }),
    [x],
    {
      any: middle((row) => Number(row.some((v) => v > 1.5))),
      all: outer((row) => Number(row.every((v) => v > -1.5))),
      anyAll: 1,
      numbers: [0, 1, 0, 1],
    },
  ),
  values(
    'variance and std with a correction',
    (t: Tensor) => ({
      variance: t.variance(1, { correction: 1 }),
      std: t.std(undefined, { correction: 1 }),
      one: t.slice(0, 0).variance(undefined, { correction: 4 }),
    }),
    [x],
    {
      variance: middle((row) => variance(row, 1)),
      std: Math.sqrt(everything((row) => variance(row, 1))),
      one: INF,
    },
  ),
  values(
    'norms of every order',
    (t: Tensor) => ({
      one: t.norm(1, { ord: 1 }),
      three: t.norm(1, { ord: 3 }),
      half: t.norm(1, { ord: 0.5 }),
      largest: t.norm(1, { ord: INF }),
      smallest: t.norm(1, { ord: -INF }),
      count: t.mul([0, 1, 1, 1]).norm([1, 2], { ord: 0 }),
      zero: t.mul(0).norm(),
      zero3: t.mul(0).norm(undefined, { ord: 3 }),
    }),
    [x],
    {
      one: middle((row) => sum(row.map(Math.abs))),
      three: middle((row) => sum(row.map((v) => Math.abs(v) ** 3)) ** (1 / 3)),
      half: middle((row) => sum(row.map((v) => Math.abs(v) ** 0.5)) ** 2),
      largest: middle((row) => Math.max(...row.map(Math.abs))),
      smallest: middle((row) => Math.min(...row.map(Math.abs))),
      count: [9, 9],
      zero: 0,
      zero3: 0,
    },
  ),
  values(
    'logsumexp does not overflow, and knows infinities',
    (t: Tensor) => t.logsumexp(1),
    [
      array([
        [1000, 1000],
        [-1000, -1000],
        [-INF, 3],
        [-INF, -INF],
        [INF, 0],
      ]),
    ],
    [1000 + Math.LN2, -1000 + Math.LN2, 3, -INF, INF],
  ),
  values(
    'nothing to reduce',
    (t: Tensor) => ({
      sum: t.sum(1),
      prod: t.prod(1),
      any: t.any(1),
      all: t.all(1),
      mean: t.mean(1),
      logsumexp: t.logsumexp(1),
      norm: t.norm(1),
    }),
    [array([], [2, 0])],
    {
      ...{ sum: [0, 0], prod: [1, 1], any: [0, 0], all: [1, 1], mean: [NaN, NaN] },
      ...{ logsumexp: [-INF, -INF], norm: [0, 0] },
    },
  ),
  values(
    'rank 0 and axes of length 1',
    (s: Tensor, one: Tensor) => ({
      sum: s.sum(),
      norm: s.norm(),
      max: s.max(),
      softmax: one.softmax(),
      variance: one.variance(),
      argmax: s.argmax(),
      prod: one.prod(0),
    }),
    [array(-3), array([5])],
    { sum: -3, norm: 3, max: -3, softmax: [1], variance: 0, argmax: 0, prod: 5 },
  ),
  values(
    'argmax and argmin: the first of equal ones',
    (t: Tensor) => ({
      max: t.argmax(1),
      min: t.argmin(1),
      columns: t.argmax(0),
      flat: t.argmax(),
      flatMin: t.argmin(),
    }),
    [
      array([
        [1, 5, 5],
        [7, 0, 0],
      ]),
    ],
    { max: [1, 0], min: [0, 1], columns: [1, 0, 0], flat: 3, flatMin: 4 },
  ),
  values(
    'cumsum and cumprod',
    (t: Tensor) => ({
      rows: t.cumsum(1),
      columns: t.cumsum(0),
      products: t.cumprod(1),
      down: t.cumprod(0),
      mask: t.greater(1).cumsum(-1),
    }),
    [
      array([
        [1, 2, 0, 4, 5],
        [3, -1, 2, 2, 2],
      ]),
    ],
    {
      rows: [
        [1, 3, 3, 7, 12],
        [3, 2, 4, 6, 8],
      ],
      columns: [
        [1, 2, 0, 4, 5],
        [4, 1, 2, 6, 7],
      ],
      products: [
        [1, 2, 0, 0, 0],
        [3, -3, -6, -12, -24],
      ],
      down: [
        [1, 2, 0, 4, 5],
        [3, -2, 0, 8, 10],
      ],
      mask: [
        [0, 1, 1, 2, 3],
        [1, 1, 2, 3, 4],
      ],
    },
  ),
  values(
    'softmax and logSoftmax',
    (t: Tensor) => ({
      last: t.softmax(),
      first: t.softmax(0),
      log: t.logSoftmax(),
      masked: ct.where([true, false], t, -INF).softmax(),
      maskedLog: ct.where([true, false], t, -INF).logSoftmax(),
    }),
    [
      array([
        [0, 1],
        [500, -500],
      ]),
    ],
    {
      last: [
        [1 / (1 + Math.E), Math.E / (1 + Math.E)],
        [1, 0],
      ],
      first: [
        [0, 1],
        [1, 0],
      ],
      log: [
        [-Math.log(1 + Math.E), 1 - Math.log(1 + Math.E)],
        [0, -1000],
      ],
      masked: [
        [1, 0],
        [1, 0],
      ],
      maskedLog: [
        [0, -INF],
        [0, -INF],
      ],
    },
  ),
  refuses(
    'an axis out of range',
    'ShapeError',
    (t: Tensor) => t.mean(3),
    [x],
    'mean',
    '3',
    '[2,3,4]',
  ),
  refuses(
    'an axis named twice',
    'ShapeError',
    (t: Tensor) => t.sum([1, -2]),
    [x],
    'sum',
    'twice',
    '[1,-2]',
  ),
  refuses('an axis that is a fraction', 'ShapeError', (t: Tensor) => t.sum(0.5), [x], 'sum', '0.5'),
  refuses(
    'options in place of axes',
    'ShapeError',
    (t: Tensor) => t.sum({ keepDims: true } as never),
    [x],
    'sum',
    'axis',
  ),
  refuses(
    'max of nothing',
    'ShapeError',
    (t: Tensor) => t.max(0),
    [array([], [0, 3])],
    'max',
    '[0,3]',
  ),
  refuses(
    'argmax of nothing',
    'ShapeError',
    (t: Tensor) => t.argmax(),
    [array([])],
    'argmax',
    '[0]',
  ),
];
