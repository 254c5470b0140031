import {
  array,
  checkpoint,
  grad,
  hessian,
  jacfwd,
  jacobian,
  jacrev,
  jvp,
  stack,
  vjp,
  vmap,
  type HostArray,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { differences, points } from '../differences.ts';
import { modes, modeNames } from '../modes.ts';
import { filled, numbers, type Numbers } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { bowl, bowlAt, curved, curvedAt } from './examples.ts';

// Transforms inside transforms.

const pairs = modeNames.flatMap((outer) => modeNames.map((inner) => [outer, inner] as const));

export const nesting: Scenario[] = [
  ...pairs.map(([outer, inner]) =>
    scenario(`${outer}(${inner}(f)) is the array of second derivatives`, async (b) => {
      const first = modes[inner](curved);
      const got = await b.run(modes[outer](first), curvedAt);
      b.close(got, differences(first, [curvedAt]));
    }),
  ),

  scenario('jacfwd(jacrev(f)) equals jacrev(jacrev(f)) and hessian(f), scalar f', async (b) => {
    const both = (x: Tensor) => ({
      forward: jacfwd(jacrev(bowl))(x),
      reverse: jacrev(jacrev(bowl))(x),
      hessian: hessian(bowl)(x),
    });
    const want = differences(grad(bowl) as Traced, [bowlAt]);
    b.close(await b.run(both, bowlAt), { forward: want, reverse: want, hessian: want });
  }),

  ...pairs.map(([outer, inner]) =>
    scenario(`${outer} outside, ${inner} inside: the inner derivative is by y alone`, async (b) => {
      // d/dx [x d/dy (x + y)] = 1 at any y; mixing up the two gives 2
      const f = (x: Tensor) =>
        x.mul(modes[inner]((y: Tensor) => x.add(y))(x.mul(0).add(1)) as Tensor);
      b.close(await b.run(modes[outer](f), array(1.5)), numbers(1));
    }),
  ),

  ...pairs.map(([outer, inner]) =>
    scenario(`${outer} outside, ${inner} inside: closed over a tensor of x`, async (b) => {
      // J_y [sin(x_i y_i) s(x)] at y = x, then its Jacobian by x, through both
      const f = (x: Tensor) => {
        const s = x.square().sum();
        return modes[inner]((y: Tensor) => x.mul(y).sin().mul(s))(x) as Tensor;
      };
      const x = points([3], 33, -1, 1);
      b.close(await b.run(modes[outer](f), x), differences(f, [x]));
    }),
  ),

  scenario('what is closed over is a constant of the inner transform', async (b) => {
    const f = (x: Tensor) => {
      const constant: (y: Tensor) => Tensor = () => x.mul(2);
      return jacobian(constant)(x);
    };
    b.exact(await b.run(f, points([2], 34)), filled([2, 2], 0));
  }),

  scenario('vmap over vmap, a different operand closed over in each', async (b) => {
    const outer = points([3, 2], 35);
    const inner = points([4, 2], 36);
    const at = (x: HostArray, i: number, k: number): number => x.data[i * 2 + k] as number;
    const table = (g: (a: number, c: number) => number): Numbers =>
      filled([3, 4, 2], (n) =>
        g(at(outer, Math.floor(n / 8), n % 2), at(inner, (n >> 1) % 4, n % 2)),
      );
    const both = (as: Tensor, cs: Tensor) =>
      vmap((a: Tensor) =>
        vmap((c: Tensor) => ({ sum: a.add(c), product: a.mul(c), less: a.sub(c.mul(2)) }))(cs),
      )(as);
    b.close(await b.run(both, outer, inner), {
      sum: table((a, c) => a + c),
      product: table((a, c) => a * c),
      less: table((a, c) => a - 2 * c),
    });
  }),

  scenario('vmap over vmap: matmul of closed-over matrices, and its Jacobian', async (b) => {
    const outer = points([2, 3, 3], 37, -1, 1);
    const inner = points([4, 3], 38, -1, 1);
    const f = (m: Tensor) => (x: Tensor) => m.matmul(x).tanh();
    const batched = (ms: Tensor, xs: Tensor) =>
      vmap((m: Tensor) =>
        vmap((x: Tensor) => ({ y: f(m)(x), J: jacobian(f(m))(x), outer: m.matmul(m) }))(xs),
      )(ms);
    const looped = (ms: Tensor, xs: Tensor) => {
      const each = (g: (m: Tensor, x: Tensor) => Tensor): Tensor =>
        stack(ms.unstack().map((m) => stack(xs.unstack().map((x) => g(m, x)))));
      return {
        y: each((m, x) => f(m)(x)),
        J: each((m, x) => jacrev(f(m))(x)),
        outer: each((m) => m.matmul(m)),
      };
    };
    b.close(await b.run(batched, outer, inner), await b.run(looped, outer, inner));
  }),

  ...modeNames.map((name) =>
    scenario(`vmap(${name}(f)) is the Jacobian of each row`, async (b) => {
      const x = points([5, 3], 39, -1, 1);
      const rows = Array.from({ length: 5 }, (_, i) =>
        differences(curved, [array(x.data.slice(3 * i, 3 * i + 3))]),
      ) as Numbers[];
      const want = { shape: [5, 2, 3], data: rows.flatMap((r) => Array.from(r.data)) };
      b.close(await b.run(vmap(modes[name](curved)) as Traced, x), want);
    }),
  ),

  ...modeNames.map((name) =>
    scenario(`${name}(vmap(f)) is block diagonal`, async (b) => {
      const x = points([3, 3], 40, -1, 1);
      const f = vmap(curved) as Traced;
      b.close(await b.run(modes[name](f), x), differences(f, [x]));
    }),
  ),

  scenario('vmap: inAxes and outAxes, and an argument that is not mapped', async (b) => {
    const f = (x: Tensor, w: Tensor) => w.matmul(x);
    const x = points([3, 5], 41);
    const w = points([2, 3], 42);
    const mapped = vmap(f, { inAxes: [1, null], outAxes: 1 });
    b.close(
      await b.run(mapped as Traced, x, w),
      await b.run((p: Tensor, q: Tensor) => q.matmul(p), x, w),
    );
  }),

  scenario('grad of a function that contains a Jacobian', async (b) => {
    const f = (x: Tensor) => jacobian(curved)(x).square().sum();
    b.close(await b.run(grad(f) as Traced, curvedAt), differences(f, [curvedAt]));
  }),

  scenario('jvp of vjp of grad', async (b) => {
    const v = points([4], 43, -1, 1);
    const f = (x: Tensor) => grad(bowl)(x);
    const product = (x: Tensor, t: Tensor) =>
      jvp((y: Tensor) => [vjp(f, y)[1](t)].flat()[0] as Tensor, [x], [t])[1];
    // the derivative along t of H(x) t
    const along = (x: Tensor, t: Tensor) => [vjp(f, x)[1](t)].flat()[0] as Tensor;
    const D = differences(along, [bowlAt, v]) as Numbers;
    const want = filled([4], (i) =>
      [0, 1, 2, 3].reduce((s, k) => s + (D.data[4 * i + k] as number) * (v.data[k] as number), 0),
    );
    b.close(await b.run(product, bowlAt, v), want);
  }),

  scenario('Gauss-Newton: JᵀJ and Jᵀr inside one function', async (b) => {
    const step = (x: Tensor) => {
      const J = jacobian(curved)(x);
      return { normal: J.t().matmul(J), gradient: J.t().matmul(curved(x)) };
    };
    const J = differences(curved, [curvedAt]) as Numbers;
    const y = (await b.run(curved, curvedAt)) as Numbers;
    const at = (k: number, i: number): number => J.data[3 * k + i] as number;
    b.close(await b.run(step, curvedAt), {
      normal: filled([3, 3], (n) => {
        const [i, j] = [Math.floor(n / 3), n % 3];
        return at(0, i) * at(0, j) + at(1, i) * at(1, j);
      }),
      gradient: filled(
        [3],
        (i) => at(0, i) * (y.data[0] as number) + at(1, i) * (y.data[1] as number),
      ),
    });
  }),

  scenario('third and fourth derivatives of sin at rank 0', async (b) => {
    const sin = (x: Tensor) => x.sin();
    const third = jacrev(jacfwd(jacrev(sin)));
    const both = (x: Tensor) => [third(x), jacfwd(third as never)(x)] as unknown;
    const x = 0.75;
    b.close(await b.run(both, array(x)), [numbers(-Math.cos(x)), numbers(Math.sin(x))]);
  }),

  scenario('checkpoint: derivatives reach what the function closes over', async (b) => {
    const layer = (w: Tensor) => checkpoint((x: Tensor) => x.mul(w).sin().mul(w.sum()));
    const f = (w: Tensor) => layer(w.exp())(layer(w)(w));
    const plain = (w: Tensor) => {
      const once = w.mul(w).sin().mul(w.sum());
      return once.mul(w.exp()).sin().mul(w.exp().sum());
    };
    const w = points([3], 44, -1, 1);
    const J = differences(plain, [w]);
    for (const name of modeNames) b.close(await b.run(modes[name](f), w), J);
    const ws = points([2, 3], 45, -1, 1);
    const total = (g: typeof f) => (vs: Tensor) => vmap(g)(vs).square().sum();
    b.close(await b.run(grad(total(f)) as Traced, ws), differences(total(plain), [ws]));
  }),

  scenario('checkpoint changes no derivative', async (b) => {
    const f = checkpoint(curved);
    const both = (x: Tensor) => [
      f(x),
      jacrev(f)(x),
      jacfwd(f)(x),
      grad((y: Tensor) => jacobian(f)(y).square().sum())(x),
    ];
    const plain = (x: Tensor) => jacobian(curved)(x).square().sum();
    const J = differences(curved, [curvedAt]);
    const want = [await b.run(curved, curvedAt), J, J, differences(plain, [curvedAt])];
    b.close(await b.run(both, curvedAt), want);
  }),
];
