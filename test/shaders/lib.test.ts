import { describe, expect, test } from 'vitest';
import { testDevice } from '../support/device.ts';
import { erf, erfc } from '../support/erf.ts';
import { composeLib, evaluateLib, libFiles, ulpError, type Lanes } from '../support/lib-wgsl.ts';

const device = await testDevice();
const everyLanes: readonly Lanes[] = ['scalar', 'vec4'];

/** Sample points: evenly spaced, or evenly in log|x| (both ends of one sign). */
type Range = readonly [from: number, to: number, spacing?: 'log'];

interface Case {
  /** In WGSL and of x and y. */
  readonly expression: string;
  readonly file: string;
  /** What it means, in float64. */
  readonly reference: (x: number, y: number) => number;
  /** Largest error in ulp, in every domain. */
  readonly bound: number;
  readonly domains: readonly (Range | readonly [Range, Range])[];
  /** Whose ulp: of the exact result, unless said. */
  readonly scale?: (x: number, y: number) => number;
}

const both = (from: number, to: number): Range[] => [
  [from, to, 'log'],
  [-from, -to, 'log'],
];
const positive: Range = [1.2e-38, 3.4e38, 'log'];

const log1pExp = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const logAddExp = (x: number, y: number) =>
  x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));
const halfEven = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
// As in C: 1 to any power is 1, and so is -1 to an infinite one.
const power = (x: number, y: number) =>
  x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
function remainder(x: number, y: number): number {
  const r = x % y;
  return r !== 0 && r < 0 !== y < 0 ? r + y : r;
}

const unary = (
  name: string,
  file: string,
  reference: (x: number) => number,
  bound: number,
  domains: Case['domains'],
): Case => ({
  expression: name.startsWith('ct_') ? `${name}(x)` : name,
  file,
  reference,
  bound,
  domains,
});

const angles: Range[] = [[-3.15, 3.15], [-100, 100], [-1e5, 1e5], ...both(1e-30, 3.4e38)];
const wholeLine: Range[] = [[-2, 2], [-100, 100], ...both(1e-30, 3.4e38)];

