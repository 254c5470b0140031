import {
  acosh,
  array,
  asinh,
  atanh,
  clamp,
  elu,
  expm1,
  gelu,
  grad,
  hessian,
  jacfwd,
  jacobian,
  jacrev,
  log1p,
  logSigmoid,
  maxPool2d,
  mish,
  relu,
  relu6,
  sigmoid,
  silu,
  softplus,
  tanh,
  vmap,
  where,
  type Tensor,
} from '../../../src/index.ts';
import type { Backend, Traced } from '../backend.ts';
import { differences, points } from '../differences.ts';
import { elementwiseJacobian, filled, numbers, type Numbers, type Result } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { inEachMode } from '../modes.ts';

// Section G: edge values, rules, models.

/** [x, f(x), f'(x), f''(x), ...]: each is compared relative to itself. */
type Point = readonly [x: number, ...derivatives: number[]];

interface Special {
  readonly row: string;
  readonly op: string;
  readonly f: (x: Tensor) => Tensor;
  readonly points: readonly Point[];
}

const s = (x: number): number => 1 / (1 + Math.exp(-x));

const specials: readonly Special[] = [
  {
    row: 'testOpGradSpecialValue: arcsinh(0, 1000)',
    op: 'asinh',
    f: asinh,
    points: [
      [0, 0, 1, 0],
      [1000, Math.asinh(1000), 1 / Math.sqrt(1e6 + 1), -1000 / (1e6 + 1) ** 1.5],
      [-1000, -Math.asinh(1000), 1 / Math.sqrt(1e6 + 1), 1000 / (1e6 + 1) ** 1.5],
    ],
  },
  { row: 'testOpGradSpecialValue: arctanh 0', op: 'atanh', f: atanh, points: [[0, 0, 1, 0]] },
  {
    row: 'testOpGradSpecialValue: arccosh 1000',
    op: 'acosh',
    f: acosh,
    points: [[1000, Math.acosh(1000), 1 / Math.sqrt(1e6 - 1), -1000 / (1e6 - 1) ** 1.5]],
  },
  {
    row: 'nn softplus at 0, +-inf, nan, 1e-8 to order 4',
    op: 'softplus',
    f: softplus,
    points: [
      [0, Math.log(2), 1 / 2, 1 / 4, 0, -1 / 8],
      [Infinity, Infinity, 1, 0, 0, 0],
      [-Infinity, 0, 0, 0, 0, 0],
      [NaN, NaN, NaN, NaN, NaN, NaN],
      [80, 80, 1, Math.exp(-80), -Math.exp(-80), Math.exp(-80)],
      [-80, Math.exp(-80), Math.exp(-80), Math.exp(-80), Math.exp(-80), Math.exp(-80)],
    ],
  },
  {
    row: "relu'(0) = 0",
    op: 'relu',
    f: relu,
    points: [
      [0, 0, 0, 0],
      [Infinity, Infinity, 1, 0],
      [-Infinity, 0, 0, 0],
    ],
  },
  {
    row: "relu6'(0) = relu6'(6) = 0",
    op: 'relu6',
    f: relu6,
    points: [
      [0, 0, 0, 0],
      [6, 6, 0, 0],
      [3, 3, 1, 0],
      [-1, 0, 0, 0],
      [7, 6, 0, 0],
    ],
  },
  {
    row: 'torch relu6, clamp differ at the bound: clamp passes 1',
    op: 'clamp',
    f: (x) => clamp(x, 0, 6),
    points: [
      [0, 0, 1, 0],
      [6, 6, 1, 0],
      [-1, 0, 0, 0],
      [7, 6, 0, 0],
    ],
  },
  {
    row: 'mish -inf',
    op: 'mish',
    f: mish,
    points: [
      [-Infinity, 0, 0],
      [Infinity, Infinity, 1],
    ],
  },
  {
    row: 'no NaN or overflow where the limit exists',
    op: 'silu',
    f: silu,
    points: [
      [-1000, 0, 0, 0],
      [1000, 1000, 1, 0],
      [0, 0, 1 / 2, 1 / 2],
    ],
  },
  {
    row: 'no NaN or overflow where the limit exists',
    op: 'gelu',
    f: (x) => gelu(x),
    points: [
      [-1000, 0, 0, 0],
      [1000, 1000, 1, 0],
      [0, 0, 1 / 2, 2 / Math.sqrt(2 * Math.PI)],
    ],
  },
  {
    row: 'no NaN or overflow where the limit exists',
    op: 'gelu, tanh form',
    f: (x) => gelu(x, { approximate: 'tanh' }),
    points: [
      [-1000, 0, 0, 0],
      [1000, 1000, 1, 0],
      [0, 0, 1 / 2, Math.sqrt(2 / Math.PI)],
    ],
  },
  {
    row: 'no NaN or overflow where the limit exists',
    op: 'elu',
    f: (x) => elu(x),
    points: [
      [-Infinity, -1, 0, 0],
      [1000, 1000, 1, 0],
      [-1, Math.expm1(-1), Math.exp(-1), Math.exp(-1)],
    ],
  },
  {
    row: 'no NaN or overflow where the limit exists',
    op: 'tanh',
    f: tanh,
    points: [
      [100, 1, 0, 0],
      [-Infinity, -1, 0, 0],
      [0, 0, 1, 0],
    ],
  },
  {
    row: 'no NaN or overflow where the limit exists',
    op: 'sigmoid',
    f: sigmoid,
    points: [
      [-Infinity, 0, 0, 0],
      [Infinity, 1, 0, 0],
      [-80, s(-80), s(-80), s(-80)],
      [0, 1 / 2, 1 / 4, 0],
    ],
  },
  {
    row: 'no NaN or overflow where the limit exists',
    op: 'logSigmoid',
    f: logSigmoid,
    points: [
      [-80, -80, 1, -Math.exp(-80)],
      [80, -Math.exp(-80), Math.exp(-80), -Math.exp(-80)],
      [-Infinity, -Infinity, 1, 0],
    ],
  },
  {
    row: 'no NaN or overflow where the limit exists',
    op: 'expm1',
    f: expm1,
    points: [
      [2 ** -27, Math.expm1(2 ** -27), Math.exp(2 ** -27), Math.exp(2 ** -27)],
      [0, 0, 1, 1],
      [-Infinity, -1, 0, 0],
    ],
  },
  {
    row: 'no NaN or overflow where the limit exists',
    op: 'log1p',
    f: log1p,
    points: [
      [2 ** -27, Math.log1p(2 ** -27), 1 / (1 + 2 ** -27), -((1 + 2 ** -27) ** -2)],
      [0, 0, 1, -1],
    ],
  },
];

