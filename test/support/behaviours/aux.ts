import { expect } from 'vitest';
import {
  array,
  DTypeError,
  grad,
  hessian,
  jacrev,
  jvp,
  ones,
  scatterAdd,
  valueAndGrad,
  vjp,
  vmap,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { differences, points } from '../differences.ts';
import { elementwiseJacobian, filled, numbers } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { inEachMode } from '../modes.ts';
import { refused } from '../refusal.ts';

// Section D: auxiliary and non-differentiated data.

const x3 = points([3], 401);
const x2 = points([2], 402);
const doubled = { shape: [3], data: x3.data.map((v) => 2 * v) };
const ids = array(Int32Array.from([2, 0, 2, 1]));

export const aux: Scenario[] = [
  ...inEachMode(
    'test_aux_tensor; test_jacfwd/jacrev_and_aux_basic',
    'J and the aux value',
    (J) => async (b) => {
      const f = (x: Tensor) => [x.square(), x.mul(2)];
      const got = await b.run(J(f, { hasAux: true }), x3);
      b.exact(got, [elementwiseJacobian([3], [...doubled.data]), doubled]);
    },
  ),

  ...inEachMode('test_aux_pytree', 'aux is any tree, with constants in it', (J) => async (b) => {
    const f = (x: Tensor) => [
      x.square(),
      { twice: x.mul(2), list: [x.sum().mul(0), 7, array([1, 2])] },
    ];
    b.exact(await b.run(J(f, { hasAux: true }), x3), [
      elementwiseJacobian([3], [...doubled.data]),
      { twice: doubled, list: [numbers(0), numbers(7), numbers([1, 2])] },
    ]);
  }),

  ...inEachMode(
    'test_aux_tensor',
    'aux with a tree of outputs and a list of argnums',
    (J) => async (b) => {
      const f = (x: Tensor, y: Tensor) => [{ p: x.mul(2), q: y.mul(3) }, x.sum().mul(0)];
      b.exact(await b.run(J(f, { hasAux: true, argnums: [1, 0] }), x3, x2), [
        {
          p: [filled([3, 2], 0), elementwiseJacobian([3], [2, 2, 2])],
          q: [elementwiseJacobian([2], [3, 3]), filled([2, 3], 0)],
        },
        numbers(0),
      ]);
    },
  ),

  ...inEachMode(
    'test_jacfwd/jacrev_and_aux_nested',
    'aux of an inner Jacobian',
    (J) => async (b) => {
      const inner = (x: Tensor) => [x.square(), x.mul(2)];
      const f = (x: Tensor) => {
        const [first, kept] = J(inner, { hasAux: true })(x) as [Tensor, Tensor];
        return [first.sum(0), { kept }];
      };
      b.exact(await b.run(J(f, { hasAux: true }), x3), [
        elementwiseJacobian([3], [2, 2, 2]),
        { kept: doubled },
      ]);
    },
  ),

  ...inEachMode(
    'test_jacfwd/jacrev_and_aux_basic',
    'under vmap aux has the batch axis',
    (J) => async (b) => {
      const f = (x: Tensor) => [x.square(), { sum: x.sum(), one: ones([]) }];
      const xs = points([2, 3], 403);
      const [p, q, r, s, t, u] = [...xs.data] as [number, number, number, number, number, number];
      const block = (...d: number[]) => Array.from(elementwiseJacobian([3], d).data);
      b.close(await b.run(vmap(J(f, { hasAux: true }) as never) as Traced, xs), [
        {
          shape: [2, 3, 3],
          data: [...block(2 * p, 2 * q, 2 * r), ...block(2 * s, 2 * t, 2 * u)],
        },
        { sum: numbers([p + q + r, s + t + u]), one: numbers([1, 1]) },
      ]);
    },
  ),

  scenario('hessian_aux', async (b) => {
    const f = (x: Tensor) => [x.square().sum(), { twice: x.mul(2) }];
    const H = hessian(f as never, { hasAux: true });
    b.exact(await b.run(H as Traced, x3), [
      elementwiseJacobian([3], [2, 2, 2]),
      { twice: doubled },
    ]);
  }),

  scenario('grad_and_aux_* (constant, no_tracers): aux comes back concrete', async (b) => {
    const f = (x: Tensor) => [x.square().sum(), [3, x.mul(2)]];
    b.exact(await b.run(grad(f as never, { hasAux: true }) as Traced, x3), [
      doubled,
      [numbers(3), doubled],
    ]);
  }),

  scenario('grad_and_aux_*: valueAndGrad gives value, aux and gradient', async (b) => {
    const f = (x: Tensor) => [x.square().sum(), x.mul(2)];
    const total = Array.from(x3.data).reduce((s, v) => s + v * v, 0);
    b.close(await b.run(valueAndGrad(f as never, { hasAux: true }) as Traced, x3), [
      [numbers(total), doubled],
      doubled,
    ]);
  }),

  scenario(
    'grad_and_aux_*: an aux value is not differentiated, nor is what depends on it',
    async (b) => {
      const f = (x: Tensor) => [x.square().sum(), x.log()];
      b.exact(await b.run(grad(f as never, { hasAux: true }) as Traced, array([0, 1])), [
        numbers([0, 2]),
        numbers([-Infinity, 0]),
      ]);
    },
  ),

  ...inEachMode(
    'test_jac_with_non_tensor_args; grad_argnums',
    'flags and options pass through',
    (J) => async (b) => {
      const seen: unknown[] = [];
      const f = (x: Tensor, flag: boolean, options: { scale: string }, negate?: undefined) => {
        seen.push(flag, options.scale, negate);
        return flag ? x.mul(3) : x;
      };
      // inside a traced function, as flags of a user's own code
      const g = (x: Tensor) => J(f as Traced)(x, true, { scale: 'big' }, undefined);
      b.exact(await b.run(g, x3), elementwiseJacobian([3], [3, 3, 3]));
      expect(seen.slice(0, 3)).toEqual([true, 'big', undefined]);
    },
  ),

  ...inEachMode(
    'test_jac_with_non_tensor_args',
    'a plain number is a scalar tensor',
    (J) => async (b) => {
      const f = (x: Tensor, s: Tensor) => x.mul(s);
      b.exact(await b.run(J(f), x3, 3), elementwiseJacobian([3], [3, 3, 3]));
      b.exact(await b.run(J(f, { argnums: 1 }), x3, 3), { shape: [3], data: x3.data });
    },
  ),

  ...inEachMode('test_inplace', 'writing into an array: scatterAdd', (J) => async (b) => {
    const f = (x: Tensor) => scatterAdd(x, [0, 2, 0], x.mul(2));
    b.exact(
      await b.run(J(f), x3),
      numbers([
        [3, 0, 2],
        [0, 1, 0],
        [0, 2, 1],
      ]),
    );
  }),

  ...inEachMode(
    'correctness_different_dtype; test_heterogeneous_jacfwd/jacrev',
    'f32 with i32 gives f32',
    (J) => async (b) => {
      const f = (x: Tensor, i: Tensor) => [x.mul(i), x.square().mul(i.add(1).cast('f32'))];
      const n = array(Int32Array.from([1, 2, 3]));
      const got = await b.run(J(f), x3, n);
      b.exact(got, [
        elementwiseJacobian([3], [1, 2, 3]),
        elementwiseJacobian(
          [3],
          [2, 3, 4].map((s, k) => 2 * s * (x3.data[k] as number)),
        ),
      ]);
    },
  ),

  ...inEachMode(
    'test_jvp_of_int_*, vjp_of_int_*',
    'integer indices as an argument',
    (J) => async (b) => {
      const f = (x: Tensor, i: Tensor) => x.take(i, 0).square();
      const want = filled([4, 3], (n) => {
        const [row, column] = [Math.floor(n / 3), n % 3];
        return ids.data[row] === column ? 2 * (x3.data[column] as number) : 0;
      });
      b.exact(await b.run(J(f), x3, ids), want);
    },
  ),

  scenario('test_grad_of_int: refused, with the type in the message', async (b) => {
    const f = (x: Tensor, i: Tensor) => x.take(i, 0).sum();
    await refused('', grad(f, { argnums: 1 }) as Traced, [x3, ids], {
      error: DTypeError,
      says: ['grad', 'i32'],
    }).run(b);
  }),

  scenario(
    'test_vjp_of_int_*: an integer primal carries no cotangent, the others theirs',
    async (b) => {
      const f = (x: Tensor, i: Tensor, u: Tensor) => {
        const [y, pullback] = vjp((p: Tensor) => p.take(i, 0).square(), x);
        return [y, [pullback(u)].flat()[0]];
      };
      const u = points([4], 404);
      const weighted = (x: Tensor) => x.take(ids, 0).square().mul(u).sum();
      const value = await b.run((x: Tensor) => x.take(ids, 0).square(), x3);
      b.close(await b.run(f, x3, ids, u), [value, differences(weighted, [x3])]);
    },
  ),

  scenario('test_jvp_of_int_*: comparisons and rounding pass nothing on', async (b) => {
    const f = (x: Tensor) =>
      jvp((p: Tensor) => p.greater(0).cast('f32').add(p.floor()).add(p.sign()), [x], [x])[1];
    b.exact(await b.run(f, x3), filled([3], 0));
    const g = (x: Tensor) => jacrev((p: Tensor) => p.mul(p.greater(0)))(x);
    b.exact(
      await b.run(g, x3),
      elementwiseJacobian(
        [3],
        [...x3.data].map((v) => (v > 0 ? 1 : 0)),
      ),
    );
  }),
];
