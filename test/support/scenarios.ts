import { expect } from 'vitest';
import {
  array,
  batchJacobian,
  checkpoint,
  concat,
  divergence,
  DTypeError,
  grad,
  gradient,
  hessian,
  hvp,
  jacfwd,
  jacobian,
  jacobianDiagonal,
  jacrev,
  jvp,
  laplacian,
  ShapeError,
  stack,
  TraceError,
  valueAndGrad,
  valueAndJacobian,
  vjp,
  vmap,
  where,
  type HostArray,
  type Tensor,
} from '../../src/index.ts';
import type { Backend, Traced } from './backend.ts';
import { differences, points } from './differences.ts';
import {
  elementwiseJacobian,
  filled,
  leaf,
  numbers,
  type Numbers,
  type Result,
} from './reference.ts';
import { scenario, type Scenario, type Scenarios } from './scenario.ts';

/** The three ways to a Jacobian. */
export const modes = { jacrev, jacfwd, jacobian } as const;
const modeNames = Object.keys(modes) as (keyof typeof modes)[];

// ---- jacrev, jacfwd and jacobian agree with each other and with differences of values

interface Shapes {
  readonly title: string;
  readonly f: Traced;
  readonly args: readonly HostArray[];
}

const A = (rows: number, columns: number): HostArray => points([rows, columns], 7, -1, 1);

const shapes: readonly Shapes[] = [
  {
    title: 'fewer outputs than inputs: [5] -> [2]',
    f: (x: Tensor) => x.matmul(A(5, 2)).tanh().mul(x.sum()),
    args: [points([5], 1, -1, 1)],
  },
  {
    title: 'more outputs than inputs: [2] -> [7]',
    f: (x: Tensor) => x.matmul(A(2, 7)).sin().add(x.prod()),
    args: [points([2], 2)],
  },
  {
    title: 'as many outputs as inputs, not symmetric: [4] -> [4]',
    f: (x: Tensor) => x.matmul(A(4, 4)).mul(x.roll(1, 0)),
    args: [points([4], 3)],
  },
  {
    title: 'scalar output: [6] -> []',
    f: (x: Tensor) => x.mul(x.flip()).sum().sigmoid().add(x.logsumexp()),
    args: [points([6], 4, -1, 1)],
  },
  { title: 'rank 0: [] -> []', f: (x: Tensor) => x.sin().mul(x), args: [points([], 5)] },
  {
    title: 'rank 0: [] -> [2,3]',
    f: (x: Tensor) => x.mul(A(2, 3)).cos(),
    args: [points([], 6)],
  },
  {
    title: 'rank 1: [1] -> [1]',
    f: (x: Tensor) => x.exp().mul(x),
    args: [points([1], 7)],
  },
  {
    title: 'rank 1: [4] -> [4,4]',
    f: (x: Tensor) => x.expandDims(1).mul(x.sin()),
    args: [points([4], 8)],
  },
  {
    title: 'rank 2: [2,3] -> [3,2]',
    f: (x: Tensor) => x.t().mul(x.sum(1)).tanh(),
    args: [points([2, 3], 9, -1, 1)],
  },
  {
    title: 'rank 2: [3,2] -> [3,3]',
    f: (x: Tensor) => x.matmul(x.t()),
    args: [points([3, 2], 10)],
  },
  {
    title: 'rank 3: [2,3,2] -> [2,2]',
    f: (x: Tensor) => x.sin().sum(1).mul(x.slice(null, 0)),
    args: [points([2, 3, 2], 11)],
  },
  {
    title: 'rank 3: [2,1,3] -> [3,2,1], an axis of length 1',
    f: (x: Tensor) => x.transpose().square().add(x.mean()),
    args: [points([2, 1, 3], 12)],
  },
  {
    title: 'rank 4: [2,2,1,3] -> [2,3]',
    f: (x: Tensor) => x.mean([1, 2]).mul(x.slice(null, 1, 0).cos()),
    args: [points([2, 2, 1, 3], 13)],
  },
  {
    title: 'rank 4: [1,2,2,2] -> [1,2,2,2]',
    f: (x: Tensor) => x.softmax(1).mul(x.swapAxes(2, 3)),
    args: [points([1, 2, 2, 2], 14)],
  },
  {
    title: 'two arguments of different rank: [3], [2,3] -> [2]',
    f: (x: Tensor, w: Tensor) => w.matmul(x.tanh()).mul(w.sum(1)),
    args: [points([3], 15, -1, 1), points([2, 3], 16, -1, 1)],
  },
  {
    title: 'a list and an object as output',
    f: (x: Tensor, y: Tensor) => [x.mul(y), { sum: x.sum(), outer: [x.expandDims(1).mul(y)] }],
    args: [points([3], 17), points([3], 18)],
  },
];

