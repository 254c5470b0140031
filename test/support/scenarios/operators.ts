import { expect } from 'vitest';
import {
  array,
  batchJacobian,
  divergence,
  grad,
  gradient,
  hvp,
  jacobian,
  jacobianDiagonal,
  jacrev,
  laplacian,
  valueAndGrad,
  vmap,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { differences, points } from '../differences.ts';
import { filled, leaf, numbers, type Numbers } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { bowl, bowlAt, curved, curvedAt, matrix } from './examples.ts';

// Operators on the same plan, and the forms on tensors already computed.

/** [3] -> [3] */
const field = (x: Tensor): Tensor => x.matmul(matrix(3, 3)).tanh().mul(x.square().sum());
const fieldAt = points([3], 51, -1, 1);
const diagonalOf = (x: Numbers, n: number): number[] =>
  Array.from({ length: n }, (_, i) => x.data[i * (n + 1)] as number);
const sum = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0);

export const operators: Scenario[] = [
  scenario('jacobianDiagonal and divergence are the diagonal of J and its sum', async (b) => {
    const J = diagonalOf(differences(field, [fieldAt]) as Numbers, 3);
    b.close(await b.run(jacobianDiagonal(field) as Traced, fieldAt), numbers(J));
    b.close(await b.run(divergence(field) as Traced, fieldAt), numbers(sum(J)), 1);
  }),

  scenario('laplacian is the trace of the Hessian', async (b) => {
    const H = diagonalOf(differences(grad(bowl) as Traced, [bowlAt]) as Numbers, 4);
    b.close(await b.run(laplacian(bowl) as Traced, bowlAt), numbers(sum(H)), 1);
  }),

  scenario('hvp is the Hessian times a vector', async (b) => {
    const v = points([4], 52);
    const H = differences(grad(bowl) as Traced, [bowlAt]) as Numbers;
    const want = filled([4], (i) =>
      sum([0, 1, 2, 3].map((k) => (H.data[4 * i + k] as number) * (v.data[k] as number))),
    );
    const got = await b.run((x: Tensor, t: Tensor) => hvp(bowl, [x], [t]), bowlAt, v);
    b.close(leaf([got].flat(), 0), want);
  }),

  scenario('valueAndGrad', async (b) => {
    const value = await b.run(bowl, bowlAt);
    b.close(await b.run(valueAndGrad(bowl) as Traced, bowlAt), [
      value,
      differences(bowl, [bowlAt]),
    ]);
  }),

  scenario('batchJacobian gives the blocks of a batch function', async (b) => {
    const x = points([4, 3], 53, -1, 1);
    const f = (y: Tensor) => y.matmul(matrix(3, 2)).tanh();
    const rows = Array.from({ length: 4 }, (_, i) =>
      differences(f, [array(x.data.slice(3 * i, 3 * i + 3))]),
    ) as Numbers[];
    const want = { shape: [4, 2, 3], data: rows.flatMap((r) => Array.from(r.data)) };
    b.close(await b.run(batchJacobian(f) as Traced, x), want);
  }),

  scenario('batchJacobian refuses a function that mixes samples, and says where', async (b) => {
    const f = (y: Tensor) => y.sub(y.mean(0)).tanh();
    const got = b.run(batchJacobian(f) as Traced, points([4, 3], 54));
    await expect(got).rejects.toThrow(/batchJacobian.*(mean|sum)/s);
  }),

  scenario('gradient(y, x) and jacobian(y, x) of tensors already computed', async (b) => {
    const f = (x: Tensor) => {
      const y = curved(x);
      const s = y.square().sum();
      return { gradient: gradient(s, x), jacobian: jacobian(y, x) };
    };
    const squares = (x: Tensor) => curved(x).square().sum();
    b.close(await b.run(f, curvedAt), {
      gradient: differences(squares, [curvedAt]),
      jacobian: differences(curved, [curvedAt]),
    });
  }),

  scenario('gradient(y, x, cotangent) pulls the cotangent back', async (b) => {
    const u = points([2], 55);
    const f = (x: Tensor, c: Tensor) => gradient(curved(x), x, c);
    const weighted = (x: Tensor, c: Tensor) => curved(x).mul(c).sum();
    b.close(await b.run(f, curvedAt, u), differences(weighted, [curvedAt, u]));
  }),

  scenario('divergence(y, x) and laplacian(y, x)', async (b) => {
    const J = diagonalOf(differences(field, [fieldAt]) as Numbers, 3);
    b.close(await b.run((x: Tensor) => divergence(field(x), x), fieldAt), numbers(sum(J)), 1);
    const H = diagonalOf(differences(grad(bowl) as Traced, [bowlAt]) as Numbers, 4);
    b.close(await b.run((x: Tensor) => laplacian(bowl(x), x), bowlAt), numbers(sum(H)), 1);
  }),

  scenario('the (y, x) forms nest: gradient of an entry of a gradient', async (b) => {
    const f = (x: Tensor) => {
      const g = gradient(bowl(x), x);
      return gradient(g.slice(1), x);
    };
    const row = (x: Tensor) => grad(bowl)(x).slice(1);
    b.close(await b.run(f, bowlAt), differences(row, [bowlAt]));
  }),

  scenario('the (y, x) forms by a tensor in the middle', async (b) => {
    const f = (x: Tensor) => {
      const h = x.sin();
      return jacobian(h.mul(h.sum()), h);
    };
    const h = array(Float64Array.from(points([3], 56).data));
    const s = sum([...h.data].map(Math.sin));
    const want = filled([3, 3], (n) => {
      const hi = Math.sin(h.data[Math.floor(n / 3)] as number);
      return hi + (n % 4 === 0 ? s : 0);
    });
    b.close(await b.run(f, h), want);
  }),

  ...(
    [
      ['reshape of a reshape', (x: Tensor) => x.reshape([4]), (h: Tensor) => h.reshape([2, 2]), 1],
      ['neg of a neg', (x: Tensor) => x.neg(), (h: Tensor) => h.neg(), -1],
      ['t of a t', (x: Tensor) => x.t(), (h: Tensor) => h.t().reshape([2, 2]), null],
      ['scaled twice', (x: Tensor) => x.mul(2), (h: Tensor) => h.mul(3), 3],
      ['a cast to its own type', (x: Tensor) => x.cast('f32'), (h: Tensor) => h.mul(5), 5],
    ] as const
  ).map(([what, before, after, slope]) =>
    scenario(
      `the (y, x) forms by a tensor that simplification sees through: ${what}`,
      async (b) => {
        const f = (x: Tensor) => {
          const h = before(x);
          return jacobian(after(h), h);
        };
        const got = (await b.run(f, points([2, 2], 58))) as Numbers;
        // h -> y is a multiple of the identity, or the permutation of a transpose
        const want = filled(got.shape, (n) => {
          const [i, j] = [n >> 2, n & 3];
          if (slope === null) return j === [0, 2, 1, 3][i] ? 1 : 0;
          return i === j ? slope : 0;
        });
        b.exact(got, want);
      },
    ),
  ),

  scenario('the (y, x) forms inside vmap', async (b) => {
    const x = points([4, 3], 57, -1, 1);
    const f = vmap<[Tensor], Tensor>((y) => jacobian(curved(y), y));
    b.close(await b.run(f as Traced, x), await b.run(vmap(jacrev(curved)) as Traced, x));
  }),
];
