import { expect } from 'vitest';
import {
  array,
  grad,
  hessian,
  jacfwd,
  jacobian,
  jacrev,
  jvp,
  linear,
  ones,
  stack,
  stopGradient,
  TraceError,
  vjp,
  vmap,
  type HostArray,
  type Tensor,
} from '../../../src/index.ts';
import type { Backend, Traced } from '../backend.ts';
import { differences, points } from '../differences.ts';
import { elementwiseJacobian, filled, leaf, numbers, type Numbers } from '../reference.ts';
import { expectRefusal } from '../refusal.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { inEachMode, modes, pairsOfModes } from '../modes.ts';
import { refused } from '../refusal.ts';

// Section F: batching, chunking, composition.

const x3 = points([3], 601, -1, 1);
const W = points([3, 2], 602, -1, 1);
const f = (x: Tensor): Tensor => x.matmul(W).tanh().mul(x.sum());
const energy = (x: Tensor): Tensor => f(x).square().sum().add(x.prod());

const rowsOf = (x: HostArray): HostArray[] => {
  const size = x.data.length / (x.shape[0] as number);
  return Array.from({ length: x.shape[0] as number }, (_, i) =>
    array(x.data.slice(i * size, (i + 1) * size), x.shape.slice(1)),
  );
};

const stacked = (rows: readonly Numbers[]): Numbers => ({
  shape: [rows.length, ...(rows[0] as Numbers).shape],
  data: rows.flatMap((r) => Array.from(r.data)),
});

// ---- every transform inside every other

/** A transform of [3] -> [3], and what it must give, from values of the inner function alone. */
interface Layer {
  readonly apply: (g: (x: Tensor) => Tensor) => (x: Tensor) => Tensor;
  readonly expect: (g: Traced, x: HostArray, b: Backend) => Promise<Numbers>;
}

const multiply = (J: Numbers, v: ArrayLike<number>, transposed: boolean): Numbers =>
  filled([3], (i) =>
    [0, 1, 2].reduce(
      (s, k) => s + (J.data[transposed ? 3 * k + i : 3 * i + k] as number) * (v[k] as number),
      0,
    ),
  );
const direction = Array.from(x3.data, Math.cos);
const only = (g: unknown): Tensor => [g].flat()[0] as Tensor;

const jacobianLayer = (J: typeof jacrev): Layer => ({
  apply: (g) => (x) => J(g)(x).matmul(x.cos()),
  expect: (g, x) => Promise.resolve(multiply(differences(g, [x]) as Numbers, direction, false)),
});

const layers: Readonly<Record<string, Layer>> = {
  vmap: {
    // a mapped operand and one closed over
    apply: (g) => (x) => vmap((s: Tensor) => g(x.mul(s.add(1))))(x).sum(0),
    expect: async (g, x, b) => {
      const looped = (y: Tensor) =>
        y
          .unstack()
          .map((s) => g(y.mul(s.add(1))) as Tensor)
          .reduce((p, q) => p.add(q));
      return (await b.run(looped, x)) as Numbers;
    },
  },
  jvp: {
    apply: (g) => (x) => jvp(g, [x], [x.cos()])[1],
    expect: (g, x) => Promise.resolve(multiply(differences(g, [x]) as Numbers, direction, false)),
  },
  vjp: {
    apply: (g) => (x) => only(vjp(g, x)[1](x.cos())),
    expect: (g, x) => Promise.resolve(multiply(differences(g, [x]) as Numbers, direction, true)),
  },
  grad: {
    apply: (g) => (x) => grad((y: Tensor) => g(y).square().sum())(x),
    expect: (g, x) => {
      const total = (y: Tensor) => (g(y) as Tensor).square().sum();
      return Promise.resolve(differences(total, [x]) as Numbers);
    },
  },
  jacrev: jacobianLayer(jacrev),
  jacfwd: jacobianLayer(jacfwd),
};

