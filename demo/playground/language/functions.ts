import * as library from '../../../src/index.ts';
import type { Tensor } from '../../../src/index.ts';

/** What a formula can speak of. */
export type Value = number | Tensor;

export interface Known {
  readonly least: number;
  readonly most: number;
  readonly call: (args: readonly Value[], axis: number | undefined) => Tensor;
}

const elementwise = [
  ...['neg', 'exp', 'exp2', 'expm1', 'log', 'log2', 'log10', 'log1p', 'sqrt', 'rsqrt', 'cbrt'],
  ...['square', 'reciprocal', 'abs', 'sign', 'floor', 'ceil', 'round', 'sin', 'cos', 'tan'],
  ...['asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'erf', 'erfc'],
  ...['sigmoid', 'softplus', 'relu', 'gelu', 'silu', 'mish', 'softsign', 'elu', 'selu'],
] as const;
const pairs = [
  ...['add', 'sub', 'mul', 'div', 'pow', 'atan2', 'minimum', 'maximum', 'hypot'],
  ...['logaddexp', 'remainder', 'matmul', 'dot', 'outer', 'cross', 'kron'],
] as const;
const reductions = ['sum', 'mean', 'prod', 'max', 'min', 'logsumexp', 'variance', 'norm'] as const;
const alongAxis = ['softmax', 'logSoftmax', 'cumsum', 'cumprod', 'normalize', 'flip'] as const;
const plain = ['transpose', 'diag', 'diagonal', 'trace', 'flatten'] as const;

type Any = (...args: unknown[]) => Tensor;
const of = (name: string): Any =>
  (library as unknown as Readonly<Record<string, Any>>)[name] as Any;
const asTensor = (v: Value): Tensor => (typeof v === 'number' ? library.full([], v) : v);
const whole = (v: Value | undefined, what: string, most: number): number => {
  if (typeof v !== 'number' || !Number.isInteger(v) || v < 1 || v > most)
    throw new Error(`${what} takes a whole number from 1 to ${most}`);
  return v;
};

function* table(): Generator<[string, Known]> {
  for (const name of elementwise)
    yield [name, { least: 1, most: 1, call: ([x]) => of(name)(asTensor(x as Value)) }];
  for (const name of pairs)
    yield [name, { least: 2, most: 2, call: ([a, b]) => of(name)(asTensor(a as Value), b) }];
  for (const name of reductions)
    yield [name, { least: 1, most: 1, call: ([x], axis) => of(name)(asTensor(x as Value), axis) }];
  for (const name of alongAxis)
    yield [
      name,
      { least: 1, most: 1, call: ([x], axis = -1) => of(name)(asTensor(x as Value), axis) },
    ];
  for (const name of plain)
    yield [name, { least: 1, most: 1, call: ([x]) => of(name)(asTensor(x as Value)) }];
  yield [
    'where',
    { least: 3, most: 3, call: ([c, a, b]) => of('where')(asTensor(c as Value), a, b) },
  ];
  yield [
    'clamp',
    { least: 3, most: 3, call: ([x, a, b]) => of('clamp')(asTensor(x as Value), a, b) },
  ];
  yield [
    'reshape',
    {
      least: 3,
      most: 3,
      call: ([x, n, m]) => asTensor(x as Value).reshape([whole(n, 'reshape', 256), m as number]),
    },
  ];
  yield ['eye', { least: 1, most: 1, call: ([n]) => library.eye(whole(n, 'eye', 64)) }];
  yield ['zeros', { least: 1, most: 1, call: ([n]) => library.zeros([whole(n, 'zeros', 256)]) }];
  yield ['ones', { least: 1, most: 1, call: ([n]) => library.ones([whole(n, 'ones', 256)]) }];
  yield [
    'arange',
    { least: 1, most: 1, call: ([n]) => library.arange(0, whole(n, 'arange', 256)) },
  ];
  yield [
    'linspace',
    {
      least: 3,
      most: 3,
      call: ([a, b, n]) => library.linspace(a as number, b as number, whole(n, 'linspace', 256)),
    },
  ];
}

/** The functions of the language by name. A map: names like `constructor` find nothing. */
export const functions: ReadonlyMap<string, Known> = new Map(table());

export const constants: ReadonlyMap<string, number> = new Map([
  ['pi', Math.PI],
  ['e', Math.E],
]);
