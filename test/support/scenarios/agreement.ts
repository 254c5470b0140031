import { jacobian, valueAndJacobian, type HostArray, type Tensor } from '../../../src/index.ts';
import type { Backend, Traced } from '../backend.ts';
import { differences, points } from '../differences.ts';
import { modes, modeNames } from '../modes.ts';
import { elementwiseJacobian, filled, type Numbers, type Result } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { matrix } from './examples.ts';

// Jacrev, jacfwd and jacobian agree with each other and with differences of values.

interface Shapes {
  readonly title: string;
  readonly f: Traced;
  readonly args: readonly HostArray[];
}

const shapes: readonly Shapes[] = [
  {
    title: 'fewer outputs than inputs: [5] -> [2]',
    f: (x: Tensor) => x.matmul(matrix(5, 2)).tanh().mul(x.sum()),
    args: [points([5], 1, -1, 1)],
  },
  {
    title: 'more outputs than inputs: [2] -> [7]',
    f: (x: Tensor) => x.matmul(matrix(2, 7)).sin().add(x.prod()),
    args: [points([2], 2)],
  },
  {
    title: 'as many outputs as inputs, not symmetric: [4] -> [4]',
    f: (x: Tensor) => x.matmul(matrix(4, 4)).mul(x.roll(1, 0)),
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
    f: (x: Tensor) => x.mul(matrix(2, 3)).cos(),
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
    const J = modes[name](f, { argnums });
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

export const agreement: Scenario[] = [
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
      const got = await b.run(modes[name](f), { w, b: [p, q] });
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
      const got = await b.run(modes[name](f), { a, c: [c0, c1] });
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
    const f = (x: Tensor) => x.matmul(matrix(3, 2)).tanh();
    const x = points([3], 27, -1, 1);
    const value = await b.run(f, x);
    b.close(await b.run(valueAndJacobian(f) as Traced, x), [value, differences(f, [x])]);
  }),

  scenario('mode and chunk change nothing but the way', async (b) => {
    const f = (x: Tensor) => x.matmul(matrix(5, 4)).sin().mul(x.sum());
    const x = points([5], 28, -1, 1);
    const want = differences(f, [x]);
    for (const mode of ['auto', 'reverse', 'forward'] as const)
      for (const chunk of [1, 3, 100])
        b.close(await b.run(jacobian(f, { mode, chunk }) as Traced, x), want);
  }),
];