const base = (x: Tensor): Tensor => x.mul(x.roll(1, 0)).sin().add(x.square().mul(0.25));

const composability: Scenario[] = Object.entries(layers).flatMap(([outerName, outer]) =>
  Object.entries(layers).map(([innerName, inner]) =>
    scenario(
      `TestComposability.*; grad_of_vjp, vjp_of_grad: ${outerName} of ${innerName}`,
      async (b) => {
        const once = inner.apply(base);
        b.close(await b.run(outer.apply(once), x3), await outer.expect(once, x3, b));
      },
    ),
  ),
);

// ---- chunks

/** 61 outputs over four leaves. */
const four = (x: Tensor) => ({
  a: x.expandDims(1).mul(x).sin().slice(null, [0, 4]),
  b: x.prod(),
  c: x.square().mul(points([6, 5], 603)),
  d: [x.matmul(points([5, 10], 604)).tanh()],
});
const x5 = points([5], 605, -1, 1);

const chunks: Scenario[] = [
  ...['jacrev', 'jacobian'].map((name) =>
    scenario(
      `test_chunk_jacrev: ${name}, sizes 1, 2, 3, 4, 7, 10, 1000 for 61 outputs`,
      async (b) => {
        const J = modes[name as 'jacrev' | 'jacobian'];
        const want = differences(four, [x5]);
        for (const chunk of [1, 2, 3, 4, 7, 10, 1000])
          b.close(await b.run(J(four, { chunk }), x5), want);
      },
    ),
  ),
  scenario('test_chunk_jacrev: jacfwd, sizes 1, 2, 3, 4, 1000 for 5 inputs', async (b) => {
    const want = differences(four, [x5]);
    for (const chunk of [1, 2, 3, 4, 1000])
      b.close(await b.run(modes.jacfwd(four, { chunk }), x5), want);
  }),
  ...Object.entries(modes).flatMap(([name, J]) =>
    [0, -2, 1.5].map((chunk) =>
      refused(`test_chunk_jacrev: ${name} refuses a chunk of ${chunk}`, J(four, { chunk }), [x5], {
        error: TraceError,
        says: [name, 'chunk', String(chunk)],
      }),
    ),
  ),
  scenario('test_chunk_jacrev_composition: chunks inside chunks, and under vmap', async (b) => {
    const inner = modes.jacrev(f, { chunk: 1 });
    for (const chunk of [1, 2, 5])
      b.close(await b.run(modes.jacrev(inner, { chunk }), x3), differences(inner, [x3]));
    const xs = points([3, 3], 606, -1, 1);
    const rows = rowsOf(xs).map((x) => differences(f, [x]) as Numbers);
    b.close(await b.run(vmap(inner) as Traced, xs), stacked(rows));
    b.close(await b.run(vmap(modes.jacfwd(f, { chunk: 2 })) as Traced, xs), stacked(rows));
  }),
];

// ---- the rest

