import {
  array,
  grad,
  hessian,
  jvp,
  linearize,
  ones,
  vjp,
  vmap,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { points } from '../differences.ts';
import { elementwiseJacobian, filled, numbers } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { inEachMode, pairsOfModes } from '../modes.ts';

// Section B: zero and unrelated derivatives.

const x3 = points([3], 201);
const y2 = points([2], 202);

export const zero: Scenario[] = [
  ...inEachMode(
    'test_unrelated_input',
    'an argument that is not used has zeros',
    (J) => async (b) => {
      const f = (_x: Tensor, y: Tensor) => y.sin();
      b.exact(await b.run(J(f), x3, y2), filled([2, 3], 0));
      b.exact(await b.run(J(f, { argnums: [0] }), x3, y2), [filled([2, 3], 0)]);
    },
  ),

  ...inEachMode('test_unrelated_output', 'a constant output has zeros', (J) => async (b) => {
    b.exact(
      await b.run(
        J(() => ones([2, 2])),
        x3,
      ),
      filled([2, 2, 3], 0),
    );
    b.exact(
      await b.run(
        J((x: Tensor) => [x, ones([2])]),
        x3,
      ),
      [elementwiseJacobian([3], [1, 1, 1]), filled([2, 3], 0)],
    );
  }),

  scenario(
    'test_unrelated_grad, zero_grad: grad of a constant and by an unused argument',
    async (b) => {
      b.exact(await b.run(grad(() => ones([])) as Traced, x3), filled([3], 0));
      b.exact(await b.run(grad((x: Tensor) => x.mul(0).sum()) as Traced, x3), filled([3], 0));
      const first: (x: Tensor, y: Tensor) => Tensor = (x) => x.sum();
      const second = grad(first, { argnums: 1 });
      b.exact(await b.run(second as Traced, x3, y2), filled([2], 0));
    },
  ),

  scenario(
    'test_unrelated_vjp, _vjp_multiple: products of unused arguments are zeros',
    async (b) => {
      const twice: (p: Tensor, q: Tensor) => Tensor = (p) => p.mul(2);
      const pull = (x: Tensor, y: Tensor, u: Tensor) => {
        const [, pullback] = vjp(twice, x, y);
        return pullback(u) as unknown;
      };
      b.exact(await b.run(pull, x3, y2, array([1, 2, 3])), [numbers([2, 4, 6]), filled([2], 0)]);
    },
  ),

  scenario('test_unrelated_jvp: the tangent of an unrelated output is zeros', async (b) => {
    const push = (x: Tensor) => jvp((p: Tensor) => [ones([2]), p.mul(2)], [x], [x])[1];
    b.exact(await b.run(push, x3), [
      filled([2], 0),
      { shape: [3], data: x3.data.map((v) => 2 * v) },
    ]);
  }),

  scenario('test_unrelated_hessian: a linear and a constant function', async (b) => {
    for (const f of [(x: Tensor) => x.sum(), (x: Tensor) => x.mul([1, 2, 3]).sum(), () => ones([])])
      b.exact(await b.run(hessian(f) as Traced, x3), filled([3, 3], 0));
    b.exact(await b.run(hessian((x: Tensor) => x.mul(2)) as Traced, x3), filled([3, 3, 3], 0));
  }),

  scenario(
    'test_hessian_vectorize_correctness_unrelated_outputs: blocks of unused arguments',
    async (b) => {
      const f: (x: Tensor, y: Tensor) => Tensor = (x) => x.square().sum();
      b.exact(await b.run(hessian(f, { argnums: [0, 1] }) as Traced, x3, y2), [
        [elementwiseJacobian([3], [2, 2, 2]), filled([3, 2], 0)],
        [filled([2, 3], 0), filled([2, 2], 0)],
      ]);
    },
  ),

  ...pairsOfModes.map(([outer, inner, outerName, innerName]) =>
    scenario(
      `test_unrelated_hessian: ${outerName}(${innerName}) of constant and linear`,
      async (b) => {
        const f = (x: Tensor) => [x.mul(2), ones([2])];
        b.exact(await b.run(outer(inner(f)), x3), [filled([3, 3, 3], 0), filled([2, 3, 3], 0)]);
      },
    ),
  ),

  scenario('test_linearize_instantiates_zero_outputs: a usable zero, not a marker', async (b) => {
    const f = (x: Tensor) => {
      const [, push] = linearize((p: Tensor) => [ones([2]), p.sin().mul(0)], x);
      const [constant, zeroed] = push(x) as [Tensor, Tensor];
      return [constant.add(1), zeroed.exp(), constant.shape.length === 1 ? constant : x];
    };
    b.exact(await b.run(f, x3), [filled([2], 1), filled([3], 1), filled([2], 0)]);
  }),

  scenario(
    'test_linearize_instantiates_zero_outputs: under vmap the zero has the batch axis',
    async (b) => {
      const f = vmap((x: Tensor) => jvp(() => ones([2]), [x], [x])[1]);
      b.exact(await b.run(f as Traced, x3), filled([3, 2], 0));
    },
  ),
];