/** Blocks of a Jacobian by all of `f`'s arguments, as differences give them one by one. */
const expectModes = async (b: Backend, { f, args }: Shapes): Promise<void> => {
  const argnums = args.map((_, i) => i);
  const want = args.map((_, i) => differences(f, args, i));
  const results: Partial<Record<string, Result>> = {};
  for (const name of modeNames) {
    const J = modes[name](f as never, { argnums }) as Traced;
    results[name] = blocks(await b.run(J, ...args), want.length);
    b.close(results[name], want);
  }
  b.close(results.jacrev as Result, results.jacfwd as Result);
};

/** Turns a tree of lists (one entry for each of `count` arguments) into a list of trees. */
function blocks(tree: Result, count: number): Result[] {
  const pick = (below: Result, i: number): Result => {
    if (Array.isArray(below) && below.length === count && below.every((x) => isArray(x)))
      return below[i] as Result;
    if (Array.isArray(below)) return below.map((x) => pick(x as Result, i));
    const entries = Object.entries(below as Readonly<Record<string, Result>>);
    return Object.fromEntries(entries.map(([key, x]) => [key, pick(x, i)]));
  };
  return Array.from({ length: count }, (_, i) => pick(tree, i));
}
const isArray = (x: unknown): x is Numbers => typeof x === 'object' && x !== null && 'data' in x;

const agreement: Scenario[] = [
  ...shapes.map((entry) => scenario(entry.title, (b) => expectModes(b, entry))),

  scenario('a tree as input: {w, b: [.., ..]} -> [3]', async (b) => {
    interface Params<T> {
      readonly w: T;
      readonly b: readonly [T, T];
    }
    const f = ({ w, b: [p, q] }: Params<Tensor>) => w.matmul(p).tanh().mul(q);
    const leaves = [points([3, 2], 21, -1, 1), points([2], 22), points([3], 23)] as const;
    const [w, p, q] = leaves;
    const flat = (...x: [Tensor, Tensor, Tensor]) => f({ w: x[0], b: [x[1], x[2]] });
    const [dw, dp, dq] = leaves.map((_, i) => differences(flat, leaves, i)) as [
      Result,
      Result,
      Result,
    ];
    for (const name of modeNames) {
      const got = await b.run(modes[name](f as never) as Traced, { w, b: [p, q] });
      b.close(got, { w: dw, b: [dp, dq] });
    }
  }),

  scenario('trees at both ends: outputs outermost, every block there', async (b) => {
    const f = (x: { a: Tensor; c: Tensor[] }) => ({
      product: x.a.mul(x.c[0] as Tensor),
      rest: [(x.c[1] as Tensor).sin()],
    });
    const [a, c0, c1] = [points([2], 24), points([2], 25), points([3], 26)];
    const zeros = (...shape: number[]): Numbers => filled(shape, 0);
    for (const name of modeNames) {
      const got = await b.run(modes[name](f as never) as Traced, { a, c: [c0, c1] });
      b.close(got, {
        product: {
          a: elementwiseJacobian([2], [...c0.data]),
          c: [elementwiseJacobian([2], [...a.data]), zeros(2, 3)],
        },
        rest: [
          {
            a: zeros(3, 2),
            c: [zeros(3, 2), elementwiseJacobian([3], [...c1.data].map(Math.cos))],
          },
        ],
      });
    }
  }),

  scenario('valueAndJacobian gives both from one function', async (b) => {
    const f = (x: Tensor) => x.matmul(A(3, 2)).tanh();
    const x = points([3], 27, -1, 1);
    const value = await b.run(f, x);
    b.close(await b.run(valueAndJacobian(f) as Traced, x), [value, differences(f, [x])]);
  }),

  scenario('mode and chunk change nothing but the way', async (b) => {
    const f = (x: Tensor) => x.matmul(A(5, 4)).sin().mul(x.sum());
    const x = points([5], 28, -1, 1);
    const want = differences(f, [x]);
    for (const mode of ['auto', 'reverse', 'forward'] as const)
      for (const chunk of [1, 3, 100])
        b.close(await b.run(jacobian(f, { mode, chunk }) as Traced, x), want);
  }),
];

