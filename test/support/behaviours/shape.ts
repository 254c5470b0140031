import {
  array,
  hessian,
  jacfwd,
  jacobian,
  jacrev,
  oneHot,
  stack,
  vjp,
  type HostArray,
  type Tensor,
} from '../../../src/index.ts';
import type { Traced } from '../backend.ts';
import { differences, points } from '../differences.ts';
import {
  elementwiseJacobian,
  filled,
  numbers,
  total,
  type Numbers,
  type Result,
} from '../reference.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { inEachMode, pairsOfModes } from '../modes.ts';

// Section A: shape and structure of the result.

const cosines = (x: HostArray): number[] => Array.from(x.data, Math.cos);

/** The Jacobian as a loop of one vector-Jacobian product for each output element. */
export const rowByRow =
  (f: (...x: Tensor[]) => Tensor) =>
  (...x: Tensor[]): Tensor[] => {
    const [y, pullback] = vjp(f, ...x) as [Tensor, (u: Tensor) => Tensor | Tensor[]];
    const rows = Array.from({ length: y.size }, (_, i) =>
      [pullback(oneHot([i], y.size).reshape(y.shape))].flat(),
    );
    return x.map((xi, k) =>
      stack(rows.map((r) => r[k] as Tensor)).reshape([...y.shape, ...xi.shape]),
    );
  };

interface Loop {
  readonly what: string;
  readonly f: (...x: Tensor[]) => Tensor;
  readonly args: readonly HostArray[];
}

const loops: readonly Loop[] = [
  { what: 'simple', f: (x) => x.mul(x.roll(1, 0)).sin(), args: [points([4], 101)] },
  {
    what: 'multi_input',
    f: (x, y) => x.sin().mul(y).add(x.sum()),
    args: [points([2, 3], 102), points([3], 103)],
  },
  {
    what: 'unrelated_outputs',
    f: (_, y) => y.exp(),
    args: [points([2], 104), points([3], 105)],
  },
  {
    what: 'zero_dim',
    f: (x, y) => x.sin().add(y),
    args: [points([], 106), points([2], 107)],
  },
  { what: 'zero_dim in and out', f: (x) => x.sin(), args: [points([], 108)] },
  {
    what: 'default_arg',
    f: (x, y = x.mul(2)) => x.mul(y).sin(),
    args: [points([3], 109)],
  },
];

/** x0 (3) and x1 (2, used twice) -> [2]; all blocks of second derivatives differ. */
const mixed = (x: Tensor, y: Tensor): Tensor =>
  y.mul(x.sum().sin()).add(y.square().mul(x.slice([0, 2])));
const mixedArgs = [points([3], 110), points([2], 111)] as const;

