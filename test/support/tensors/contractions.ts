import * as ct from '../../../src/index.ts';
import { array, type Tensor } from '../../../src/index.ts';
import { points } from '../differences.ts';
import type { Scenario } from '../scenario.ts';
import { at, made, refuses, sumOver, values } from './values.ts';

const a = points([2, 3], 41);
const b = points([3, 4], 42);
const batch = points([5, 2, 3], 43);
const many = points([4, 1, 3, 2], 44);
const u = points([3], 45);
const v = points([2], 46);
const square = points([3, 3], 47);
const cube = points([3, 2, 3], 48);

const A = (i: number, j: number): number => at(a, i, j);
const B = (i: number, j: number): number => at(b, i, j);

const products: Scenario[] = [
  values(
    'matmul of every pair of ranks',
    (p: Tensor, q: Tensor, s: Tensor, t: Tensor, x: Tensor, y: Tensor) => ({
      matrices: p.matmul(q),
      matrixVector: p.matmul(x),
      vectorMatrix: y.matmul(p),
      vectors: x.matmul(x),
      batchMatrix: s.matmul(q),
      batchVector: s.matmul(x),
      vectorBatch: y.matmul(s),
      broadcast: s.matmul(t),
    }),
    [a, b, batch, many, u, v],
    {
      matrices: made([2, 4], (i, j) => sumOver([3], (k) => A(i, k) * B(k, j))),
      matrixVector: made([2], (i) => sumOver([3], (k) => A(i, k) * at(u, k))),
      vectorMatrix: made([3], (j) => sumOver([2], (k) => at(v, k) * A(k, j))),
      vectors: sumOver([3], (k) => at(u, k) ** 2),
      batchMatrix: made([5, 2, 4], (n, i, j) => sumOver([3], (k) => at(batch, n, i, k) * B(k, j))),
      batchVector: made([5, 2], (n, i) => sumOver([3], (k) => at(batch, n, i, k) * at(u, k))),
      vectorBatch: made([5, 3], (n, j) => sumOver([2], (k) => at(v, k) * at(batch, n, k, j))),
      broadcast: made([4, 5, 2, 2], (m, n, i, j) =>
        sumOver([3], (k) => at(batch, n, i, k) * at(many, m, 0, k, j)),
      ),
    },
  ),
  values(
    'dot, outer, kron',
    (p: Tensor, q: Tensor, s: Tensor, x: Tensor, y: Tensor) => ({
      vectors: x.dot(x),
      matrices: p.dot(q),
      tensors: s.dot(q),
      four: s.dot(s.swapAxes(1, 2)),
      scalar: x.dot(2),
      outer: x.outer(y),
      kron: p.kron(q),
      kronVectors: x.kron(y),
      kronMixed: x.kron(p),
    }),
    [a, b, batch, u, v],
    {
      vectors: sumOver([3], (k) => at(u, k) ** 2),
      matrices: made([2, 4], (i, j) => sumOver([3], (k) => A(i, k) * B(k, j))),
      tensors: made([5, 2, 4], (n, i, j) => sumOver([3], (k) => at(batch, n, i, k) * B(k, j))),
      four: made([5, 2, 5, 2], (n, i, m, j) =>
        sumOver([3], (k) => at(batch, n, i, k) * at(batch, m, j, k)),
      ),
      scalar: made([3], (i) => 2 * at(u, i)),
      outer: made([3, 2], (i, j) => at(u, i) * at(v, j)),
      kron: made([6, 12], (i, j) => A(Math.floor(i / 3), Math.floor(j / 4)) * B(i % 3, j % 4)),
      kronVectors: made([6], (i) => at(u, i >> 1) * at(v, i % 2)),
      kronMixed: made([2, 9], (i, j) => at(u, Math.floor(j / 3)) * A(i, j % 3)),
    },
  ),
  values(
    'tensordot',
    (p: Tensor, q: Tensor, s: Tensor, c: Tensor) => ({
      one: p.tensordot(q, 1),
      two: s.tensordot(c, [
        [1, 2],
        [1, 0],
      ]),
      number: c.tensordot(s, [0, -1]),
      none: p.tensordot([1, 2], 0),
      all: p.tensordot(p),
    }),
    [a, b, batch, cube],
    {
      one: made([2, 4], (i, j) => sumOver([3], (k) => A(i, k) * B(k, j))),
      two: made([5, 3], (n, m) =>
        sumOver([2, 3], (i, k) => at(batch, n, i, k) * at(cube, k, i, m)),
      ),
      number: made([2, 3, 5, 2], (i, j, n, m) =>
        sumOver([3], (k) => at(cube, k, i, j) * at(batch, n, m, k)),
      ),
      none: made([2, 3, 2], (i, j, k) => A(i, j) * (k + 1)),
      all: sumOver([2, 3], (i, j) => A(i, j) ** 2),
    },
  ),
  values(
    'linear',
    (p: Tensor, w: Tensor, x: Tensor, s: Tensor) => ({
      matrix: p.linear(w.t()),
      bias: p.linear(w.t(), [1, 2, 3, 4]),
      vector: x.linear(w.t()),
      batch: s.linear(w.t()),
    }),
    [a, b, u, batch],
    {
      matrix: made([2, 4], (i, j) => sumOver([3], (k) => A(i, k) * B(k, j))),
      bias: made([2, 4], (i, j) => j + 1 + sumOver([3], (k) => A(i, k) * B(k, j))),
      vector: made([4], (j) => sumOver([3], (k) => at(u, k) * B(k, j))),
      batch: made([5, 2, 4], (n, i, j) => sumOver([3], (k) => at(batch, n, i, k) * B(k, j))),
    },
  ),
  values(
    'an inner axis of length 0 or 1',
    (e0: Tensor, e1: Tensor) => ({ zero: e0.matmul(e0.t()), one: e1.matmul(e1.t()) }),
    [array([], [2, 0]), array([[2], [3]])],
    {
      zero: [
        [0, 0],
        [0, 0],
      ],
      one: [
        [4, 6],
        [6, 9],
      ],
    },
  ),
  refuses(
    'matmul of inner sizes that differ',
    'ShapeError',
    (p: Tensor) => p.matmul(p),
    [a],
    'matmul',
    '[2,3]',
    'transpose',
  ),
  refuses(
    'matmul of batches that do not broadcast',
    'ShapeError',
    (s: Tensor) => s.matmul(s.t().slice([0, 3])),
    [batch],
    'matmul',
  ),
  refuses('matmul of a scalar', 'ShapeError', (p: Tensor) => p.matmul(2), [a], 'matmul', 'mul'),
  refuses('outer of a matrix', 'ShapeError', (p: Tensor) => p.outer(p), [a], 'outer', '[2,3]'),
  refuses(
    'tensordot of axes that do not pair up',
    'ShapeError',
    (p: Tensor, q: Tensor) => p.tensordot(q, [[0], [0]]),
    [a, b],
    'tensordot',
    '[2,3]',
    '[3,4]',
  ),
  refuses(
    'linear with a weight the wrong way round',
    'ShapeError',
    (p: Tensor, q: Tensor) => p.linear(q),
    [a, b],
    'linear',
    '[2,3]',
    '[3,4]',
    'transpose',
  ),
];