// ---- transforms inside transforms

/** [3] -> [2], with all second derivatives different from zero and from each other. */
const curved = (x: Tensor): Tensor => {
  const [p, q, r] = x.unstack() as [Tensor, Tensor, Tensor];
  return stack([p.mul(q).sin().mul(r), p.exp().mul(q.add(r.square()))]);
};
const curvedAt = points([3], 31, -1, 1);

/** [4] -> [], not separable. */
const bowl = (x: Tensor): Tensor => x.matmul(A(4, 4)).tanh().mul(x).sum().add(x.prod());
const bowlAt = points([4], 32, -1, 1);

const pairs = modeNames.flatMap((outer) => modeNames.map((inner) => [outer, inner] as const));

const nesting: Scenario[] = [
  ...pairs.map(([outer, inner]) =>
    scenario(`${outer}(${inner}(f)) is the array of second derivatives`, async (b) => {
      const first = modes[inner](curved) as Traced;
      const got = await b.run(modes[outer](first as never) as Traced, curvedAt);
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
      b.close(await b.run(modes[outer](f) as Traced, array(1.5)), numbers(1));
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
      b.close(await b.run(modes[outer](f) as Traced, x), differences(f, [x]));
    }),
  ),

  scenario('what is closed over is a constant of the inner transform', async (b) => {
    const f = (x: Tensor) => jacobian(() => x.mul(2) as never)(x) as Tensor;
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
        J: each((m, x) => jacrev(f(m))(x) as Tensor),
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
      b.close(await b.run(modes[name](f as never) as Traced, x), differences(f, [x]));
    }),
  ),

  scenario('vmap: inAxes and outAxes, and an argument that is not mapped', async (b) => {
    const f = (x: Tensor, w: Tensor) => w.matmul(x);
    const x = points([3, 5], 41);
    const w = points([2, 3], 42);
    const mapped = vmap(f, { inAxes: [1, null], outAxes: 1 });
    b.close(await b.run(mapped as Traced, x, w), await b.run((p, q) => q.matmul(p), x, w));
  }),

  scenario('grad of a function that contains a Jacobian', async (b) => {
    const f = (x: Tensor) => (jacobian(curved)(x) as Tensor).square().sum();
    b.close(await b.run(grad(f) as Traced, curvedAt), differences(f, [curvedAt]));
  }),

  scenario('jvp of vjp of grad', async (b) => {
    const v = points([4], 43, -1, 1);
    const f = (x: Tensor) => grad(bowl)(x) as Tensor;
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
      const J = jacobian(curved)(x) as Tensor;
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

  scenario('checkpoint changes no derivative', async (b) => {
    const f = checkpoint(curved);
    const both = (x: Tensor) => [
      f(x),
      jacrev(f)(x),
      jacfwd(f)(x),
      grad((y: Tensor) => (jacobian(f)(y) as Tensor).square().sum())(x),
    ];
    const plain = (x: Tensor) => (jacobian(curved)(x) as Tensor).square().sum();
    const J = differences(curved, [curvedAt]);
    const want = [await b.run(curved, curvedAt), J, J, differences(plain, [curvedAt])];
    b.close(await b.run(both, curvedAt), want);
  }),
];

// ---- operators on the same plan, and the forms on tensors already computed

/** [3] -> [3] */
const field = (x: Tensor): Tensor => x.matmul(A(3, 3)).tanh().mul(x.square().sum());
const fieldAt = points([3], 51, -1, 1);
const diagonalOf = (x: Numbers, n: number): number[] =>
  Array.from({ length: n }, (_, i) => x.data[i * (n + 1)] as number);
const sum = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0);

