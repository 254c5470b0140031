import * as ct from '../../../src/index.ts';
import { array, type Tensor } from '../../../src/index.ts';
import { points } from '../differences.ts';
import type { Scenario } from '../scenario.ts';
import { at, made, refuses, values } from './values.ts';

const x = points([2, 3, 4], 31);
const e = (i: number, j: number, k: number): number => at(x, i, j, k);
const rows = array([
  [1, 2, 3],
  [4, 5, 6],
]);
const ids = (data: number[], shape?: number[]) => array(data, shape, 'i32');

export const indexing: Scenario[] = [
  values(
    'take: constant indices of any rank, on any axis',
    (t: Tensor) => ({
      first: t.take([1, 0, 1]),
      middle: t.take([2, 0], 1),
      last: t.take(
        [
          [0, 3],
          [3, 1],
        ],
        -1,
      ),
      negative: t.take([-1], 2),
      pick: t.take(1, 1),
      none: t.take([], 1),
      captured: t.take(ids([2, 2]), 1),
    }),
    [x],
    {
      first: made([3, 3, 4], (i, j, k) => e([1, 0, 1][i] as number, j, k)),
      middle: made([2, 2, 4], (i, j, k) => e(i, [2, 0][j] as number, k)),
      last: made([2, 3, 2, 2], (i, j, a, b) => e(i, j, [0, 3, 3, 1][2 * a + b] as number)),
      negative: made([2, 3, 1], (i, j) => e(i, j, 3)),
      pick: made([2, 4], (i, k) => e(i, 1, k)),
      none: made([2, 0, 4], () => 0),
      captured: made([2, 2, 4], (i, _, k) => e(i, 2, k)),
    },
  ),
  values(
    'take: run-time indices are clamped',
    (t: Tensor, i: Tensor) => ({
      first: t.take(i),
      last: t.take(i, 1),
      unsigned: t.take(i.clamp(0).cast('u32'), 1),
    }),
    [rows, ids([1, -5, 7])],
    {
      first: [
        [4, 5, 6],
        [1, 2, 3],
        [4, 5, 6],
      ],
      last: [
        [2, 1, 3],
        [5, 4, 6],
      ],
      unsigned: [
        [2, 1, 3],
        [5, 4, 6],
      ],
    },
  ),
  values(
    'scatterAdd adds up where indices repeat',
    (t: Tensor, i: Tensor, u: Tensor) => ({
      rows: t.scatterAdd([1, 1, 0], u.t()),
      columns: t.scatterAdd(
        i,
        [
          [1, 1, 1],
          [2, 2, 2],
        ],
        1,
      ),
      broadcast: t.scatterAdd([0, 0], 10, -1),
      fresh: ct.zeros([4]).scatterAdd([3, -1, 0], [1, 2, 3]),
    }),
    [
      rows,
      ids([0, 2, 9]),
      array([
        [1, 2, 3],
        [1, 2, 3],
        [0, 0, 1],
      ]),
    ],
    {
      rows: [
        [4, 5, 4],
        [7, 8, 6],
      ],
      columns: [
        [2, 2, 5],
        [6, 5, 10],
      ],
      broadcast: [
        [21, 2, 3],
        [24, 5, 6],
      ],
      fresh: [3, 0, 0, 3],
    },
  ),
  values(
    'takeAlongAxis',
    (t: Tensor, i: Tensor) => ({
      constant: t.takeAlongAxis(
        [
          [2, 0],
          [1, -1],
        ],
        1,
      ),
      broadcast: t.takeAlongAxis([[1, 1, 0]], 0),
      run: t.takeAlongAxis(i, 1),
      sorted: t.neg().takeAlongAxis(t.argmax(1).expandDims(1), 1),
    }),
    [rows, ids([2, 0, -3, 8], [2, 2])],
    {
      constant: [
        [3, 1],
        [5, 6],
      ],
      broadcast: [[4, 5, 3]],
      run: [
        [3, 1],
        [4, 6],
      ],
      sorted: [[-3], [-6]],
    },
  ),
  values(
    'oneHot and embedding',
    (table: Tensor, i: Tensor) => ({
      oneHot: ct.oneHot([0, 2, -1], 3),
      two: ct.oneHot([[1], [0]], 2),
      run: i.oneHot(3),
      rows: ct.embedding([[1, 0]], table),
      runRows: i.embedding(table),
    }),
    [rows, ids([1, 5])],
    {
      oneHot: [
        [1, 0, 0],
        [0, 0, 1],
        [0, 0, 1],
      ],
      two: [[[0, 1]], [[1, 0]]],
      run: [
        [0, 1, 0],
        [0, 0, 0],
      ],
      rows: [
        [
          [4, 5, 6],
          [1, 2, 3],
        ],
      ],
      runRows: [
        [4, 5, 6],
        [4, 5, 6],
      ],
    },
  ),
  values(
    'triangles and diagonals',
    (t: Tensor, v: Tensor) => ({
      triu: t.triu(),
      above: t.triu(1),
      tril: t.tril(),
      below: t.tril(-1),
      diag: v.diag(),
      batch: t.diag().diagonal(),
      diagonal: t.diagonal(),
      high: t.t().diagonal(),
      trace: t.trace(),
      one: ct.tensor([[7]]).diagonal(),
    }),
    [rows, array([1, 2])],
    {
      triu: [
        [1, 2, 3],
        [0, 5, 6],
      ],
      above: [
        [0, 2, 3],
        [0, 0, 6],
      ],
      tril: [
        [1, 0, 0],
        [4, 5, 0],
      ],
      below: [
        [0, 0, 0],
        [4, 0, 0],
      ],
      diag: [
        [1, 0],
        [0, 2],
      ],
      batch: rows,
      diagonal: [1, 5],
      high: [1, 5],
      trace: 6,
      one: [7],
    },
  ),
  values(
    'diagonals of a batch',
    (t: Tensor) => ({ diagonal: t.diagonal(), trace: t.trace() }),
    [x],
    {
      diagonal: made([2, 3], (i, j) => e(i, j, j)),
      trace: made([2], (i) => e(i, 0, 0) + e(i, 1, 1) + e(i, 2, 2)),
    },
  ),
  refuses(
    'a constant index out of range',
    'ShapeError',
    (t: Tensor) => t.take([0, 2]),
    [rows],
    'take',
    '2',
    'length 2',
  ),
  refuses(
    'a captured index out of range',
    'ShapeError',
    (t: Tensor) => t.take(ids([3]), 1),
    [rows],
    'take',
    '3',
  ),
  refuses(
    'an index into nothing',
    'ShapeError',
    (t: Tensor, i: Tensor) => t.take(i),
    [array([], [0, 2]), ids([0])],
    'take',
    'empty',
  ),
  refuses(
    'an index that is a fraction',
    'DTypeError',
    (t: Tensor) => t.take([0.5]),
    [rows],
    'take',
  ),
  refuses(
    'f32 indices',
    'DTypeError',
    (t: Tensor, i: Tensor) => t.take(i),
    [rows, array([0, 1])],
    'take',
    'f32',
    'cast',
  ),
  refuses(
    'a mask as indices',
    'DTypeError',
    (t: Tensor) => t.take(t.greater(2)),
    [rows],
    'take',
    'bool',
  ),
  refuses(
    'updates that do not fit',
    'ShapeError',
    (t: Tensor) => t.scatterAdd([0], [[1], [2]]),
    [rows],
    'scatterAdd',
    '[1,3]',
    '[2,1]',
  ),
  refuses(
    'indices of another rank along an axis',
    'ShapeError',
    (t: Tensor) => t.takeAlongAxis([0], 1),
    [rows],
    'takeAlongAxis',
    '[1]',
    '[2,3]',
  ),
  refuses('a class out of range', 'ShapeError', () => ct.oneHot([3], 3), [], 'oneHot', '3'),
];