const batching: Scenario[] = [
  ...inEachMode(
    'test_vmap_on_jac_simple; testPerExampleGradients',
    'each sample alone',
    (J) => async (b) => {
      const xs = points([4, 3], 607, -1, 1);
      const want = stacked(rowsOf(xs).map((x) => differences(f, [x]) as Numbers));
      b.close(await b.run(vmap(J(f)) as Traced, xs), want);
    },
  ),

  scenario('TestVmapOfGrad.per_sample_*: gradients by shared parameters', async (b) => {
    const loss = (w: Tensor, c: Tensor, x: Tensor) => linear(x, w, c).tanh().square().sum();
    const [w, c] = [points([2, 3], 608, -1, 1), points([2], 609, -1, 1)];
    const xs = points([4, 3], 610, -1, 1);
    const each = vmap(grad(loss, { argnums: [0, 1] }), { inAxes: [null, null, 0] });
    const at = (k: number): Numbers =>
      stacked(rowsOf(xs).map((x) => differences(loss, [w, c, x], k) as Numbers));
    b.close(await b.run(each as Traced, w, c, xs), [at(0), at(1)]);
  }),

  ...pairsOfModes.map(([outer, inner, outerName, innerName]) =>
    scenario(`test_nested_jac_simple, TestHessian.*: ${outerName}(${innerName})`, async (b) => {
      const once = inner(f);
      b.close(await b.run(outer(once), x3), differences(once, [x3]));
    }),
  ),

  scenario('TestHessian.*: relu inside, three inputs, every block', async (b) => {
    const g = (x: Tensor, y: Tensor, w: Tensor) =>
      w.matmul(x).relu().square().mul(y).sum().add(x.sum().mul(y.prod()));
    // kept away from the corner of relu
    const args = [
      array([0.5, 1]),
      points([2], 611),
      array([
        [1, 0.5],
        [-1, 0.25],
      ]),
    ];
    const argnums = [0, 1, 2];
    const want = argnums.map((i) =>
      argnums.map((j) => differences(grad(g, { argnums: i }) as Traced, args, j)),
    );
    b.close(await b.run(hessian(g, { argnums }) as Traced, ...args), want);
    for (const outer of [jacrev, jacfwd])
      b.close(
        await b.run(outer(grad(g, { argnums }) as never, { argnums }) as Traced, ...args),
        want,
      );
  }),

  scenario(
    'TestHessian vectorized forms: forward over reverse is reverse over reverse',
    async (b) => {
      const both = (x: Tensor) => [
        jacfwd(jacrev(energy))(x),
        jacrev(jacrev(energy))(x),
        jacrev(jacfwd(energy))(x),
        jacfwd(jacfwd(energy))(x),
        hessian(energy)(x),
      ];
      const want = differences(grad(energy) as Traced, [x3]);
      b.close(await b.run(both, x3), [want, want, want, want, want]);
    },
  ),

  scenario(
    'test_vmap_on_jac_simple: axes of trees whose keys hold dots and brackets',
    async (b) => {
      const xs = points([4, 3], 614, -1, 1);
      const params = { 'layer.0.w': W, 'rows[1]': points([2, 3], 615, -1, 1) };
      type Params = Readonly<Record<keyof typeof params, Tensor>>;
      const g = (p: Params, x: Tensor) => ({
        'out.0': x.matmul(p['layer.0.w']),
        'out.1': p['rows[1]'].sum(),
      });
      const mapped = vmap(g, {
        inAxes: [{ 'layer.0.w': null, 'rows[1]': null }, 0],
        outAxes: { 'out.0': 1, 'out.1': null },
      });
      const plain = (p: Params, x: Tensor) => ({
        'out.0': x.matmul(p['layer.0.w']).t(),
        'out.1': p['rows[1]'].sum(),
      });
      b.close(await b.run(mapped as Traced, params, xs), await b.run(plain as Traced, params, xs));
      await expectRefusal(
        b,
        vmap(g, { inAxes: [{ 'layer.0.w': null }, 0] }) as Traced,
        [params, xs],
        { error: TraceError, says: ['vmap', 'inAxes', 'rows'] },
      );
    },
  ),

  scenario('grad_of_vjp_of_grad: three deep, in one function', async (b) => {
    const g = (x: Tensor) => only(vjp(grad<[Tensor], Tensor>(energy), x)[1](x.cos())).sum();
    b.close(await b.run(grad(g) as Traced, x3), differences(g, [x3]));
  }),

  scenario(
    'test_jacobian_create_graph: third and fourth derivatives of a vector function',
    async (b) => {
      const second = jacfwd(jacrev(f)) as Traced;
      const third = jacobian(second as never) as Traced;
      const fourth = jacrev(third as never) as Traced;
      b.close(await b.run(third, x3), differences(second, [x3]));
      b.close(await b.run(fourth, x3), differences(third, [x3]));
    },
  ),

  scenario('test_jacobian_create_graph: a Jacobian inside a larger function', async (b) => {
    const g = (x: Tensor) => jacobian(f)(x.sin()).exp().sum(0).mul(x).sum();
    b.close(await b.run(grad(g) as Traced, x3), differences(g, [x3]));
    b.close(await b.run(hessian(g) as Traced, x3), differences(grad(g) as Traced, [x3]));
  }),

  scenario(
    'test_zerotensor_vmapjvp_interaction: tangents that are not mapped broadcast',
    async (b) => {
      const xs = points([4, 3], 612, -1, 1);
      const v = points([3], 613, -1, 1);
      const push = (x: Tensor) => [
        jvp(f, [x], [v as never])[1],
        jvp(f, [x], [ones([3])])[1],
        jvp(f, [x], [x.mul(0)])[1],
      ];
      const along = (t: HostArray): Numbers =>
        stacked(
          rowsOf(xs).map((x) => {
            const J = differences(f, [x]) as Numbers;
            return filled([2], (i) =>
              [0, 1, 2].reduce(
                (s, k) => s + (J.data[3 * i + k] as number) * (t.data[k] as number),
                0,
              ),
            );
          }),
        );
      const want = [along(v), along(array([1, 1, 1])), filled([4, 2], 0)];
      b.close(await b.run(vmap(push) as Traced, xs), want);
    },
  ),
];