const operators: Scenario[] = [
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
    b.close(leaf([got].flat() as Result, 0), want);
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
    const f = (y: Tensor) => y.matmul(A(3, 2)).tanh();
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
      const g = gradient(bowl(x), x) as Tensor;
      return gradient(g.slice(1), x);
    };
    const row = (x: Tensor) => (grad(bowl)(x) as Tensor).slice(1);
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

  scenario('the (y, x) forms inside vmap', async (b) => {
    const x = points([4, 3], 57, -1, 1);
    const f = vmap((y: Tensor) => jacobian(curved(y), y) as Tensor);
    b.close(await b.run(f as Traced, x), await b.run(vmap(jacrev(curved)) as Traced, x));
  }),
];

// ---- 0·∞ never appears

interface Guarded {
  readonly title: string;
  /** [n] -> [n], elementwise */
  readonly f: (x: Tensor) => Tensor;
  readonly at: readonly number[];
  readonly first: readonly number[];
  /** omitted where the second derivative is infinite */
  readonly second?: readonly number[];
}

const positive = (g: (x: Tensor) => Tensor) => (x: Tensor) => where(x.greater(0), g(x), 0);

const guarded: readonly Guarded[] = [
  {
    title: 'where(x > 0, log(x), 0)',
    f: positive((x) => x.log()),
    at: [-1, 0, 2],
    first: [0, 0, 1 / 2],
    second: [0, 0, -1 / 4],
  },
  {
    title: 'where(x > 0, x log(x), 0)',
    f: positive((x) => x.mul(x.log())),
    at: [-1, 0, 2],
    first: [0, 0, Math.log(2) + 1],
    second: [0, 0, 1 / 2],
  },
  {
    title: 'where(x > 0, sqrt(x), 0)',
    f: positive((x) => x.sqrt()),
    at: [-1, 0, 4],
    first: [0, 0, 1 / 4],
    second: [0, 0, -1 / 32],
  },
  {
    title: 'where(x > 0, 1 / x, 0)',
    f: positive((x) => x.reciprocal()),
    at: [-2, 0, 2],
    first: [0, 0, -1 / 4],
    second: [0, 0, 1 / 4],
  },
  {
    title: 'where(x > 0, x^-2, 0)',
    f: positive((x) => x.pow(-2)),
    at: [-2, 0, 2],
    first: [0, 0, -1 / 4],
    second: [0, 0, 3 / 8],
  },
  {
    title: 'where(x == 0, 1, sin(x) / x)',
    f: (x) => where(x.equal(0), 1, x.sin().div(x)),
    at: [0, 2],
    first: [0, (2 * Math.cos(2) - Math.sin(2)) / 4],
    second: [0, -Math.sin(2) / 2 - Math.cos(2) / 2 + Math.sin(2) / 4],
  },
  {
    title: 'where(x < 50, exp(x), 0), the branch not taken overflowing',
    f: (x) => where(x.less(50), x.exp(), 0),
    at: [1, 1000],
    first: [Math.E, 0],
    second: [Math.E, 0],
  },
  {
    title: 'where(|x| < 1, asin(x), 0), the branch not taken NaN',
    f: (x) => where(x.abs().less(1), x.asin(), 0),
    at: [0.5, 1, 3],
    first: [1 / Math.sqrt(0.75), 0, 0],
    second: [0.5 / 0.75 ** 1.5, 0, 0],
  },
  {
    title: 'nested where around log(sqrt(x))',
    f: positive((x) => where(x.greater(1), x.sqrt().log(), x.sqrt())),
    at: [-1, 0, 0.25, 4],
    first: [0, 0, 1, 1 / 8],
    second: [0, 0, -2, -1 / 32],
  },
  {
    title: 'sqrt of a sum of squares behind a mask',
    f: (x) => {
      const s = x.square();
      return where(s.greater(0), s.sqrt(), 0);
    },
    at: [0, -3],
    first: [0, -1],
    second: [0, 0],
  },
  {
    title: 'pow(x, 2)',
    f: (x) => x.pow(2),
    at: [-3, 0, 3],
    first: [-6, 0, 6],
    second: [2, 2, 2],
  },
  {
    title: 'pow(x, 3)',
    f: (x) => x.pow(3),
    at: [-2, 0, 2],
    first: [12, 0, 12],
    second: [-12, 0, 12],
  },
  {
    title: 'pow(x, 1) and pow(x, 0)',
    f: (x) => x.pow(1).mul(3).add(x.pow(0)),
    at: [-2, 0, 2],
    first: [3, 3, 3],
    second: [0, 0, 0],
  },
  {
    title: 'pow(x, 1.5)',
    f: (x) => x.pow(1.5),
    at: [0, 4],
    first: [0, 3],
  },
  {
    title: 'pow(x, 2) with the exponent as an array',
    f: (x) => x.pow(x.mul(0).add(2)),
    at: [0, 3],
    first: [0, 6],
  },
  {
    title: 'relu(log(x)): a derivative of 0 times an infinite one',
    f: (x) => x.log().relu(),
    at: [0, 0.5, 2],
    first: [0, 0, 1 / 2],
    second: [0, 0, -1 / 4],
  },
  {
    title: 'clamp(log(x), -10, 10)',
    f: (x) => x.log().clamp(-10, 10),
    at: [0, 2],
    first: [0, 1 / 2],
    second: [0, -1 / 4],
  },
  {
    title: 'maximum(log(x), -10)',
    f: (x) => x.log().maximum(-10),
    at: [0, 2],
    first: [0, 1 / 2],
    second: [0, -1 / 4],
  },
];