/** The derivatives of `f` up to `order`, each as a gradient of the sum of the one before. */
const orders =
  (f: (x: Tensor) => Tensor, order: number) =>
  (x: Tensor): Tensor[] => {
    const list = [f];
    for (let k = 0; k < order; k++) {
      const last = list[k] as (x: Tensor) => Tensor;
      list.push(grad<[Tensor], Tensor>((y) => last(y).sum()));
    }
    return list.map((g) => g(x));
  };

/** Each element relative to itself, unless it is next to nothing. */
function closeElements(b: Backend, got: Numbers, want: readonly number[], what: string): void {
  want.forEach((w, i) => {
    const one = (v: number): Numbers => ({ shape: [], data: [v] });
    try {
      b.close(one(got.data[i] as number), one(w), Math.abs(w) > 1e-8 ? Math.abs(w) : 1e-8);
    } catch (e) {
      throw new Error(`${what}, point ${i}: ${(e as Error).message}`, { cause: e });
    }
  });
}

const special: Scenario[] = specials.map(({ row, op, f, points: at }) =>
  scenario(`${row}: ${op}`, async (b) => {
    const order = (at[0] as Point).length - 2;
    const got = (await b.run(orders(f, order), array(at.map(([x]) => x)))) as Numbers[];
    for (let k = 0; k <= order; k++) {
      const want = at.map((p) => p[k + 1] as number);
      closeElements(b, got[k] as Numbers, want, `derivative ${k} of ${op}`);
    }
  }),
);