const stops: Scenario[] = [
  ...inEachMode(
    'TestJvp.test_disable_fwd_grad_*, testStopGradient',
    'the marked part is constant',
    (J) => async (b) => {
      const g = (x: Tensor) => x.mul(stopGradient(x)).add(stopGradient(x.square()));
      b.exact(await b.run(J(g), x3), elementwiseJacobian([3], [...x3.data]));
      // nothing else is
      const h = (x: Tensor) => stopGradient(x).mul(x.square());
      b.close(
        await b.run(J(h), x3),
        elementwiseJacobian(
          [3],
          [...x3.data].map((v) => 2 * v * v),
        ),
      );
    },
  ),

  ...pairsOfModes.map(([outer, inner, outerName, innerName]) =>
    scenario(
      `TestJvp.test_disable_fwd_grad_*, testStopGradient: at every level, ${outerName}(${innerName})`,
      async (b) => {
        // g = x² s(x): g' = 2 x s, g'' = 2 s
        const g = (x: Tensor) => x.square().mul(stopGradient(x)).sum();
        const H = elementwiseJacobian(
          [3],
          [...x3.data].map((v) => 2 * v),
        );
        b.close(await b.run(outer(inner(g)), x3), H);
        // stopped between the two levels: the inner derivative is a constant to the outer
        const between = (x: Tensor) => stopGradient(inner((y: Tensor) => y.square())(x) as Tensor);
        b.exact(await b.run(outer(between), x3), filled([3, 3, 3], 0));
      },
    ),
  ),
];