const cases: readonly Case[] = [
  unary('ct_exp', 'exp', Math.exp, 2, [[-1, 1], [-87, 88.7], ...both(1e-30, 1)]),
  unary('ct_exp2', 'exp', (x) => 2 ** x, 2, [[-1, 1], [-126, 127.9], ...both(1e-30, 1)]),
  unary('ct_expm1', 'exp', Math.expm1, 2, [[-1, 1], [-20, 88.7], ...both(1e-30, 2)]),
  unary('ct_log', 'log', Math.log, 2, [positive, [0.5, 2], [0.99, 1.01]]),
  unary('ct_log2', 'log', Math.log2, 3, [positive, [0.5, 2], [0.99, 1.01]]),
  unary('ct_log10', 'log', Math.log10, 3, [positive, [0.5, 2], [0.99, 1.01]]),
  unary('ct_log1p', 'log', Math.log1p, 2, [positive, [-1e-30, -0.9999, 'log'], [-0.9999, 1]]),
  unary('ct_sinh', 'hyperbolic', Math.sinh, 3, [[-1, 1], [-89.4, 89.4], ...both(1e-30, 2)]),
  unary('ct_cosh', 'hyperbolic', Math.cosh, 2, [[-1, 1], [-89.4, 89.4], ...both(1e-30, 2)]),
  unary('ct_tanh', 'hyperbolic', Math.tanh, 3, [[-1, 1], [-10, 10], ...both(1e-30, 2)]),
  unary('ct_asinh', 'inverse_hyperbolic', Math.asinh, 3, wholeLine),
  unary('ct_acosh', 'inverse_hyperbolic', Math.acosh, 3, [
    [1, 2],
    [1, 100],
    [1, 3.4e38, 'log'],
  ]),
  unary('ct_atanh', 'inverse_hyperbolic', Math.atanh, 3, [
    [-0.1, 0.1],
    [-0.9999, 0.9999],
    ...both(1e-30, 0.99999),
  ]),
  unary('ct_sin', 'trig', Math.sin, 4, angles),
  unary('ct_cos', 'trig', Math.cos, 4, angles),
  unary('ct_tan', 'trig', Math.tan, 5, [[-1.57, 1.57], ...angles]),
  unary('ct_asin', 'asin', Math.asin, 3, [[-1, 1], ...both(1e-30, 1)]),
  unary('ct_acos', 'asin', Math.acos, 2, [[-1, 1], [0.99, 1], ...both(1e-30, 1)]),
  unary('ct_atan', 'atan', Math.atan, 3, wholeLine),
  unary('ct_sigmoid', 'logistic', (x) => 1 / (1 + Math.exp(-x)), 3, [
    [-2, 2],
    [-87, 87],
  ]),
  unary('ct_softplus', 'logistic', log1pExp, 3, [
    [-2, 2],
    [-87, 87],
  ]),
  unary('ct_logSigmoid', 'logistic', (x) => -log1pExp(-x), 3, [
    [-2, 2],
    [-87, 87],
  ]),
  unary('ct_erf', 'erf', erf, 2, [[-1.2, 1.2], [-5, 5], ...both(1e-30, 4)]),
  unary('ct_erfc', 'erf', erfc, 5, [[-1, 1], [-5, 9.1], ...both(1e-30, 1)]),
  unary('ct_normal_cdf', 'erf', (x) => erfc(-x * Math.SQRT1_2) / 2, 5, [
    [-1, 1],
    [-12.9, 6],
    ...both(1e-30, 1),
  ]),
  unary('sqrt(x)', 'root', Math.sqrt, 2, [positive, [0.5, 2]]),
  unary('ct_rsqrt', 'root', (x) => 1 / Math.sqrt(x), 3, [positive, [0.5, 2]]),
  unary('ct_cbrt', 'root', Math.cbrt, 2, [[0.5, 8], ...both(1.2e-38, 3.4e38)]),
  unary('round(x)', 'remainder', halfEven, 0, [
    [-1024, 1024], // with the halves
    [-10, 10],
    [-1e9, 1e9],
  ]),
  unary('trunc(x)', 'remainder', Math.trunc, 0, [
    [-1024, 1024],
    [-1e9, 1e9],
  ]),
  unary('ct_frac', 'remainder', (x) => x - Math.trunc(x), 0, [
    [-1024, 1024],
    [-10, 10],
    [-1e9, 1e9],
  ]),
  {
    expression: 'ct_pow(x, y)',
    file: 'pow',
    reference: power,
    bound: 4,
    domains: [
      [
        [0, 10],
        [-10, 10],
      ],
      [
        [0.5, 2],
        [-120, 120],
      ],
      [
        [0.9, 1.1],
        [-800, 800],
      ],
      [
        [1e-30, 1e30, 'log'],
        [-1.2, 1.2],
      ],
      [positive, [0.5, 0.5]],
      [
        [1e-18, 1e18, 'log'],
        [2, 2],
      ],
      [
        [-10, -1e-3],
        [3, 3],
      ],
    ],
  },
  {
    expression: 'ct_atan2(y, x)',
    file: 'atan',
    reference: (x, y) => Math.atan2(y, x),
    bound: 3,
    domains: [
      [
        [-10, 10],
        [-10, 10],
      ],
      [
        [-10, 10],
        [1e-30, 1e30, 'log'],
      ],
      [
        [1e30, 3.4e38, 'log'],
        [-1e30, -3.4e38, 'log'],
      ],
    ],
  },
  {
    expression: 'ct_hypot(x, y)',
    file: 'root',
    reference: Math.hypot,
    bound: 2,
    domains: [
      [
        [-10, 10],
        [-10, 10],
      ],
      [
        [1e-37, 2e38, 'log'],
        [-1e-37, -2e38, 'log'],
      ],
    ],
  },
  {
    expression: 'ct_logaddexp(x, y)',
    file: 'logistic',
    reference: logAddExp,
    bound: 2,
    domains: [
      [
        [-10, 10],
        [-10, 10],
      ],
      [
        [-100, 100],
        [-100, 100],
      ],
    ],
    scale: (x, y) => Math.max(Math.abs(x), Math.abs(y), 1), // the sum may cancel
  },
  {
    expression: 'ct_remainder(x, y)',
    file: 'remainder',
    reference: remainder,
    bound: 0,
    domains: [
      [
        [-10, 10],
        [-10, 10],
      ],
      [
        [-1e-3, -1e9, 'log'],
        [-10, 10],
      ],
      [
        [1e-30, 1e30, 'log'],
        [-1e18, -3.4e38, 'log'],
      ],
    ],
  },
];