const maskedNorms = (b: Backend, f: (x: Tensor) => Tensor, second: boolean): Promise<void> => {
  // rows [0,0] and [3,4]; d|x| = x / |x|, d2|x| = (I - x xᵀ / |x|²) / |x|
  const x = array([
    [0, 0],
    [3, 4],
  ]);
  const H = [16, -12, -12, 9].map((v) => v / 125);
  return (async () => {
    const J = await b.run((y: Tensor) => [jacrev(f)(y), jacfwd(f)(y)], x);
    const want = filled([2, 2, 2], (n) => [0, 0, 0, 0, 0, 0, 0.6, 0.8][n] as number);
    b.close(J, [want, want]);
    if (!second) return;
    const total = (y: Tensor) => f(y).sum();
    const wantH = filled([2, 2, 2, 2], (n) => {
      const [i, k, j, l] = [n >> 3, (n >> 2) & 1, (n >> 1) & 1, n & 1];
      return i === 1 && j === 1 ? (H[2 * k + l] as number) : 0;
    });
    for (const T of [jacfwd(jacrev(total)), jacrev(jacrev(total))])
      b.close(await b.run(T as Traced, x), wantH);
  })();
};

const zeroTimesInfinity: Scenario[] = [
  ...guarded.flatMap(({ title, f, at, first, second }) => {
    const x = array([...at]);
    const n = at.length;
    const list = [
      scenario(`${title}: jacrev, jacfwd, grad`, async (b) => {
        const all = (y: Tensor) => [jacrev(f)(y), jacfwd(f)(y), grad((z: Tensor) => f(z).sum())(y)];
        const J = elementwiseJacobian([n], first);
        b.close(await b.run(all, x), [J, J, numbers(first)]);
      }),
    ];
    if (second)
      list.push(
        scenario(`${title}: second derivatives, four ways`, async (b) => {
          const g = (y: Tensor) => f(y).sum();
          const H = elementwiseJacobian([n], second);
          const ways = [jacfwd(jacrev(g)), jacrev(jacrev(g)), jacfwd(jacfwd(g)), jacrev(jacfwd(g))];
          for (const T of ways) b.close(await b.run(T as Traced, x), H);
        }),
      );
    return list;
  }),

  scenario('norm of rows, one of them 0', (b) => maskedNorms(b, (x) => x.norm(1), false)),

  scenario('norm of rows behind a mask: first and second derivatives', (b) =>
    maskedNorms(
      b,
      (x) => {
        const r = x.norm(1);
        return where(r.greater(0), r, 0);
      },
      true,
    ),
  ),

  scenario('sqrt of the sum of squares of rows behind a mask', (b) =>
    maskedNorms(
      b,
      (x) => {
        const s = x.square().sum(1);
        return where(s.greater(0), s.sqrt(), 0);
      },
      true,
    ),
  ),

  scenario('pow(x, y) by both, at base 0 and exponent 2', async (b) => {
    const J = jacobian((x: Tensor, y: Tensor) => x.pow(y), { argnums: [0, 1] });
    b.close(await b.run(J as Traced, array([0, 3]), array([2, 2])), [
      elementwiseJacobian([2], [0, 6]),
      elementwiseJacobian([2], [0, 9 * Math.log(3)]),
    ]);
  }),

  scenario('an infinite slope stays in its own entry of J', async (b) => {
    const f = (x: Tensor) => x.sqrt();
    const both = (x: Tensor) => [jacrev(f)(x), jacfwd(f)(x)];
    const J = elementwiseJacobian([3], [Infinity, 1 / 2, 1 / 4]);
    b.close(await b.run(both, array([0, 1, 4])), [J, J]);
  }),

  scenario('picking a finite entry beside an infinite slope', async (b) => {
    const f = (x: Tensor) => x.sqrt().slice(1);
    const both = (x: Tensor) => [grad(f)(x), jacfwd(f)(x)];
    const g = numbers([0, 1 / 4]);
    b.close(await b.run(both, array([0, 4])), [g, g]);
  }),

  scenario('softmax and logsumexp of scores masked by -Infinity', async (b) => {
    const mask = array([true, false, true]);
    const scores = array([1, 5, 2]);
    const masked = (s: Tensor) => where(mask, s, -Infinity);
    const p = 1 / (1 + Math.E);
    const J = filled([3, 3], (n) => {
      const v = p * (1 - p);
      return [v, 0, -v, 0, 0, 0, -v, 0, v][n] as number;
    });
    const all = (s: Tensor) => [
      masked(s).softmax(),
      jacrev((y: Tensor) => masked(y).softmax())(s),
      jacfwd((y: Tensor) => masked(y).softmax())(s),
      grad((y: Tensor) => masked(y).logsumexp())(s),
      hessian((y: Tensor) => masked(y).logsumexp())(s),
    ];
    const probabilities = numbers([p, 0, 1 - p]);
    b.close(await b.run(all, scores), [probabilities, J, J, probabilities, J]);
  }),
];