const reuse: Scenario[] = [
  scenario(
    'test_jvp_jit_cached, jit_of_grad; make_fx_jacrev: traced once, new inputs, new answers',
    async (b) => {
      let traces = 0;
      const J = b.compile(
        jacrev((x: Tensor) => {
          traces++;
          return f(x);
        }) as Traced,
      );
      const xs = [points([3], 614, -1, 1), points([3], 615, -1, 1), x3];
      const first = await J(xs[0]);
      const once = traces;
      b.close(first, differences(f, [xs[0] as HostArray]));
      for (const x of xs) b.close(await J(x), differences(f, [x]));
      // the interpreter has no cache
      if (b.name === 'gpu') expect(traces).toBe(once);
    },
  ),

  scenario(
    'test_jvp_jit_cached: another shape is traced anew, the first still answers',
    async (b) => {
      const J = b.compile(jacrev((x: Tensor) => x.square()) as Traced);
      const square = (x: readonly number[]): Numbers =>
        elementwiseJacobian(
          [x.length],
          x.map((v) => 2 * v),
        );
      b.exact(await J(array([1, 2])), square([1, 2]));
      b.exact(await J(array([1, 2, 3])), square([1, 2, 3]));
      b.exact(await J(array([3, 4])), square([3, 4]));
    },
  ),

  scenario(
    'make_fx_vjp, grad_of_jit: closures of the same code keep their own constants',
    async (b) => {
      const scaled = (c: HostArray, s: number) =>
        b.compile(grad((x: Tensor) => x.mul(c).mul(s).sum()) as Traced);
      const [p, q, r] = [
        scaled(array([1, 2, 3]), 1),
        scaled(array([4, 5, 6]), 1),
        scaled(array([1, 2, 3]), 10),
      ];
      for (let i = 0; i < 2; i++) {
        b.exact(await p(x3), numbers([1, 2, 3]));
        b.exact(await q(x3), numbers([4, 5, 6]));
        b.exact(await r(x3), numbers([10, 20, 30]));
      }
    },
  ),

  scenario('jvp/vjp_fun_jit: a compiled function inside a transform', async (b) => {
    const g = (x: Tensor) => [grad(energy)(x), jacobian(grad(energy) as never)(x)];
    b.close(await b.run(g, x3), [
      differences(energy, [x3]),
      differences(grad(energy) as Traced, [x3]),
    ]);
  }),

  scenario(
    'test_jvp_jit_cached: the data of a captured array are those at the time of capture',
    async (b) => {
      const data = new Float32Array([1, 2, 3]);
      const c = array(data);
      const g = b.compile((x: Tensor) => x.mul(c));
      const want = { shape: [3], data: Array.from(x3.data, (v, i) => v * (i + 1)) };
      b.exact(await g(x3), want);
      data.fill(100);
      b.exact(await g(x3), want);
    },
  ),
];

const examples: Scenario[] = [
  scenario('TestComposability.vmap_vmap: an outer product of closed-over axes', async (b) => {
    const xs = points([2, 3], 616);
    const ys = points([4, 3], 617);
    const pairs = (p: Tensor, q: Tensor) =>
      vmap((x: Tensor) => vmap((y: Tensor) => x.mul(y).sum().sin())(q))(p);
    const want = filled([2, 4], (n) => {
      const [i, j] = [Math.floor(n / 4), n % 4];
      return Math.sin(
        [0, 1, 2].reduce(
          (s, k) => s + (xs.data[3 * i + k] as number) * (ys.data[3 * j + k] as number),
          0,
        ),
      );
    });
    b.close(await b.run(pairs, xs, ys), want);
  }),

  scenario('per-sample gradients equal a loop over the samples, trees of parameters', async (b) => {
    const loss = (p: { w: Tensor; c: Tensor }, x: Tensor) =>
      linear(x, p.w, p.c).logSoftmax().slice(0).neg();
    const params = { w: points([2, 3], 618, -1, 1), c: points([2], 619, -1, 1) };
    const xs = points([3, 3], 620, -1, 1);
    const batched = (p: { w: Tensor; c: Tensor }, batch: Tensor) =>
      vmap((x: Tensor) => grad(loss)(p, x))(batch);
    const looped = (p: { w: Tensor; c: Tensor }, batch: Tensor) => {
      const each = batch.unstack().map((x) => grad(loss)(p, x));
      return { w: stack(each.map((g) => g.w)), c: stack(each.map((g) => g.c)) };
    };
    const got = await b.run(batched, params, xs);
    b.close(got, await b.run(looped, params, xs));
    b.exact({ shape: [...leaf(got, 'w').shape], data: [0] }, { shape: [3, 2, 3], data: [0] });
  }),
];

export const composition: Scenario[] = [
  ...batching,
  ...chunks,
  ...composability,
  ...stops,
  ...reuse,
  ...examples,
];