const points = 4096;

/** Point i of the range; a second argument runs through its range in another order. */
function sample([from, to, spacing]: Range, i: number): number {
  const t = (i + 0.5) / points;
  if (spacing !== 'log') return Math.fround(from + t * (to - from));
  return Math.fround(Math.sign(from) * Math.abs(from) ** (1 - t) * Math.abs(to) ** t);
}

const isPair = (domain: Range | readonly [Range, Range]): domain is readonly [Range, Range] =>
  typeof domain[0] === 'object';

/** Runs the expression with both sets of types; what is wrong by more than the bound, in words. */
async function failures(c: Case, x: number[], y: number[]): Promise<string[]> {
  const found: string[] = [];
  const fill = Array<number>((4 - (x.length % 4)) % 4).fill(1);
  const xs = Float32Array.from([...x, ...fill]);
  const ys = Float32Array.from([...y, ...fill]);
  for (const lanes of everyLanes) {
    const code = composeLib([`${c.file}.wgsl`], lanes);
    const got = await evaluateLib(device, code, c.expression, lanes, xs, ys);
    got.forEach((value, i) => {
      const [a, b] = [xs[i] as number, ys[i] as number];
      const want = c.reference(a, b);
      const error = ulpError(value, want, c.scale?.(a, b));
      if (!(error <= c.bound))
        found.push(`${lanes} x=${a} y=${b}: got ${value}, want ${want}, ${error} ulp`);
    });
  }
  return found.slice(0, 20);
}

describe('accuracy', () => {
  test.each(cases)('$expression', async (c) => {
    const x: number[] = [];
    const y: number[] = [];
    for (const domain of c.domains) {
      const [dx, dy] = isPair(domain) ? domain : [domain, [1, 1] as const];
      for (let i = 0; i < points; i++) {
        x.push(sample(dx, i));
        y.push(sample(dy, (i * 1597) % points));
      }
    }
    expect(await failures(c, x, y)).toEqual([]);
  });
});

// Exact where float64 is exact or overflows, within the bound elsewhere; no NaN and no infinity that
// float64 does not have.
const extremes = [
  0,
  1e-37,
  1e-30,
  1e-10,
  1e-8,
  1e-4,
  0.25,
  0.5,
  0.70710678,
  0.75,
  1,
  1.25,
  1.5,
  2,
  2.5,
  3,
  4,
  5,
  7.5,
  10,
  11,
  16,
  17.5,
  31,
  64,
  80,
  86,
  88.5,
  90,
  100,
  105,
  127.5,
  130,
  150,
  200,
  1000,
  16777215,
  16777216,
  16777218,
  1e9,
  1e12,
  1e20,
  1e30,
  1.7e38,
  3.4e38,
  Infinity,
  NaN,
].flatMap((x) => [x, -x]);

/** Where the reference itself, or the promise, ends. */
const excluded: Record<string, (x: number, y: number) => boolean> = {
  // Beyond this quotient the result only lies between 0 and y; the last bits of a tiny y may be flushed.
  'ct_remainder(x, y)': (x, y) =>
    Number.isFinite(y) && (Math.abs(x / y) >= 2 ** 42 || Math.abs(y) < 1e-36),
};