const einsums: Scenario[] = [
  values(
    'einsum of one operand: sums, transposes, diagonals',
    (p: Tensor, s: Tensor, c: Tensor) => ({
      transpose: ct.einsum('ij->ji', p),
      implicit: ct.einsum('ba', p),
      sum: ct.einsum('ij->', p),
      rows: ct.einsum('ij->i', p),
      trace: ct.einsum('ii', s),
      diagonal: ct.einsum('ii->i', s),
      scattered: ct.einsum('iji->j', c),
      ends: ct.einsum('i...i->...', c),
      dots: ct.einsum('...j->...', c),
      moved: ct.einsum('i...->...i', c),
      spaces: ct.einsum(' i j -> j i ', p),
    }),
    [a, square, cube],
    {
      transpose: made([3, 2], (i, j) => A(j, i)),
      implicit: made([3, 2], (i, j) => A(j, i)),
      sum: sumOver([2, 3], A),
      rows: made([2], (i) => sumOver([3], (j) => A(i, j))),
      trace: sumOver([3], (i) => at(square, i, i)),
      diagonal: made([3], (i) => at(square, i, i)),
      scattered: made([2], (j) => sumOver([3], (i) => at(cube, i, j, i))),
      ends: made([2], (j) => sumOver([3], (i) => at(cube, i, j, i))),
      dots: made([3, 2], (i, j) => sumOver([3], (k) => at(cube, i, j, k))),
      moved: made([2, 3, 3], (i, j, k) => at(cube, k, i, j)),
      spaces: made([3, 2], (i, j) => A(j, i)),
    },
  ),
  values(
    'einsum of two operands',
    (p: Tensor, q: Tensor, s: Tensor, m: Tensor, x: Tensor) => ({
      matmul: ct.einsum('ij,jk->ik', p, q),
      implicit: ct.einsum('ij,jk', p, q),
      implicitOrder: ct.einsum('jz,ij', q, p),
      outer: ct.einsum('i,j->ji', x, x),
      batch: ct.einsum('bij,jk->bik', s, q),
      hadamard: ct.einsum('ij,ij->ij', p, p),
      scaled: ct.einsum(',ij->ij', 2, p),
      diagonal: ct.einsum('ii,i->i', m, x),
      dots: ct.einsum('...ij,jk->...ik', s, q),
      broadcast: ct.einsum('...i,...i->...', s, p),
      apart: ct.einsum('ij,k->k', p, x),
      ones: ct.einsum('ij,ij->i', p, p.slice(null, [0, 1])),
    }),
    [a, b, batch, square, u],
    {
      matmul: made([2, 4], (i, k) => sumOver([3], (j) => A(i, j) * B(j, k))),
      implicit: made([2, 4], (i, k) => sumOver([3], (j) => A(i, j) * B(j, k))),
      implicitOrder: made([2, 4], (i, k) => sumOver([3], (j) => A(i, j) * B(j, k))),
      outer: made([3, 3], (i, j) => at(u, i) * at(u, j)),
      batch: made([5, 2, 4], (n, i, k) => sumOver([3], (j) => at(batch, n, i, j) * B(j, k))),
      hadamard: made([2, 3], (i, j) => A(i, j) ** 2),
      scaled: made([2, 3], (i, j) => 2 * A(i, j)),
      diagonal: made([3], (i) => at(square, i, i) * at(u, i)),
      dots: made([5, 2, 4], (n, i, k) => sumOver([3], (j) => at(batch, n, i, j) * B(j, k))),
      broadcast: made([5, 2], (n, i) => sumOver([3], (j) => at(batch, n, i, j) * A(i, j))),
      apart: made([3], (k) => at(u, k) * sumOver([2, 3], A)),
      ones: made([2], (i) => sumOver([3], (j) => A(i, j) * A(i, 0))),
    },
  ),
  values(
    'einsum of many operands',
    (p: Tensor, q: Tensor, m: Tensor, x: Tensor, y: Tensor) => ({
      chain: ct.einsum('ij,jk,kl->il', p, m, q),
      form: ct.einsum('i,ij,j->', y, p, x),
      shared: ct.einsum('ij,ij,j,i->j', p, p, x, y),
      nine: ct.einsum('ab,bc,cd,de,ef,fg,gh,hi,ij->aj', p, m, m, m, m, m, m, m, m),
    }),
    [a, b, square, u, v],
    {
      chain: made([2, 4], (i, l) =>
        sumOver([3, 3], (j, k) => A(i, j) * at(square, j, k) * B(k, l)),
      ),
      form: sumOver([2, 3], (i, j) => at(v, i) * A(i, j) * at(u, j)),
      shared: made([3], (j) => sumOver([2], (i) => A(i, j) ** 2 * at(u, j) * at(v, i))),
      nine: (() => {
        let row = made([2, 3], A);
        for (let n = 0; n < 8; n++) {
          const before = row;
          row = made([2, 3], (i, j) => sumOver([3], (k) => at(before, i, k) * at(square, k, j)));
        }
        return row;
      })(),
    },
  ),
  refuses(
    'einsum of lengths that differ',
    'ShapeError',
    (p: Tensor, q: Tensor) => ct.einsum('ij,kj->ik', p, q),
    [a, b],
    'einsum',
    '"j"',
    '3',
    '4',
    '[2,3]',
    '[3,4]',
  ),
  refuses(
    'einsum with too few letters',
    'ShapeError',
    (p: Tensor) => ct.einsum('i->i', p),
    [a],
    'einsum',
    '"i"',
    '[2,3]',
  ),
  refuses(
    'a diagonal that is not square',
    'ShapeError',
    (p: Tensor) => ct.einsum('ii', p),
    [a],
    'einsum',
    '[2,3]',
  ),
  refuses(
    'einsum of another number of operands',
    'TraceError',
    (p: Tensor) => ct.einsum('ij,jk->ik', p),
    [a],
    'einsum',
    'ij,jk->ik',
    '1',
  ),
  refuses(
    'an unknown letter in the result',
    'TraceError',
    (p: Tensor) => ct.einsum('ij->ik', p),
    [a],
    'einsum',
    '"k"',
  ),
  refuses(
    'a letter twice in the result',
    'TraceError',
    (p: Tensor) => ct.einsum('ij->ii', p),
    [a],
    'einsum',
    'twice',
  ),
  refuses(
    'signs in the spec',
    'TraceError',
    (p: Tensor) => ct.einsum('i1->i', p),
    [a],
    'einsum',
    'letters',
  ),
];

/** By heading. */
export const contractions = { products, einsum: einsums };
