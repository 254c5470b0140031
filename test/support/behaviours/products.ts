import { expect } from 'vitest';
import {
  array,
  concat,
  conv2d,
  einsum,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacobian,
  jacrev,
  jvp,
  linearize,
  maxPool2d,
  avgPool2d,
  ones,
  scatterAdd,
  stack,
  vjp,
  vjpWithAux,
  vmap,
  where,
  type HostArray,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { differences, points } from '../differences.ts';
import { elementwiseJacobian, filled, numbers, total, type Numbers } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';

// Section E: products, linearisation, consistency.

const x3 = points([3], 501, -1, 1);
const v3 = points([3], 502, -1, 1);
const u2 = points([2], 503, -1, 1);
const W = points([3, 2], 504, -1, 1);

const f = (x: Tensor): Tensor => x.matmul(W).tanh().mul(x.sum());
const energy = (x: Tensor): Tensor => f(x).square().sum().add(x.prod());

/** The cotangent of the one argument of a pullback. */
const only = ([g]: [Tensor]): Tensor => g;

/** The value and both products of `g`, with the Jacobian they should come from. */
const matches =
  (g: (x: Tensor) => Tensor) =>
  (x: Tensor, v: Tensor, u: Tensor): Tensor[] => {
    const J = jacobian(g)(x);
    const [y, tangent] = jvp(g, [x], [v]) as [Tensor, Tensor];
    const [same, pullback] = vjp(g, x);
    const flat = J.reshape([y.size, x.size]);
    return [
      y.sub(same),
      tangent.flatten().sub(flat.matmul(v.flatten())),
      only(pullback(u)).flatten().sub(u.flatten().matmul(flat)),
    ];
  };

interface Numeric {
  readonly op: string;
  readonly f: (...x: Tensor[]) => Tensor;
  readonly args: readonly HostArray[];
}

const image = points([1, 2, 5, 5], 510, -1, 1);
const kernel = points([4, 2, 3, 2], 511, -1, 1);
const grouped = points([4, 1, 2, 2], 512, -1, 1);
/** no two entries closer than 1/4: no maximum changes within the reach of differences */
const spread = array(
  Float32Array.from({ length: 16 }, (_, i) => ((i * 7) % 16) / 4 - 2),
  [1, 1, 4, 4],
);

/** What jax checks op by op with check_grads; the generated op tests cover every op once more. */
const numerics: readonly Numeric[] = [
  {
    op: 'broadcasting, right-aligned',
    f: (x, y) => x.mul(y).sin().div(y.square().add(1)),
    args: [points([2, 1, 3], 513, -1, 1), points([2, 1], 514, -1, 1)],
  },
  {
    op: 'dot_general',
    f: (x, y) => x.matmul(y),
    args: [points([2, 2, 3], 515), points([3, 2], 516)],
  },
  {
    op: 'dot_general: einsum with a batch and a repeated letter',
    f: (x, y) => einsum('bij,bjk,bii->bk', x, y, x),
    args: [points([2, 2, 2], 517, -1, 1), points([2, 2, 3], 518, -1, 1)],
  },
  {
    op: 'conv: strides and padding',
    f: (x, w) => conv2d(x, w, { stride: [2, 1], padding: [1, 0] }),
    args: [image, kernel],
  },
  {
    op: 'conv: dilation',
    f: (x, w) => conv2d(x, w, { dilation: [1, 3], padding: 1 }),
    args: [image, kernel],
  },
  {
    op: 'conv: groups',
    f: (x, w) => conv2d(x, w, { groups: 2, stride: 2 }),
    args: [image, grouped],
  },
  { op: 'reduce-window: max', f: (x) => maxPool2d(x, 2).square(), args: [spread] },
  {
    op: 'reduce-window: max, overlapping',
    f: (x) => maxPool2d(x, 3, { stride: 1 }).square(),
    args: [spread],
  },
  {
    op: 'reduce-window: mean, padded',
    f: (x) => avgPool2d(x, 2, { stride: 1, padding: 1 }).square(),
    args: [spread],
  },
  { op: 'cumulative sum', f: (x) => x.cumsum(1).sin(), args: [points([2, 3], 519, -1, 1)] },
  { op: 'cumulative product', f: (x) => x.cumprod(1), args: [points([2, 4], 520)] },
  {
    op: 'cumulative product with zeros',
    f: (x) => x.cumprod(0),
    args: [array([1.5, 0, -0.5, 0, 2])],
  },
  { op: 'product with one zero', f: (x) => x.prod(), args: [array([1.5, 0, -0.5, 2])] },
  { op: 'product with two zeros', f: (x) => x.prod(), args: [array([1.5, 0, -0.5, 0])] },
  {
    op: 'gather along an axis',
    f: (x) => x.take([2, 0, 2], 1).sin(),
    args: [points([2, 3], 521)],
  },
  {
    op: 'gather, indices of rank 2',
    f: (x) =>
      x
        .take(
          [
            [0, 1],
            [1, 1],
          ],
          0,
        )
        .square(),
    args: [points([2, 2], 522)],
  },
  {
    op: 'takeAlongAxis',
    f: (x) => x.takeAlongAxis([[1, 1, 0]], 0).square(),
    args: [points([2, 3], 523)],
  },
  {
    op: 'scatter with repeated indices',
    f: (x, y) => scatterAdd(x, [1, 1, 0], y).square(),
    args: [points([2, 2], 524), points([3, 2], 525)],
  },
  {
    op: 'slice with steps, from both ends',
    f: (x) => x.slice([null, null, -2], [1, null, 2]).square(),
    args: [points([5, 4], 526)],
  },
  {
    op: 'pad, negative and constant',
    f: (x) =>
      x
        .pad(
          [
            [1, -1],
            [-1, 2],
          ],
          { value: 0.5 },
        )
        .square(),
    args: [points([3, 3], 527)],
  },
  {
    op: 'pad, reflect and circular',
    f: (x) => x.pad([[2, 1]], { mode: 'reflect' }).mul(x.pad([[1, 2]], { mode: 'circular' })),
    args: [points([2, 3], 528)],
  },
  {
    op: 'clamp',
    f: (x) => x.clamp(-0.5, 0.75).square(),
    args: [array([-1, -0.25, 0.25, 1])],
  },
  {
    op: 'select',
    f: (x, y) => where(x.greater(y), x.mul(y), y.exp()),
    args: [array([1, -1, 0.5]), array([0.25, 0.5, -1])],
  },
  {
    op: 'logsumexp and softmax',
    f: (x) => x.softmax(0).mul(x.logsumexp(1, { keepDims: true })),
    args: [points([2, 3], 529, -1, 1)],
  },
  {
    op: 'concat and split',
    f: (x, y) => (concat([x, y], 1).split([2, 3], 1)[1] as Tensor).square(),
    args: [points([2, 3], 530), points([2, 2], 531)],
  },
  {
    op: 'layerNorm with gain and bias',
    f: (x, w, c) => x.layerNorm([-1], { weight: w, bias: c, eps: 0.125 }),
    args: [points([2, 3], 532, -1, 1), points([3], 533), points([3], 534)],
  },
];

export const products: Scenario[] = [
  scenario('test_jacobian_match_vjp_jvp: J v and u J', async (b) => {
    b.close(
      await b.run(matches(f), x3, v3, u2),
      [filled([2], 0), filled([2], 0), filled([3], 0)],
      1,
    );
    const matrix = (x: Tensor): Tensor => x.matmul(x.t()).sin();
    const [x, v, u] = [points([2, 3], 505), points([2, 3], 506), points([2, 2], 507)];
    b.close(
      await b.run(matches(matrix), x, v, u),
      [filled([2, 2], 0), filled([4], 0), filled([6], 0)],
      4,
    );
  }),

  scenario('test_hessian_match_vhp_hvp: H v both ways', async (b) => {
    const all = (x: Tensor, v: Tensor) => {
      const H = hessian(energy)(x);
      const slope = grad<[Tensor], Tensor>(energy);
      const forward = jvp(slope, [x], [v])[1];
      const reverse = only(vjp(slope, x)[1](v));
      const product = H.matmul(v);
      return [hvp(energy, [x], [v]).sub(product), forward.sub(product), reverse.sub(product)];
    };
    const zeros = filled([3], 0);
    b.close(await b.run(all, x3, v3), [zeros, zeros, zeros], 1);
  }),

  scenario('TestJvp.test_simple: value and product together', async (b) => {
    const got = await b.run(
      (x: Tensor, v: Tensor) => jvp((y: Tensor) => y.sin(), [x], [v]),
      x3,
      v3,
    );
    const at = (g: (x: number, v: number) => number): Numbers =>
      filled([3], (i) => g(x3.data[i] as number, v3.data[i] as number));
    b.close(got, [at((x) => Math.sin(x)), at((x, v) => Math.cos(x) * v)]);
  }),

  scenario(
    'TestJvp.test_multiple_inputs, pytree_inputs: tangents add up over the leaves',
    async (b) => {
      const g = ({ p, q: [r] }: { p: Tensor; q: [Tensor] }, s: Tensor) => p.mul(r).add(s);
      const push = (x: Tensor, v: Tensor) =>
        jvp(g, [{ p: x, q: [x.mul(2)] }, x], [{ p: v, q: [v.mul(3)] }, v.mul(5)])[1];
      // d(p r) = v r + p 3v = 2xv + 3xv
      const want = filled([3], (i) => {
        const [x, v] = [x3.data[i] as number, v3.data[i] as number];
        return 5 * x * v + 5 * v;
      });
      b.close(await b.run(push, x3, v3), want);
    },
  ),

  scenario('TestJvp.test_multiple_outputs, unrelated_*, outputs_can_any_pytree', async (b) => {
    const g = (x: Tensor) => ({ a: x.mul(2), b: [ones([2]), x.sum()] });
    b.close(
      await b.run((x: Tensor, v: Tensor) => jvp(g, [x], [v]), x3, v3),
      [
        {
          a: { shape: [3], data: x3.data.map((v) => 2 * v) },
          b: [numbers([1, 1]), numbers(total(x3))],
        },
        {
          a: { shape: [3], data: v3.data.map((v) => 2 * v) },
          b: [numbers([0, 0]), numbers(total(v3))],
        },
      ],
      1,
    );
  }),

  scenario('TestJvp.test_new_tensor: a tensor made inside is a constant', async (b) => {
    const g = (x: Tensor) => x.mul(array([1, 2, 3])).add(ones([3]));
    const want = filled([3], (i) => (i + 1) * (v3.data[i] as number));
    b.close(await b.run((x: Tensor, v: Tensor) => jvp(g, [x], [v])[1], x3, v3), want);
  }),

  scenario(
    'TestGradTransform.test_vjp, vjp_two_outputs: the same array as two outputs',
    async (b) => {
      const pull = (x: Tensor, u: Tensor) => {
        const [y, pullback] = vjp((p: Tensor) => {
          const s = p.mul(2);
          return [s, s];
        }, x);
        return [y, only(pullback([u, u.mul(3)]))];
      };
      const twice = { shape: [3], data: x3.data.map((v) => 2 * v) };
      const want = { shape: [3], data: v3.data.map((v) => 8 * v) };
      b.close(await b.run(pull, x3, v3), [[twice, twice], want]);
    },
  ),

  scenario(
    'TestJvp.pytree_inputs, vjp_pytree_output: the order of keys does not count',
    async (b) => {
      type Pair = { p: Tensor; q: Tensor };
      const g = ({ p, q }: Pair) => ({ y: p.mul(q.square()), z: p.sum() });
      const pushed = (x: Tensor, v: Tensor) => [
        jvp(g, [{ p: x, q: v }], [{ q: x.mul(2), p: v }])[1],
        linearize(g, { p: x, q: v })[1]({ q: x.mul(2), p: v }),
        vjp(g, { p: x, q: v })[1]({ z: x.sum(), y: v }),
      ];
      const inOrder = (x: Tensor, v: Tensor) => [
        jvp(g, [{ p: x, q: v }], [{ p: v, q: x.mul(2) }])[1],
        linearize(g, { p: x, q: v })[1]({ p: v, q: x.mul(2) }),
        vjp(g, { p: x, q: v })[1]({ y: v, z: x.sum() }),
      ];
      b.exact(await b.run(pushed, x3, v3), await b.run(inOrder, x3, v3));
    },
  ),
  scenario('vjp_pytree_input: one cotangent for each leaf of each argument', async (b) => {
    const pull = (x: Tensor, u: Tensor) => {
      const g = (t: { p: Tensor; q: Tensor[] }, s: Tensor) =>
        t.p
          .mul(2)
          .add((t.q[0] as Tensor).mul(3))
          .add(s.mul(4));
      return vjp(g, { p: x, q: [x] }, x)[1](u) as unknown;
    };
    const scaled = (s: number): Numbers => ({ shape: [3], data: v3.data.map((v) => s * v) });
    b.close(await b.run(pull, x3, v3), [{ p: scaled(2), q: [scaled(3)] }, scaled(4)]);
  }),

  scenario(
    'vjp_pytree_output, vjp_outputs_can_any_pytree: cotangents shaped as the output',
    async (b) => {
      const pull = (x: Tensor, u: Tensor) => {
        const [, pullback] = vjp((p: Tensor) => ({ a: p.mul(2), b: [p.sum()] }), x);
        return only(pullback({ a: u, b: [u.sum()] }));
      };
      const sum = total(v3);
      b.close(
        await b.run(pull, x3, v3),
        filled([3], (i) => 2 * (v3.data[i] as number) + sum),
      );
    },
  ),

  scenario('vjp aux tests: value, pullback and aux', async (b) => {
    const pull = (x: Tensor, u: Tensor) => {
      const g = (p: Tensor): [Tensor, { sum: Tensor }] => [p.mul(2), { sum: p.sum() }];
      const [y, pullback, aux] = vjpWithAux(g, x);
      return [y, only(pullback(u)), aux];
    };
    const twice = (x: HostArray): Numbers => ({ shape: [3], data: x.data.map((v) => 2 * v) });
    const sum = total(x3);
    b.close(await b.run(pull, x3, v3), [twice(x3), twice(v3), { sum: numbers(sum) }], 1);
  }),

  scenario('TestJvp aux tests: value, tangent and aux', async (b) => {
    const push = (x: Tensor, v: Tensor) =>
      jvp((p: Tensor) => [p.mul(2), { sum: p.sum() }], [x], [v], { hasAux: true });
    const twice = (x: HostArray): Numbers => ({ shape: [3], data: x.data.map((v) => 2 * v) });
    const sum = total(x3);
    b.close(await b.run(push, x3, v3), [twice(x3), twice(v3), { sum: numbers(sum) }], 1);
  }),

  scenario(
    'test_linearize_basic, return: one linearisation, many tangents, f called once',
    async (b) => {
      let calls = 0;
      const g = (x: Tensor) => {
        calls++;
        return f(x);
      };
      const replay = (x: Tensor, v: Tensor) => {
        const [y, push] = linearize(g, x);
        const tangents = [push(v), push(v.mul(2)), push(v.mul(0))];
        expect(calls).toBe(1);
        return [y, ...tangents];
      };
      const J = differences(f, [x3]) as Numbers;
      const Jv = filled([2], (i) =>
        [0, 1, 2].reduce((s, k) => s + (J.data[3 * i + k] as number) * (v3.data[k] as number), 0),
      );
      const twice = { shape: [2], data: Array.from(Jv.data, (v) => 2 * v) };
      b.close(await b.run(replay, x3, v3), [await b.run(f, x3), Jv, twice, filled([2], 0)]);
    },
  ),

  scenario('test_linearize_nested_input_nested_output', async (b) => {
    const g = ({ p }: { p: Tensor }, [q]: [Tensor]) => ({ y: [p.mul(q)] });
    const replay = (x: Tensor, v: Tensor) =>
      (linearize(g, { p: x }, [x]) as unknown as [unknown, Traced])[1]({ p: v }, [v.mul(2)]);
    const want = filled([3], (i) => 3 * (x3.data[i] as number) * (v3.data[i] as number));
    b.close(await b.run(replay, x3, v3), { y: [want] });
  }),

  scenario('test_linearize_composition_vmap: vmap over the map equals the loop', async (b) => {
    const vs = points([4, 3], 508, -1, 1);
    const both = (x: Tensor, tangents: Tensor) => {
      const push = linearize(f, x)[1] as (v: Tensor) => Tensor;
      return [vmap(push)(tangents), stack(tangents.unstack().map((v) => push(v)))];
    };
    const [batched, looped] = (await b.run(both, x3, vs)) as [Numbers, Numbers];
    b.close(batched, looped);
    expect(batched.shape).toEqual([4, 2]);
  }),

  scenario('test_linearize_composition_grad: the map itself is differentiable by x', async (b) => {
    const g = (x: Tensor) => ((linearize(f, x)[1] as Traced)(v3) as Tensor).square().sum();
    b.close(await b.run(grad(g) as Traced, x3), differences(g, [x3]));
  }),

  scenario('linearize_caching, vjp_caching: a pullback is traced once and reused', async (b) => {
    let calls = 0;
    const g = (x: Tensor) => {
      calls++;
      return f(x);
    };
    const pull = (x: Tensor, u: Tensor) => {
      const pullback = vjp(g, x)[1];
      const rows = [only(pullback(u)), only(pullback(u.mul(2)))];
      expect(calls).toBe(1);
      return [...rows, vmap((c: Tensor) => only(pullback(c)))(stack([u, u.mul(2)]))];
    };
    const [one, two, both] = (await b.run(pull, x3, u2)) as [Numbers, Numbers, Numbers];
    b.close(both, { shape: [2, 3], data: [...Array.from(one.data), ...Array.from(two.data)] });
    b.close(two, { shape: [3], data: Array.from(one.data, (v) => 2 * v) });
  }),

  scenario('test_jacobian: J(A x) = A', async (b) => {
    const A = points([4, 3], 509);
    for (const J of [jacrev, jacfwd, jacobian])
      b.exact(await b.run(J((x: Tensor) => x.matmul(transposed(A))) as Traced, x3), A);
  }),

  scenario('test_jacobian: J(tanh(A x)) forward = reverse', async (b) => {
    const g = (x: Tensor) => x.matmul(W).tanh();
    const want = differences(g, [x3]);
    b.close(await b.run((x: Tensor) => [jacrev(g)(x), jacfwd(g)(x)], x3), [want, want]);
  }),

  scenario("test_hessian, testHessian: H(x' A x) = A + A'", async (b) => {
    const A = points([3, 3], 509);
    const g = (x: Tensor) => x.matmul(A).matmul(x);
    const want = filled([3, 3], (n) => {
      const [i, j] = [Math.floor(n / 3), n % 3];
      return (A.data[3 * i + j] as number) + (A.data[3 * j + i] as number);
    });
    b.exact(await b.run(hessian(g) as Traced, x3), want);
  }),

  scenario('testJacobians: vmap of a pullback and of a pushforward are the Jacobian', async (b) => {
    const basis = (n: number): number[][] =>
      Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)));
    const byHand = (x: Tensor) => {
      const pullback = vjp(f, x)[1];
      const push = linearize(f, x)[1] as (v: Tensor) => Tensor;
      const rows = vmap((u: Tensor) => only(pullback(u)))(array(basis(2)) as never);
      const columns = vmap(push, { outAxes: 1 })(array(basis(3)) as never);
      return [rows, columns];
    };
    const J = differences(f, [x3]);
    b.close(await b.run(byHand, x3), [J, J]);
  }),

  scenario('testHessian: sum(max(x, 0)^2) at x = 0, by maximum and by relu', async (b) => {
    // d max(x, 0) at the tie is 1/2: d2 = 2 (1/2)^2; relu passes nothing at 0
    const at = array([-1, 0, 2]);
    const maximum = (x: Tensor) => x.maximum(0).square().sum();
    const relu = (x: Tensor) => x.relu().square().sum();
    b.exact(await b.run(hessian(maximum) as Traced, at), elementwiseJacobian([3], [0, 0.5, 2]));
    b.exact(await b.run(hessian(relu) as Traced, at), elementwiseJacobian([3], [0, 0, 2]));
  }),

  ...numerics.flatMap(({ op, f: g, args }) => [
    scenario(`check_grads: ${op}, first order forward and reverse`, async (b) => {
      const argnums = args.map((_, i) => i);
      const both = (...x: Tensor[]) =>
        [jacrev, jacfwd].map((J) => (J(g, { argnums }) as Traced)(...x));
      const want = args.map((_, i) => differences(g, args, i));
      b.close(await b.run(both, ...args), [want, want]);
    }),
    scenario(`check_grads: ${op}, second order along one direction`, async (b) => {
      // grad of a product with J: both rules of the rules, without the whole array
      const weight = points([1], 540).data[0] as number;
      const slope = (...x: Tensor[]): Tensor =>
        jvp(
          g,
          x,
          x.map((xi) => xi.mul(0.5).add(weight)),
        )[1]
          .square()
          .sum();
      const argnums = args.map((_, i) => i);
      const both = (...x: Tensor[]) => [
        (grad(slope, { argnums }) as Traced)(...x),
        (jacfwd(slope, { argnums }) as Traced)(...x),
      ];
      const want = args.map((_, i) => differences(slope, args, i));
      b.close(await b.run(both, ...args), [want, want]);
    }),
  ]),
];

function transposed(x: HostArray): HostArray {
  const [rows, columns] = x.shape as [number, number];
  const data = Float32Array.from(
    { length: rows * columns },
    (_, n) => x.data[(n % rows) * columns + Math.floor(n / rows)] as number,
  );
  return array(data, [columns, rows]);
}