export const shape: Scenario[] = [
  ...inEachMode(
    'test_simple, simple_not_flat',
    'sin on [3] is diag(cos), on [2,3] [2,3,2,3]',
    (J) => async (b) => {
      for (const shape of [[3], [2, 3]]) {
        const x = points(shape, 112);
        const got = await b.run(
          J((y: Tensor) => y.sin()),
          x,
        );
        b.close(got, elementwiseJacobian(shape, cosines(x)));
      }
    },
  ),

  scenario('test_simple: entries off the diagonal are exact zeros', async (b) => {
    const x = points([2, 3], 113);
    for (const J of [jacrev, jacfwd]) {
      const got = (await b.run(J((y: Tensor) => y.sin()) as Traced, x)) as Numbers;
      const off = Array.from(got.data).filter((_, i) => i % 7 !== 0);
      b.exact({ shape: [30], data: off }, filled([30], 0));
    }
  }),

  ...inEachMode(
    'test_diff_numel',
    '[2,4] -> slice, expandDims -> [3,1] is [3,1,2,4]',
    (J) => async (b) => {
      const f = (x: Tensor) => x.slice(0, [1, null]).expandDims(-1);
      // output k is input (0, k + 1)
      const want = filled([3, 1, 2, 4], (n) => (n % 8 === Math.floor(n / 8) + 1 ? 1 : 0));
      b.exact(await b.run(J(f), points([2, 4], 114)), want);
    },
  ),

  ...inEachMode(
    'test_dimensionality',
    'rank 0 stays rank 0, [1] -> [1] gives [1,1]',
    (J) => async (b) => {
      const f = (x: Tensor) => x.square();
      b.exact(await b.run(J(f), array(1.5)), numbers(3));
      b.exact(await b.run(J(f), array([1.5])), numbers([[3]]));
      b.exact(await b.run(J(f), array([[1.5]])), numbers([[[[3]]]]));
    },
  ),

  ...inEachMode('test_take', 'a constant index that repeats', (J) => async (b) => {
    const f = (x: Tensor) => x.take([2, 0, 2], 0);
    b.exact(
      await b.run(J(f), points([4], 115)),
      numbers([
        [0, 0, 1, 0],
        [1, 0, 0, 0],
        [0, 0, 1, 0],
      ]),
    );
    b.exact(
      await b.run(
        J((x: Tensor) => f(x).sum()),
        points([4], 115),
      ),
      numbers([1, 0, 2, 0]),
    );
  }),

  ...inEachMode(
    'test_jacobian_scalar, _output',
    'no axis is added for a scalar',
    (J) => async (b) => {
      const x = points([2, 2], 116);
      const square = await b.run(
        J((y: Tensor) => y.square().sum()),
        x,
      );
      b.exact(square, { shape: [2, 2], data: x.data.map((v) => 2 * v) });
      b.exact(
        await b.run(
          J((y: Tensor) => y.mul([1, 2, 3])),
          array(0.5),
        ),
        numbers([1, 2, 3]),
      );
    },
  ),

  ...inEachMode(
    'test_multiple_args, argnums_defaults_to_zero',
    'argnums picks one',
    (J) => async (b) => {
      const f = (x: Tensor, y: Tensor) => x.mul(y);
      const [x, y] = [points([2], 117), points([2], 118)];
      b.exact(await b.run(J(f, { argnums: 1 }), x, y), elementwiseJacobian([2], [...x.data]));
      b.exact(await b.run(J(f, { argnums: 0 }), x, y), elementwiseJacobian([2], [...y.data]));
      b.exact(await b.run(J(f), x, y), elementwiseJacobian([2], [...y.data]));
    },
  ),

  ...inEachMode(
    'test_argnums_tuple, argnums_effect_on_return',
    'a list gives a list',
    (J) => async (b) => {
      const f = (x: Tensor, y: Tensor) => x.mul(y);
      const [x, y] = [points([2], 119), points([2], 120)];
      const [dx, dy] = [y, x].map((d) => elementwiseJacobian([2], [...d.data])) as [
        Numbers,
        Numbers,
      ];
      b.exact(await b.run(J(f, { argnums: 0 }), x, y), dx);
      b.exact(await b.run(J(f, { argnums: [0] }), x, y), [dx]);
      b.exact(await b.run(J(f, { argnums: [0, 1] }), x, y), [dx, dy]);
      b.exact(await b.run(J(f, { argnums: [1, 0] }), x, y), [dy, dx]);
    },
  ),

  ...inEachMode(
    'test_multiple_outputs_multiple_argnums, _single_argnums',
    'J[out][arg]',
    (J) => async (b) => {
      const f = (x: Tensor, y: Tensor) => [x.add(y.mul(2)), x.mul(3).sum()];
      const [x, y] = [points([2], 121), points([2], 122)];
      const scaled = (s: number): Numbers => elementwiseJacobian([2], [s, s]);
      b.exact(await b.run(J(f, { argnums: [0, 1] }), x, y), [
        [scaled(1), scaled(2)],
        [numbers([3, 3]), numbers([0, 0])],
      ]);
      b.exact(await b.run(J(f, { argnums: 1 }), x, y), [scaled(2), numbers([0, 0])]);
      b.exact(await b.run(J(f, { argnums: [1] }), x, y), [[scaled(2)], [numbers([0, 0])]]);
    },
  ),

  ...inEachMode(
    'test_multiple_outputs_pytree, outputs_can_any_pytree',
    'output trees keep kind and keys',
    (J) => async (b) => {
      const x = points([2], 123);
      const one = elementwiseJacobian([2], [1, 1]);
      const f = (y: Tensor) => ({ left: y, right: [y.mul(2), { deep: y.mul(3) }], single: [y] });
      b.exact(await b.run(J(f), x), {
        left: one,
        right: [elementwiseJacobian([2], [2, 2]), { deep: elementwiseJacobian([2], [3, 3]) }],
        single: [one],
      });
    },
  ),

  ...inEachMode(
    'test_multiple_inputs_pytree',
    'input trees keep kind and keys',
    (J) => async (b) => {
      const f = ({ p, q: [r, s] }: { p: Tensor; q: [Tensor, Tensor] }, t: Tensor) =>
        p.mul(2).add(r.mul(3)).add(s.mul(4)).add(t.mul(5)).sum();
      const args = [
        { p: points([2], 124), q: [points([2], 125), points([], 126)] },
        points([2], 127),
      ];
      const want = { p: numbers([2, 2]), q: [numbers([3, 3]), numbers(8)] };
      b.exact(await b.run(J(f as never), ...args), want);
      b.exact(await b.run(J(f as never, { argnums: [0, 1] }), ...args), [want, numbers([5, 5])]);
    },
  ),

  ...inEachMode(
    'test_multiple_inputs_outputs_pytree(_multidim); test_jacobian_on_pytrees',
    'every block',
    (J) => async (b) => {
      const f = (x: { a: Tensor; b: Tensor }) => ({ t: x.a.sum(0), u: [x.b.mul(x.a.sum())] });
      const [a, c] = [points([2, 2], 128), points([2], 129)];
      const sum = total(a);
      b.close(await b.run(J(f as never), { a, b: c }), {
        t: {
          a: numbers([
            [
              [1, 0],
              [1, 0],
            ],
            [
              [0, 1],
              [0, 1],
            ],
          ]),
          b: filled([2, 2], 0),
        },
        u: [
          {
            a: filled([2, 2, 2], (n) => c.data[Math.floor(n / 4)] as number),
            b: elementwiseJacobian([2], [sum, sum]),
          },
        ],
      });
    },
  ),

  scenario('test_hessian_on_pytrees: a 2 by 2 nest of blocks, vector outputs', async (b) => {
    const f = ([x, y]: [Tensor, Tensor]) => [x.square().mul(y), x.mul(y).sum()];
    const [x, y] = [array([1, 2]), array([3, 5])];
    const cube = (d: readonly number[]): Numbers =>
      filled([2, 2, 2], (n) => (n === 0 ? (d[0] as number) : n === 7 ? (d[1] as number) : 0));
    const zero = filled([2, 2], 0);
    const one = elementwiseJacobian([2], [1, 1]);
    b.exact(await b.run(hessian(f as never) as Traced, [x, y]), [
      [
        [cube([6, 10]), cube([2, 4])],
        [cube([2, 4]), cube([0, 0])],
      ],
      [
        [zero, one],
        [one, zero],
      ],
    ]);
  }),

  ...loops.flatMap(({ what, f, args }) =>
    inEachMode(
      `test_against_reference_${what}; test_jacobian_vectorize_correctness`,
      'as row by row',
      (J) => async (b) => {
        const argnums = args.map((_, i) => i);
        b.close(await b.run(J(f, { argnums }), ...args), await b.run(rowByRow(f), ...args));
        b.close(
          await b.run(J(f, { argnums }), ...args),
          args.map((_, i) => differences(f, args, i)),
        );
      },
    ),
  ),

  ...inEachMode(
    'test_construct_standard_basis_for; test_std_basis',
    'the seeds form one identity',
    (J) => async (b) => {
      const tree = { s: points([], 130), m: points([2, 2], 131), l: [points([3], 132)] };
      const shapes: Record<string, number[]> = { s: [], m: [2, 2], l: [3] };
      const size = (k: string): number => (shapes[k] as number[]).reduce((p, d) => p * d, 1);
      const block = (i: string, j: string): Numbers =>
        i === j
          ? elementwiseJacobian(shapes[i] as number[], new Array<number>(size(i)).fill(1))
          : filled([...(shapes[i] as number[]), ...(shapes[j] as number[])], 0);
      const row = (i: string): Result => ({
        s: block(i, 's'),
        m: block(i, 'm'),
        l: [block(i, 'l')],
      });
      const got = await b.run(
        J((x: never) => x),
        tree,
      );
      b.exact(got, { s: row('s'), m: row('m'), l: [row('l')] });
    },
  ),

  ...pairsOfModes.map(([outer, inner, outerName, innerName]) =>
    scenario(
      `test_issue1372; test_jacfwd_different_levels: ${outerName}(${innerName}), all four blocks`,
      async (b) => {
        for (const first of [0, 1])
          for (const second of [0, 1]) {
            const once = inner(mixed, { argnums: first });
            const got = await b.run(outer(once, { argnums: second }), ...mixedArgs);
            b.close(got, differences(once, mixedArgs, second));
          }
      },
    ),
  ),

  ...inEachMode('test_issue1372', 'the same tensor as two arguments', (J) => async (b) => {
    const f = (x: Tensor) => J(mixedSquare, { argnums: [0, 1] })(x, x);
    const x = points([2], 133);
    const want = differences(mixedSquare, [x, x]);
    const wantSecond = differences(mixedSquare, [x, x], 1);
    b.close(await b.run(f, x), [want, wantSecond]);
    // and through both at once: the sum of the two
    const through = J((y: Tensor) => mixedSquare(y, y));
    b.close(
      await b.run(through, x),
      differences((y: Tensor) => mixedSquare(y, y), [x]),
    );
  }),

  ...inEachMode('testJacobianIssue54', 'a loop over the entries of a tensor', (J) => async (b) => {
    const f = (x: Tensor) => {
      let total = x.slice(0).mul(0);
      const ys: Tensor[] = [];
      for (const xi of x.unstack()) {
        total = total.add(xi.square());
        ys.push(total);
      }
      for (let i = 0; i < 3; i++) ys.push(x.slice(i).sin());
      return stack(ys);
    };
    const x = points([3], 134);
    b.close(await b.run(J(f), x), differences(f, [x]));
  }),

  scenario('test_jacobian_scalar: a result is a plain array', async (b) => {
    const got = (await b.run(jacobian((x: Tensor) => x.sum()) as Traced, array([1, 2]))) as Numbers;
    b.exact({ shape: [...got.shape], data: Array.from(got.data) }, numbers([1, 1]));
  }),
];

function mixedSquare(x: Tensor, y: Tensor): Tensor {
  return x.mul(y).sin().add(y.square().mul(x.sum()));
}