// ---- what is refused, and how it is said

interface Refusal {
  readonly title: string;
  readonly f: Traced;
  readonly args: readonly unknown[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly error: abstract new (...args: any[]) => Error;
  /** The message has all of these: who, what it got. */
  readonly says: readonly (string | RegExp)[];
}

const x34 = points([3, 4], 61);
const x52 = points([5, 2], 62);
const ids = array(Int32Array.from([1, 2, 3]));

const refusals: readonly Refusal[] = [
  {
    title: 'matmul of inner sizes that differ',
    f: (a: Tensor, c: Tensor) => a.matmul(c),
    args: [x34, x52],
    error: ShapeError,
    says: ['matmul', '[3,4]', '[5,2]'],
  },
  {
    title: 'add of shapes that do not broadcast',
    f: (a: Tensor, c: Tensor) => a.add(c),
    args: [x34, x52],
    error: ShapeError,
    says: ['add', '[3,4]', '[5,2]'],
  },
  {
    title: 'where of shapes that do not broadcast',
    f: (a: Tensor, c: Tensor) => where(a.greater(0), a, c),
    args: [x34, x52],
    error: ShapeError,
    says: ['where', '[3,4]', '[5,2]'],
  },
  {
    title: 'reshape to another number of elements',
    f: (a: Tensor) => a.reshape([5, 2]),
    args: [x34],
    error: ShapeError,
    says: ['reshape', '[3,4]', '[5,2]'],
  },
  {
    title: 'sum over an axis that is not there',
    f: (a: Tensor) => a.sum(2),
    args: [x34],
    error: ShapeError,
    says: ['sum', '2', '[3,4]'],
  },
  {
    title: 'a pick out of range',
    f: (a: Tensor) => a.slice(3),
    args: [x34],
    error: ShapeError,
    says: ['slice', '3', '[3,4]'],
  },
  {
    title: 'concat of shapes that differ off the axis',
    f: (a: Tensor, c: Tensor) => concat([a, c]),
    args: [x34, x52],
    error: ShapeError,
    says: ['concat', '[3,4]', '[5,2]'],
  },
  {
    title: 'stack of shapes that differ',
    f: (a: Tensor, c: Tensor) => stack([a, c]),
    args: [x34, x52],
    error: ShapeError,
    says: ['stack', '[3,4]', '[5,2]'],
  },
  {
    title: 'a permutation that is none',
    f: (a: Tensor) => a.transpose([0, 0]),
    args: [x34],
    error: ShapeError,
    says: ['transpose', '[0,0]'],
  },
  {
    title: 'the derivative by integers',
    f: jacobian((i: Tensor) => i.mul(2)) as Traced,
    args: [ids],
    error: DTypeError,
    says: ['jacobian', 'i32'],
  },
  {
    title: 'grad by integers',
    f: grad((i: Tensor) => i.cast('f32').sum()) as Traced,
    args: [ids],
    error: DTypeError,
    says: ['grad', 'i32'],
  },
  {
    title: 'grad of a vector',
    f: grad((a: Tensor) => a.mul(2)) as Traced,
    args: [x34],
    error: ShapeError,
    says: ['grad', '[3,4]', 'jacobian'],
  },
  {
    title: 'JavaScript arithmetic on a tensor',
    f: (a: never) => (a as number) + 1,
    args: [x34],
    error: TraceError,
    says: ['[3,4]', 'add'],
  },
  {
    title: 'a comparison as a JavaScript condition',
    f: (a: never) => ((a as number) > 0 ? a : 0),
    args: [x34],
    error: TraceError,
    says: ['[3,4]', 'where'],
  },
  {
    title: 'iterating over a tensor',
    f: (a: never) => [...(a as Tensor[])],
    args: [x34],
    error: TraceError,
    says: ['unstack'],
  },
  {
    title: 'a bare nested array as argument',
    f: (a: Tensor) => a,
    args: [[[1, 2, 3]]],
    error: TraceError,
    says: ['array('],
  },
  {
    title: 'a string as argument',
    f: (a: Tensor) => a,
    args: ['x'],
    error: TraceError,
    says: ['string'],
  },
  {
    title: 'a function that returns nothing',
    f: () => undefined,
    args: [x34],
    error: TraceError,
    says: ['undefined'],
  },
  {
    title: 'vmap over axes of different lengths',
    f: vmap((a: Tensor, c: Tensor) => a.sum().add(c.sum())) as Traced,
    args: [x34, x52],
    error: ShapeError,
    says: ['vmap', '3', '5'],
  },
  {
    title: 'vmap over a scalar',
    f: vmap((a: Tensor) => a) as Traced,
    args: [array(1)],
    error: ShapeError,
    says: ['vmap', '[]'],
  },
];

const badInput: Scenario[] = [
  ...refusals.map(({ title, f, args, error, says }) =>
    scenario(`${title}: ${error.name} that says ${says.join(', ')}`, async (b) => {
      const thrown: unknown = await b.run(f, ...args).then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(thrown).toBeInstanceOf(error);
      for (const part of says) expect((thrown as Error).message).toMatch(part);
    }),
  ),

  scenario('array: data that do not fill the shape, ragged rows', async () => {
    expect(() => array([1, 2, 3], [2, 2])).toThrow(ShapeError);
    expect(() => array([1, 2, 3], [2, 2])).toThrow(/array.*\[2,2\].*3/);
    expect(() => array([[1, 2], [3]])).toThrow(ShapeError);
    await Promise.resolve();
  }),
];

/** By heading. */
export const scenarios: Scenarios = {
  'jacrev, jacfwd and jacobian agree with differences': agreement,
  'transforms nest': nesting,
  'operators and the (y, x) forms': operators,
  '0 times infinity never appears': zeroTimesInfinity,
  'bad input': badInput,
};
