import {
  batchJacobian,
  customJvp,
  customVjp,
  DTypeError,
  grad,
  hessian,
  jacfwd,
  jacobian,
  jacrev,
  jvp,
  outer,
  ShapeError,
  stack,
  TraceError,
  vjp,
  vmap,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { points } from '../differences.ts';
import { elementwiseJacobian, filled, numbers, type Numbers } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { expectRefusal, refused } from '../refusal.ts';

// Section G: the user's own derivative rules. Each rule is off by a factor from the true derivative,
// so that a test sees whether it was used.

const x3 = points([3], 721, -1, 1);
const scaled = (g: (v: number) => number): Numbers => ({
  shape: [3],
  data: Array.from(x3.data, g),
});
const diagonal = (g: (v: number) => number): Numbers =>
  elementwiseJacobian([3], Array.from(x3.data, g));

/** sin, with twice its derivative. */
const sinJvp = customJvp(
  (x: Tensor) => x.sin(),
  ([x], [t]) => [x.sin(), x.cos().mul(t).mul(2)],
);
const sinVjp = customVjp((x: Tensor) => x.sin(), {
  forward: (x: Tensor) => [x.sin(), x.cos()] as [Tensor, Tensor],
  backward: (cosine: Tensor, u: Tensor) => [cosine.mul(u).mul(2)],
});

const rules = { customJvp: sinJvp, customVjp: sinVjp } as const;

export const custom: Scenario[] = [
  ...Object.entries(rules).flatMap(([name, f]) => [
    scenario(`CustomJVP/CustomVJP basic: ${name}, the value is the function's own`, async (b) => {
      b.close(await b.run(f as Traced, x3), scaled(Math.sin));
    }),
    scenario(
      `CustomJVP/CustomVJP basic: ${name}, grad, vjp, jacrev and jacobian use the rule`,
      async (b) => {
        const all = (x: Tensor) => [
          grad((y: Tensor) => f(y).sum())(x),
          vjp(f, x)[1](x)[0],
          jacrev(f)(x),
          jacobian(f)(x),
        ];
        const twice = (v: number): number => 2 * Math.cos(v);
        b.close(await b.run(all, x3), [
          scaled(twice),
          scaled((v) => twice(v) * v),
          diagonal(twice),
          diagonal(twice),
        ]);
      },
    ),
    scenario(
      `CustomJVP/CustomVJP invariance: ${name}, inside other functions and nested`,
      async (b) => {
        const g = (x: Tensor) => f(f(x).mul(3)).mul(x);
        // twice each time a rule is used
        const slope = (v: number): number =>
          Math.sin(3 * Math.sin(v)) + v * 2 * Math.cos(3 * Math.sin(v)) * 3 * 2 * Math.cos(v);
        b.close(await b.run(jacrev(g) as Traced, x3), diagonal(slope));
      },
    ),
    scenario(`CustomJVP/CustomVJP: ${name}, the rule itself is differentiated`, async (b) => {
      // d/dx [2 cos x] = -2 sin x: the rule is plain code
      const second = (v: number): number => -2 * Math.sin(v);
      const once = (x: Tensor) => grad((y: Tensor) => f(y).sum())(x);
      b.close(await b.run(jacrev(once) as Traced, x3), diagonal(second));
      b.close(await b.run(hessian((y: Tensor) => f(y).sum()) as Traced, x3), diagonal(second));
    }),
    scenario(`CustomJVP/CustomVJP vmap, jit: ${name}, the rule under vmap`, async (b) => {
      const xs = points([4, 3], 722, -1, 1);
      const each = (at: Tensor) => [vmap(f)(at), vmap(jacobian(f))(at)];
      const blocks = Array.from({ length: 4 }, (_, i) => [...xs.data.slice(3 * i, 3 * i + 3)]);
      const J = blocks.flatMap((row) =>
        Array.from(
          elementwiseJacobian(
            [3],
            row.map((v) => 2 * Math.cos(v)),
          ).data,
        ),
      );
      b.close(await b.run(each, xs), [
        { shape: [4, 3], data: Array.from(xs.data, Math.sin) },
        { shape: [4, 3, 3], data: J },
      ]);
    }),
  ]),

  scenario('CustomJVP basic: jvp and jacfwd use the rule', async (b) => {
    const both = (x: Tensor) => [jvp(sinJvp, [x], [x])[1], jacfwd(sinJvp)(x)];
    const twice = (v: number): number => 2 * Math.cos(v);
    b.close(await b.run(both, x3), [scaled((v) => twice(v) * v), diagonal(twice)]);
  }),

  scenario('CustomVJP basic: residuals reach the backward rule, and clip a gradient', async (b) => {
    const clip = customVjp((x: Tensor) => x, {
      forward: (x: Tensor) => [x, []] as [Tensor, []],
      backward: (_: [], u: Tensor) => [u.clamp(-1, 1)],
    });
    const f = (x: Tensor) => clip(x.mul(2)).mul([0.5, 3, -7]).sum();
    b.exact(await b.run(grad(f) as Traced, x3), numbers([1, 2, -2]));
  }),

  scenario('CustomJVP/CustomVJP pytrees: trees in and out, several arguments', async (b) => {
    type Pair = { p: Tensor; q: Tensor };
    const f = ({ p, q }: Pair, s: Tensor) => ({ product: p.mul(q), scaled: p.mul(s) });
    const forward = customJvp(f, ([{ p, q }, s], [d, ds]) => [
      f({ p, q }, s),
      {
        product: d.p.mul(q).add(p.mul(d.q)).mul(2),
        scaled: d.p.mul(s).add(p.mul(ds)).mul(2),
      },
    ]);
    const backward = customVjp(f, {
      forward: (pair: Pair, s: Tensor) => [f(pair, s), [pair, s]] as const,
      backward: (
        [{ p, q }, s]: readonly [Pair, Tensor],
        u: { product: Tensor; scaled: Tensor },
      ) => [
        { p: q.mul(u.product).add(s.mul(u.scaled)).mul(2), q: p.mul(u.product).mul(2) },
        p.mul(u.scaled).sum().mul(2),
      ],
    });
    const at = { p: x3, q: points([3], 723, -1, 1) };
    const s = 0.5;
    const q = Array.from(at.q.data, (v) => 2 * v);
    const want = {
      product: [{ p: elementwiseJacobian([3], q), q: diagonal((v) => 2 * v) }, filled([3], 0)],
      scaled: [{ p: diagonal(() => 2 * s), q: filled([3, 3], 0) }, scaled((v) => 2 * v)],
    };
    for (const g of [forward, backward])
      b.close(await b.run(jacrev(g as Traced, { argnums: [0, 1] }) as Traced, at, s), want);
  }),

  ...(['customJvp', 'customVjp'] as const).map((name) =>
    scenario(`CustomJVP/CustomVJP vmap: ${name}, an argument that is not mapped`, async (b) => {
      const plain = (x: Tensor, w: Tensor) => w.matmul(x);
      const f =
        name === 'customJvp'
          ? customJvp(plain, ([x, w], [dx, dw]) => [
              plain(x, w),
              w.matmul(dx).add(dw.matmul(x)).mul(2),
            ])
          : customVjp(plain, {
              forward: (x: Tensor, w: Tensor) => [plain(x, w), [x, w]] as const,
              backward: ([x, w]: readonly [Tensor, Tensor], u: Tensor) => [
                w.t().matmul(u).mul(2),
                outer(u, x).mul(2),
              ],
            });
      const xs = points([4, 3], 724, -1, 1);
      const w = points([2, 3], 725, -1, 1);
      const over = (g: typeof plain) => (at: Tensor, by: Tensor) =>
        vmap(g, { inAxes: [0, null] })(at, by);
      const twice = (at: Tensor, by: Tensor) => over(plain)(at, by).mul(2);
      const argnums = [0, 1];
      for (const J of [jacrev, jacfwd]) {
        const got = await b.run(J(over(f), { argnums }) as Traced, xs, w);
        b.close(got, await b.run(J(twice, { argnums }) as Traced, xs, w));
      }
    }),
  ),

  ...(['customJvp', 'customVjp'] as const).map((name) =>
    scenario(`CustomJVP/CustomVJP: ${name}, closed over a mapped tensor`, async (b) => {
      // the rule is for y alone, with twice its derivative; w comes from the batch outside
      const times = (w: Tensor) =>
        name === 'customJvp'
          ? customJvp(
              (y: Tensor) => y.mul(w),
              ([y], [t]) => [y.mul(w), t.mul(w).mul(2)],
            )
          : customVjp((y: Tensor) => y.mul(w), {
              forward: (y: Tensor) => [y.mul(w), []] as [Tensor, []],
              backward: (_: [], u: Tensor) => [u.mul(w).mul(2)],
            });
      const f = (xs: Tensor, ws: Tensor) =>
        vmap((x: Tensor, w: Tensor) => times(w)(x.sin()))(xs, ws);
      const w = points([3], 726);
      const slope = (_: number, i: number) =>
        2 * (w.data[i] as number) * Math.cos(x3.data[i] as number);
      for (const J of [jacrev, jacfwd])
        b.close(
          await b.run(J(f) as Traced, x3, w),
          elementwiseJacobian([3], Array.from(x3.data, slope)),
        );
    }),
  ),

  scenario('CustomVJP: two rules for the same function of the same tensor', async (b) => {
    const identity = (factor: number) =>
      customVjp((x: Tensor) => x, {
        forward: (x: Tensor) => [x, []] as [Tensor, []],
        backward: (_: [], u: Tensor) => [u.mul(factor)],
      });
    const f = (x: Tensor) => identity(2)(x).add(identity(5)(x)).sum();
    b.exact(await b.run(grad(f) as Traced, x3), filled([3], 7));
  }),

  scenario('CustomJVP/CustomVJP nondiff args, kwargs: flags reach the rule', async (b) => {
    const power = customJvp(
      (x: Tensor, n: number, options: { negate: boolean }) =>
        options.negate ? x.pow(n).neg() : x.pow(n),
      ([x, n, options], [t]) => [
        options.negate ? x.pow(n).neg() : x.pow(n),
        x.mul(options.negate ? -100 : 100).mul(t),
      ],
    );
    const f = (x: Tensor) => jacobian((y: Tensor) => power(y, 2, { negate: true }))(x);
    b.close(
      await b.run(f, x3),
      diagonal((v) => -100 * v),
    );
  }),

  refused(
    'CustomVJP malformed rule: a cotangent of another shape',
    grad((x: Tensor) =>
      customVjp((y: Tensor) => y.sum(), {
        forward: (y: Tensor) => [y.sum(), []] as [Tensor, []],
        backward: (_: [], u: Tensor) => [u],
      })(x),
    ) as Traced,
    [x3],
    { error: ShapeError, says: ['customVjp', '[]', '[3]'] },
  ),
  refused(
    'CustomVJP malformed rule: too few cotangents',
    grad((x: Tensor) =>
      customVjp((y: Tensor, z: Tensor) => y.mul(z).sum(), {
        forward: (y: Tensor, z: Tensor) => [y.mul(z).sum(), []] as [Tensor, []],
        backward: (_: [], u: Tensor) => [u.mul(x3)],
      })(x, x),
    ) as Traced,
    [x3],
    { error: TraceError, says: ['customVjp', '1', '2'] },
  ),
  refused(
    'CustomVJP missing rule: no backward',
    grad((x: Tensor) =>
      customVjp((y: Tensor) => y.sum(), {
        forward: (y: Tensor) => [y.sum(), []],
      } as never)(x),
    ) as Traced,
    [x3],
    { error: TraceError, says: ['customVjp', 'backward'] },
  ),
  refused(
    'CustomVJP malformed rule: forward does not give a pair',
    grad((x: Tensor) =>
      customVjp((y: Tensor) => y.sum(), {
        forward: (y: Tensor) => y.sum() as never,
        backward: (_: never, u: Tensor) => [u.mul(x3)],
      })(x),
    ) as Traced,
    [x3],
    { error: TraceError, says: ['customVjp', 'forward'] },
  ),
  refused(
    'CustomJVP malformed rule: a tangent of another shape',
    jacfwd((x: Tensor) =>
      customJvp(
        (y: Tensor) => y.sin(),
        ([y], [t]) => [y.sin(), t.sum()],
      )(x),
    ) as Traced,
    [x3],
    { error: ShapeError, says: ['customJvp', '[]', '[3]'] },
  ),
  refused(
    'CustomJVP malformed rule: not a pair',
    jacfwd((x: Tensor) =>
      customJvp(
        (y: Tensor) => y.sin(),
        ([y]) => y.sin() as never,
      )(x),
    ) as Traced,
    [x3],
    { error: TraceError, says: ['customJvp'] },
  ),
  refused(
    'CustomJVP missing rule',
    jacfwd((x: Tensor) => customJvp((y: Tensor) => y.sin(), undefined as never)(x)) as Traced,
    [x3],
    { error: TraceError, says: ['customJvp'] },
  ),

  // cotangents and tangents are found by their keys, whatever the order these were written in
  ...(['customJvp', 'customVjp'] as const).map((name) =>
    scenario(`CustomJVP/CustomVJP pytrees: ${name}, keys in another order`, async (b) => {
      type Pair = { p: Tensor; q: Tensor };
      const f = ({ p, q }: Pair) => ({ p: p.mul(q), q: p.sum() });
      const rule =
        name === 'customJvp'
          ? customJvp(f, ([{ p, q }], [d]) => {
              const { q: second, p: first } = f({ p, q });
              return [
                { q: second, p: first },
                { q: d.p.sum().mul(3), p: d.p.mul(q).add(p.mul(d.q)).mul(2) },
              ];
            })
          : customVjp(f, {
              forward: (x: Pair) => [f(x), x] as [ReturnType<typeof f>, Pair],
              backward: ({ p, q }: Pair, u: Pair) => [
                { q: u.p.mul(p).mul(2), p: u.p.mul(q).mul(2).add(u.q.mul(3)) },
              ],
            });
      const w = points([3], 727);
      const twice = (x: ArrayLike<number>) =>
        elementwiseJacobian(
          [3],
          Array.from(x, (v) => 2 * v),
        );
      const zero = filled([3, 3], 0);
      for (const J of [jacrev, jacfwd, jacobian])
        b.close(await b.run(J(rule) as Traced, { p: x3, q: w }), {
          p: { p: twice(w.data), q: twice(x3.data) },
          q: { p: filled([3], 3), q: { ...zero, shape: [3], data: [0, 0, 0] } },
        });
    }),
  ),
  scenario('CustomVJP pytrees: null for one leaf of an argument is zero', async (b) => {
    type Pair = { p: Tensor; q: Tensor };
    const f = customVjp(({ p, q }: Pair) => p.mul(q), {
      forward: (x: Pair) => [x.p.mul(x.q), x.p] as [Tensor, Tensor],
      backward: (p: Tensor, u: Tensor) => [{ p: null, q: u.mul(p) }],
    });
    const got = await b.run(grad((x: Pair) => f(x).sum()) as Traced, { p: x3, q: x3 });
    b.exact(got, { p: filled([3], 0), q: { shape: [3], data: x3.data } });
  }),

  scenario(
    'CustomVJP: a rule that is not linear has reverse mode, and auto takes it',
    async (b) => {
      const clip = customVjp((x: Tensor) => x, {
        forward: (x: Tensor) => [x, null] as [Tensor, null],
        backward: (_: null, u: Tensor) => u.clamp(-1, 1),
      });
      const tall = (x: Tensor) => stack([clip(x).mul(10), x.sin(), x.cos(), x]);
      const want = await b.run(jacrev(tall) as Traced, x3);
      b.close(await b.run(jacobian(tall) as Traced, x3), want);
      b.close(await b.run(jacobian(tall, { chunk: 2 }) as Traced, x3), want);
      await expectRefusal(b, jacfwd(tall) as Traced, [x3], {
        error: TraceError,
        says: ['customVjp', 'linear', 'reverse'],
      });
      const rows = (x: Tensor) => clip(x).mul(10).expandDims(1);
      const each = await b.run(batchJacobian(rows, { mode: 'reverse' }) as Traced, x3);
      b.close(await b.run(batchJacobian(rows) as Traced, x3), each);
    },
  ),
  scenario(
    'CustomJVP: a rule that is not linear has forward mode, and auto takes it',
    async (b) => {
      const squared = customJvp(
        (x: Tensor) => x,
        ([x], [t]) => [x, t.square().mul(3)],
      );
      const wide = (x: Tensor) => squared(x).sum();
      b.close(await b.run(jacfwd(wide) as Traced, x3), filled([3], 3));
      b.close(await b.run(jacobian(wide) as Traced, x3), filled([3], 3));
      for (const reverse of [jacrev(wide), grad(wide)])
        await expectRefusal(b, reverse as Traced, [x3], {
          error: TraceError,
          says: ['customJvp', 'linear', 'forward'],
        });
    },
  ),

  ...(
    [
      ['a cotangent of integers', (u: Tensor) => u.cast('i32'), DTypeError, 'i32'],
      ['nothing returned', () => undefined, TraceError, 'nothing'],
      ['a string', () => 'text', TraceError, 'text'],
      ['a tree for a tensor', (u: Tensor) => [{ u }], TraceError, 'u'],
    ] as const
  ).map(([what, backward, error, says]) =>
    refused(
      `CustomVJP malformed rule: ${what}`,
      grad((x: Tensor) =>
        customVjp((y: Tensor) => y.sin(), {
          forward: (y: Tensor) => [y.sin(), null] as [Tensor, null],
          backward: (_: null, u: Tensor) => backward(u),
        })(x).sum(),
      ) as Traced,
      [x3],
      { error, says: ['customVjp', says] },
    ),
  ),
  refused(
    'CustomVJP malformed rule: a cotangent is missing in a tree',
    grad((x: Tensor) =>
      customVjp(({ p, q }: { p: Tensor; q: Tensor }) => p.mul(q).sum(), {
        forward: ({ p, q }) => [p.mul(q).sum(), null],
        backward: (_: null, u: Tensor) => [{ p: u.mul(x3) }],
      })({ p: x, q: x }),
    ) as Traced,
    [x3],
    { error: TraceError, says: ['customVjp', '.q'] },
  ),
  ...(['customJvp', 'customVjp'] as const).map((name) =>
    refused(
      `CustomJVP/CustomVJP malformed rule: ${name}, the value has another shape than the function's`,
      grad((x: Tensor) =>
        (name === 'customJvp'
          ? customJvp(
              (y: Tensor) => y.sin(),
              ([y], [t]) => [y.sum(), t],
            )
          : customVjp((y: Tensor) => y.sin(), {
              forward: (y: Tensor) => [y.sum(), null] as [Tensor, null],
              backward: (_: null, u: Tensor) => u,
            }))(x).sum(),
      ) as Traced,
      [x3],
      { error: ShapeError, says: [name, 'value', '[]', '[3]'] },
    ),
  ),
];