const guards: Scenario[] = [
  scenario('testGradOfXlogyAtZero: x log y behind x != 0', async (b) => {
    const xlogy = (x: Tensor, y: Tensor) => where(x.equal(0), 0, x.mul(y.log())).sum();
    const both = (x: Tensor, y: Tensor) => grad(xlogy, { argnums: [0, 1] })(x, y);
    b.close(await b.run(both, array([0, 0, 2]), array([0, 3, 4])), [
      numbers([0, 0, Math.log(4)]),
      numbers([0, 0, 0.5]),
    ]);
  }),
  scenario(
    'testGradOfEntrAtZero: -x log x, guarded it is 0, unguarded the true infinity',
    async (b) => {
      const guarded = (x: Tensor) => where(x.greater(0), x.mul(x.log()).neg(), 0).sum();
      b.close(await b.run(grad(guarded) as Traced, array([0, 1])), numbers([0, -1]));
      const slope = (x: Tensor) => x.log().add(1).neg();
      b.exact(await b.run(slope, array([0])), numbers([Infinity]));
    },
  ),
  scenario('InterpGradNan: a knot of width 0 in an interpolation', async (b) => {
    const interpolate = (x: Tensor, left: Tensor, width: Tensor) =>
      where(width.equal(0), left, left.add(x.sub(left).div(width).square()));
    const all = (x: Tensor, l: Tensor, w: Tensor) =>
      (jacobian(interpolate, { argnums: [0, 1, 2] }) as Traced)(x, l, w) as Tensor[];
    // x = 3, left 1, width 2: y = 1 + ((x - 1) / 2)²
    b.close(await b.run(all, array([3, 3]), array([1, 1]), array([0, 2])), [
      elementwiseJacobian([2], [0, 1]),
      elementwiseJacobian([2], [1, 0]),
      elementwiseJacobian([2], [0, -1]),
    ]);
  }),
  scenario('CondGradVmapNan: a branch not taken, under vmap', async (b) => {
    const f = (x: Tensor) => where(x.greater(0), x.sqrt(), x.mul(2));
    const each = (xs: Tensor) => [vmap(grad(f))(xs), vmap(jacfwd(f))(xs), vmap(hessian(f))(xs)];
    b.close(await b.run(each, array([4, 0, -1])), [
      numbers([1 / 4, 2, 2]),
      numbers([1 / 4, 2, 2]),
      numbers([-1 / 32, 0, 0]),
    ]);
  }),
];

const ties: Scenario[] = [
  ...inEachMode(
    'testClampGrad',
    'inside, at and outside the bounds, by x and by the bounds',
    (J) => async (b) => {
      const f = (x: Tensor, low: Tensor, high: Tensor) => clamp(x, low, high);
      const x = array([-1, -0.5, 0, 0.75, 2]);
      const got = await b.run(J(f, { argnums: [0, 1, 2] }), x, array(-0.5), array(0.75));
      b.exact(got, [
        elementwiseJacobian([5], [0, 1, 1, 1, 0]),
        numbers([1, 0, 0, 0, 0]),
        numbers([0, 0, 0, 0, 1]),
      ]);
    },
  ),
  ...inEachMode('testSelectGrad', 'each branch gets its own part', (J) => async (b) => {
    const c = array([true, false, true]);
    const f = (x: Tensor, y: Tensor) => where(c, x.mul(2), y.mul(3));
    b.exact(await b.run(J(f, { argnums: [0, 1] }), points([3], 701), points([3], 702)), [
      elementwiseJacobian([3], [2, 0, 2]),
      elementwiseJacobian([3], [0, 3, 0]),
    ]);
  }),
  ...inEachMode('testReduceGrad', 'ties of max and min share equally', (J) => async (b) => {
    const x = array([
      [1, 3, 3],
      [2, 2, 2],
    ]);
    const t = 1 / 3;
    b.close(
      await b.run(
        J((y: Tensor) => [y.max(1), y.min(1), y.max()]),
        x,
      ),
      [
        numbers([
          [
            [0, 0.5, 0.5],
            [0, 0, 0],
          ],
          [
            [0, 0, 0],
            [t, t, t],
          ],
        ]),
        numbers([
          [
            [1, 0, 0],
            [0, 0, 0],
          ],
          [
            [0, 0, 0],
            [t, t, t],
          ],
        ]),
        numbers([
          [0, 0.5, 0.5],
          [0, 0, 0],
        ]),
      ],
    );
  }),
  ...inEachMode('testReduceGrad', 'maximum and minimum at a tie: half each', (J) => async (b) => {
    const f = (x: Tensor, y: Tensor) => [x.maximum(y), x.minimum(y)];
    b.exact(await b.run(J(f, { argnums: [0, 1] }), array([1, 2, 3]), array([2, 2, 2])), [
      [elementwiseJacobian([3], [0, 0.5, 1]), elementwiseJacobian([3], [1, 0.5, 0])],
      [elementwiseJacobian([3], [1, 0.5, 0]), elementwiseJacobian([3], [0, 0.5, 1])],
    ]);
  }),
  ...inEachMode(
    'testReduceGrad',
    'max pooling at a tie: the first in row-major order',
    (J) => async (b) => {
      const x = array([
        [
          [
            [0, 5, 5, 5],
            [5, 1, 2, 5],
          ],
        ],
      ]);
      const want = filled([1, 1, 1, 2, 1, 1, 2, 4], (n) => ([1, 8 + 2].includes(n) ? 1 : 0));
      b.exact(
        await b.run(
          J((y: Tensor) => maxPool2d(y, 2)),
          x,
        ),
        want,
      );
    },
  ),
  ...inEachMode('testReduceGrad', 'abs and sign at 0', (J) => async (b) => {
    const f = (x: Tensor) => [x.abs(), x.sign()];
    b.exact(await b.run(J(f), array([-2, 0, 2])), [
      elementwiseJacobian([3], [-1, 0, 1]),
      elementwiseJacobian([3], [0, 0, 0]),
    ]);
  }),
];

