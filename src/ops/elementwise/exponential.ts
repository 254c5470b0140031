import type { Tensor } from '../../ir/tensor.ts';
import { add, div, divTangent, guardedMul, mul, sub, where } from './arithmetic.ts';
import { equal, greaterEqual, logicalAnd } from './compare.ts';
import { binary, unary } from './define.ts';

const call = (name: string) => (x: string) => `ct_${name}(${x})`;

const expOp = unary({
  name: 'exp',
  scalar: Math.exp,
  wgsl: call('exp'),
  flops: 12,
  // d(eˣ) = eˣ dx
  partials: (_, y) => [y],
  derivative: 'y dx',
});
const exp2Op = unary({
  name: 'exp2',
  scalar: (x) => 2 ** x,
  wgsl: call('exp2'),
  flops: 12,
  // d(2ˣ) = 2ˣ log 2 dx
  partials: (_, y) => [mul(Math.LN2, y)],
  derivative: 'y log 2 dx',
});
const expm1Op = unary({
  name: 'expm1',
  scalar: Math.expm1,
  wgsl: call('expm1'),
  flops: 14,
  // d(eˣ - 1) = eˣ dx
  partials: ([x]) => [exp(x as Tensor)],
  derivative: 'exp(x) dx',
  zeroPreserving: [0],
});
const logOp = unary({
  name: 'log',
  scalar: Math.log,
  wgsl: call('log'),
  flops: 12,
  // d(log x) = dx / x
  partials: ([x]) => [(t) => divTangent(t, x as Tensor)],
  derivative: 'dx / x',
});
const log2Op = unary({
  name: 'log2',
  scalar: Math.log2,
  wgsl: call('log2'),
  flops: 12,
  // d(log₂ x) = dx / (x log 2)
  partials: ([x]) => [div(1 / Math.LN2, x as Tensor)],
  derivative: 'dx / (x log 2)',
});
const log10Op = unary({
  name: 'log10',
  scalar: Math.log10,
  wgsl: call('log10'),
  flops: 12,
  // d(log₁₀ x) = dx / (x log 10)
  partials: ([x]) => [div(1 / Math.LN10, x as Tensor)],
  derivative: 'dx / (x log 10)',
});
const log1pOp = unary({
  name: 'log1p',
  scalar: Math.log1p,
  wgsl: call('log1p'),
  flops: 14,
  // d(log(1 + x)) = dx / (1 + x)
  partials: ([x]) => [div(1, add(1, x as Tensor))],
  derivative: 'dx / (1 + x)',
  zeroPreserving: [0],
});
const sqrtOp = unary({
  name: 'sqrt',
  scalar: Math.sqrt,
  wgsl: (x) => `sqrt(${x})`,
  flops: 4,
  // d(√x) = dx / (2 √x)
  partials: (_, y) => [div(0.5, y)],
  derivative: 'dx / (2 y)',
  zeroPreserving: [0],
});
const rsqrtOp = unary({
  name: 'rsqrt',
  scalar: (x) => 1 / Math.sqrt(x),
  wgsl: (x) => `(F(1.0) / sqrt(${x}))`,
  flops: 5,
  // d(x^-½) = -½ x^-½ / x dx
  partials: ([x], y) => [div(mul(-0.5, y), x as Tensor)],
  derivative: '-y / (2 x) dx',
});
const cbrtOp = unary({
  name: 'cbrt',
  scalar: Math.cbrt,
  wgsl: call('cbrt'),
  flops: 14,
  // d(∛x) = dx / (3 ∛x²)
  partials: (_, y) => [div(1 / 3, mul(y, y))],
  derivative: 'dx / (3 y²)',
  zeroPreserving: [0],
});
const reciprocalOp = unary({
  name: 'reciprocal',
  scalar: (x) => 1 / x,
  wgsl: (x) => `(F(1.0) / ${x})`,
  flops: 2,
  // d(1/x) = -(1/x)² dx
  partials: (_, y) => [mul(-1, mul(y, y))],
  derivative: '-y² dx',
});
export const exp = expOp.call;
export const exp2 = exp2Op.call;
export const expm1 = expm1Op.call;
export const log = logOp.call;
export const log2 = log2Op.call;
export const log10 = log10Op.call;
export const log1p = log1pOp.call;
export const sqrt = sqrtOp.call;
export const rsqrt = rsqrtOp.call;
export const cbrt = cbrtOp.call;
export const reciprocal = reciprocalOp.call;

const powOp = binary({
  name: 'pow',
  scalar: (a, b) => (b === 0 || a === 1 ? 1 : a ** b),
  wgsl: (a, b) => `ct_pow(${a}, ${b})`,
  flops: 30,
  // d(aᵇ) = b aᵇ⁻¹ da + aᵇ log a db; 0 where b is 0, and (for db) where a is 0 and b >= 0
  partials: ([a, b], y) => {
    const [base, exponent] = [a as Tensor, b as Tensor];
    const flat = logicalAnd(equal(base, 0), greaterEqual(exponent, 0));
    return [
      (t) =>
        where(equal(exponent, 0), 0, guardedMul(t, mul(exponent, pow(base, sub(exponent, 1))))),
      (t) => guardedMul(t, where(flat, 0, mul(y, log(where(flat, 1, base))))),
    ];
  },
  derivative: 'b aᵇ⁻¹ da + y log a db',
});
export const pow = powOp.call;

export const exponentialOps = [
  expOp,
  exp2Op,
  expm1Op,
  logOp,
  log2Op,
  log10Op,
  log1pOp,
  sqrtOp,
  rsqrtOp,
  cbrtOp,
  reciprocalOp,
  powOp,
].map((o) => o.op);
