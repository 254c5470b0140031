import {
  array,
  grad,
  hessian,
  jacfwd,
  jacobian,
  jacrev,
  where,
  type Tensor,
} from '../../../src/index.ts';
import type { Backend, Traced } from '../backend.ts';
import { elementwiseJacobian, filled, numbers } from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';

// 0·∞ never appears.

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

export const zeroTimesInfinity: Scenario[] = [
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
          // relative to 1 where all of them are 0
          const scale = Math.max(...second.map(Math.abs)) || 1;
          for (const T of ways) b.close(await b.run(T as Traced, x), H, scale);
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