const powers: Scenario[] = [0, 1, 2, 3].map((n) =>
  scenario(
    `testIntegerPowLinearizeEliminatesIntegerPow: x^${n} is exact at 0, at -3 and beside infinity`,
    async (b) => {
      const at = [0, -3, 3, 2 ** 40];
      const falling = (k: number): number =>
        Array.from({ length: k }, (_, i) => n - i).reduce((p, q) => p * q, 1);
      const want = (k: number): Numbers =>
        numbers(at.map((x) => (k > n ? 0 : falling(k) * x ** (n - k))));
      const got = await b.run(
        orders((x) => x.pow(n), 3),
        array(at),
      );
      b.close(got, [0, 1, 2, 3].map(want));
      const J = await b.run((x: Tensor) => [jacrev(power(n))(x), jacfwd(power(n))(x)], array(at));
      const diagonal = elementwiseJacobian([4], Array.from(want(1).data));
      b.close(J, [diagonal, diagonal]);
      // exact 0 and 1: no 0 times infinity
      if (n < 2)
        b.exact(
          await b.run(
            grad((x: Tensor) => x.pow(n).sum()) as Traced,
            array([0, Infinity, -Infinity]),
          ),
          filled([3], n),
        );
    },
  ),
);
const power = (n: number) => (x: Tensor) => x.pow(n);