describe('special points', () => {
  test.each(cases)('$expression', async (c) => {
    const pairs = /\by\b/.test(c.expression)
      ? extremes.flatMap((x) => extremes.map((y) => [x, y] as const))
      : extremes.map((x) => [x, 1] as const);
    const used = pairs
      .map(([x, y]) => [Math.fround(x), Math.fround(y)] as const)
      .filter(([x, y]) => !excluded[c.expression]?.(x, y));
    expect(
      await failures(
        c,
        used.map(([x]) => x),
        used.map(([, y]) => y),
      ),
    ).toEqual([]);
  });

  test('results that must be exact', async () => {
    const exact: readonly [file: string, expression: string, x: number, want: number][] = [
      ['exp', 'ct_exp(x)', 0, 1],
      ['exp', 'ct_exp(x)', -200, 0],
      ['exp', 'ct_exp(x)', 200, Infinity],
      ['exp', 'ct_exp2(x)', 10, 1024],
      ['exp', 'ct_exp2(x)', -126, 2 ** -126],
      ['exp', 'ct_expm1(x)', -100, -1],
      ['log', 'ct_log(x)', 1, 0],
      ['log', 'ct_log(x)', 0, -Infinity],
      ['log', 'ct_log(x)', -1, NaN],
      ['log', 'ct_log2(x)', 8, 3],
      ['log', 'ct_log2(x)', 2 ** -126, -126],
      ['log', 'ct_log10(x)', 1000, 3],
      ['log', 'ct_log1p(x)', 1e-8, 1e-8],
      ['log', 'ct_log1p(x)', -1, -Infinity],
      ['hyperbolic', 'ct_tanh(x)', 100, 1],
      ['hyperbolic', 'ct_tanh(x)', -100, -1],
      ['hyperbolic', 'ct_tanh(x)', 1e-8, 1e-8],
      ['hyperbolic', 'ct_cosh(x)', 0, 1],
      ['inverse_hyperbolic', 'ct_acosh(x)', 1, 0],
      ['inverse_hyperbolic', 'ct_atanh(x)', 1, Infinity],
      ['inverse_hyperbolic', 'ct_atanh(x)', -1, -Infinity],
      ['inverse_hyperbolic', 'ct_asinh(x)', 1e-8, 1e-8],
      ['trig', 'ct_sin(x)', 1e-8, 1e-8],
      ['trig', 'ct_cos(x)', 0, 1],
      ['trig', 'ct_tan(x)', 0, 0],
      ['asin', 'ct_asin(x)', 1, Math.PI / 2],
      ['asin', 'ct_acos(x)', 1, 0],
      ['asin', 'ct_acos(x)', -1, Math.PI],
      ['atan', 'ct_atan(x)', Infinity, Math.PI / 2],
      ['logistic', 'ct_sigmoid(x)', 0, 0.5],
      ['logistic', 'ct_sigmoid(x)', 100, 1],
      ['logistic', 'ct_logSigmoid(x)', -80, -80],
      ['logistic', 'ct_softplus(x)', 80, 80],
      ['erf', 'ct_erf(x)', 6, 1],
      ['erf', 'ct_erfc(x)', 0, 1],
      ['erf', 'ct_erfc(x)', -6, 2],
      ['erf', 'ct_normal_cdf(x)', 0, 0.5],
      ['root', 'ct_cbrt(x)', -27, -3],
      ['root', 'ct_rsqrt(x)', 0, Infinity],
    ];
    for (const [file, expression, at, want] of exact)
      for (const lanes of everyLanes) {
        const x = new Float32Array(4).fill(at);
        const code = composeLib([`${file}.wgsl`], lanes);
        const got = await evaluateLib(device, code, expression, lanes, x, x);
        expect(got, `${expression} at ${at}`).toEqual(new Float32Array(4).fill(want));
      }
  });
});

test('all files compose into one module, and the near quarters do without the far', async () => {
  for (const lanes of everyLanes) {
    const code = composeLib(libFiles, lanes);
    expect(code).toContain('// @slot quarters');
    const x = Float32Array.from([1, 2, 1e5, -1e30]);
    const near = code.replace(
      /(\/\/ @slot quarters\n)[\s\S]*?(\/\/ @end)/,
      '$1fn ct_quarters(x: F) -> ct_Quarters { return ct_quarters_near(x); }\n$2',
    );
    const got = await evaluateLib(device, near, 'ct_sin(x)', lanes, x, x);
    x.forEach((v, i) => {
      const want = Math.sin(Math.max(-1e5, Math.min(1e5, v)));
      expect(ulpError(got[i] as number, want)).toBeLessThan(4);
    });
  }
});

test('predicates go by the bits', async () => {
  const code = composeLib(['special.wgsl'], 'scalar');
  const x = Float32Array.from([0, -0, 1, -1, Infinity, -Infinity, NaN, 3e38]);
  const count = async (predicate: string) =>
    Array.from(
      await evaluateLib(device, code, `select(0.0, 1.0, ${predicate})`, 'scalar', x, x),
    ).join('');
  expect(await count('ct_isnan(x)')).toBe('00000010');
  expect(await count('ct_isinf(x)')).toBe('00001100');
  expect(await count('ct_isfinite(x)')).toBe('11110001');
  expect((await count('ct_signbit(x)')).slice(0, 6)).toBe('010101');
});
