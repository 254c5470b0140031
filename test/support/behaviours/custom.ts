import {
  customJvp,
  customVjp,
  grad,
  hessian,
  jacfwd,
  jacobian,
  jacrev,
  jvp,
  outer,
  ShapeError,
  TraceError,
  vjp,
  vmap,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { points } from '../differences.ts';
import { elementwiseJacobian, filled, numbers, type Numbers } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { refused } from '../refusal.ts';

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
];