const models: Scenario[] = [
  ...inEachMode(
    'TestExamplesCorrectness: lennard_jones_batched_jac',
    'forces from energies, batched',
    (J) => async (b) => {
      const energy = (r: Tensor) => {
        const inverse = r.square().sum().reciprocal().pow(3);
        return inverse.square().sub(inverse).mul(4);
      };
      const drs = points([6, 3], 703, 0.75, 2);
      const rows = Array.from({ length: 6 }, (_, i) => drs.data.slice(3 * i, 3 * i + 3));
      const force = rows.flatMap((r) => {
        const q = Array.from(r).reduce((sum, v) => sum + v * v, 0);
        // dE/dr = 4 (-12 q^-7 + 6 q^-4) r
        return Array.from(r, (v) => 4 * (-12 * q ** -7 + 6 * q ** -4) * v);
      });
      b.close(await b.run(vmap(J(energy)) as Traced, drs), { shape: [6, 3], data: force });
    },
  ),

  scenario(
    'TestExamplesCorrectness: maml, a gradient through an inner gradient step',
    async (b) => {
      const loss = (w: Tensor, x: Tensor, y: Tensor) => w.matmul(x).tanh().sub(y).square().sum();
      const meta = (w: Tensor, xs: Tensor, ys: Tensor) => {
        const [x0, x1] = xs.unstack() as [Tensor, Tensor];
        const [y0, y1] = ys.unstack() as [Tensor, Tensor];
        const adapted = w.sub(grad(loss)(w, x0, y0).mul(0.25));
        return loss(adapted, x1, y1);
      };
      const args = [
        points([2, 3], 704, -1, 1),
        points([2, 3], 705, -1, 1),
        points([2, 2], 706, -1, 1),
      ] as const;
      b.close(await b.run(grad(meta) as Traced, ...args), differences(meta, args));
      // a batch of tasks
      const [w] = args;
      const tasks = (w0: Tensor, xs: Tensor, ys: Tensor) =>
        vmap(grad(meta), { inAxes: [null, 0, 0] })(w0, xs, ys);
      const xs = points([3, 2, 3], 707, -1, 1);
      const ys = points([3, 2, 2], 708, -1, 1);
      const each = Array.from({ length: 3 }, (_, i) => {
        const at = [
          w,
          array(xs.data.slice(6 * i, 6 * i + 6), [2, 3]),
          array(ys.data.slice(4 * i, 4 * i + 4), [2, 2]),
        ] as const;
        return differences(meta, at) as Numbers;
      });
      const want = { shape: [3, 2, 3], data: each.flatMap((g) => Array.from(g.data)) };
      b.close(await b.run(tasks, w, xs, ys), want);
    },
  ),

  scenario('TestExamplesCorrectness: ensembles, vmap over the parameters', async (b) => {
    type Params = { w: Tensor; c: Tensor };
    const net = (p: Params, x: Tensor) => p.w.matmul(x).add(p.c).tanh();
    const params = { w: points([4, 2, 3], 709, -1, 1), c: points([4, 2], 710, -1, 1) };
    const x = points([3], 711, -1, 1);
    const batched = (p: Params, at: Tensor) =>
      vmap((q: Params) => ({ y: net(q, at), J: jacobian((z: Tensor) => net(q, z))(at) }))(p);
    const one = (z: Tensor, w: Tensor, c: Tensor) => net({ w, c }, z);
    const want = Array.from({ length: 4 }, (_, i) => {
      const w = array(params.w.data.slice(6 * i, 6 * i + 6), [2, 3]);
      const c = array(params.c.data.slice(2 * i, 2 * i + 2));
      return differences(one, [x, w, c]) as Numbers;
    });
    const got = (await b.run(batched, params, x)) as { readonly J: Result };
    b.close(got.J, { shape: [4, 2, 3], data: want.flatMap((J) => Array.from(J.data)) });
  }),

  scenario(
    'TestExamplesCorrectness: a training loop of three steps equals the plain one',
    async (b) => {
      const x = points([5, 3], 712, -1, 1);
      const y = points([5], 713, -1, 1);
      const w = points([3], 714, -1, 1);
      const loss = (v: Tensor) => x2(v).square().mean();
      const x2 = (v: Tensor): Tensor => v.matmul(transposed).sub(y);
      const transposed = array(
        Float32Array.from(
          { length: 15 },
          (_, n) => x.data[(n % 5) * 3 + Math.floor(n / 5)] as number,
        ),
        [3, 5],
      );
      const train = (v: Tensor) => {
        let at = v;
        for (let i = 0; i < 3; i++) at = at.sub(grad(loss)(at).mul(0.5));
        return at;
      };
      const plain = Float64Array.from(w.data);
      for (let step = 0; step < 3; step++) {
        const residual = Array.from(
          { length: 5 },
          (_, i) =>
            [0, 1, 2].reduce(
              (sum, k) => sum + (x.data[3 * i + k] as number) * (plain[k] as number),
              0,
            ) - (y.data[i] as number),
        );
        const g = [0, 1, 2].map(
          (k) =>
            (2 / 5) * residual.reduce((sum, r, i) => sum + r * (x.data[3 * i + k] as number), 0),
        );
        g.forEach((v, k) => (plain[k] = (plain[k] as number) - 0.5 * v));
      }
      b.close(await b.run(train, w), { shape: [3], data: plain });
    },
  ),
];

export const edges: Scenario[] = [...special, ...guards, ...ties, ...powers, ...models];
