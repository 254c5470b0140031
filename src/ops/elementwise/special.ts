import type { Tensor } from '../../ir/tensor.ts';
import { div, guardedMul, mul, neg, square, sub, where } from './arithmetic.ts';
import { equal, less, logicalAnd } from './compare.ts';
import { binary, unary } from './define.ts';
import { exp } from './exponential.ts';
import { abs } from './rounding.ts';
import { erf64, erfc64, log1pExp, logAddExp } from './special64.ts';

const erfOp = unary({
  name: 'erf',
  scalar: erf64,
  wgsl: (x) => `ct_erf(${x})`,
  flops: 24,
  // d(erf x) = 2/√π e^(-x²) dx
  partials: ([x]) => [mul(2 / Math.sqrt(Math.PI), exp(neg(square(x as Tensor))))],
  derivative: '2/√π exp(-x²) dx',
  zeroPreserving: [0],
});
const erfcOp = unary({
  name: 'erfc',
  scalar: erfc64,
  wgsl: (x) => `ct_erfc(${x})`,
  flops: 24,
  // d(erfc x) = -2/√π e^(-x²) dx
  partials: ([x]) => [mul(-2 / Math.sqrt(Math.PI), exp(neg(square(x as Tensor))))],
  derivative: '-2/√π exp(-x²) dx',
});
const sigmoidOp = unary({
  name: 'sigmoid',
  scalar: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  wgsl: (x) => `ct_sigmoid(${x})`,
  flops: 16,
  // dσ = σ(x) σ(-x) dx
  partials: ([x], y) => [mul(y, sigmoid(neg(x as Tensor)))],
  derivative: 'σ(x) σ(-x) dx',
});
const softplusOp = unary({
  name: 'softplus',
  scalar: log1pExp,
  wgsl: (x) => `ct_softplus(${x})`,
  flops: 28,
  // d log(1 + eˣ) = σ(x) dx
  partials: ([x]) => [sigmoid(x as Tensor)],
  derivative: 'σ(x) dx',
});
const logSigmoidOp = unary({
  name: 'logSigmoid',
  scalar: (x) => -log1pExp(-x),
  wgsl: (x) => `ct_logSigmoid(${x})`,
  flops: 28,
  // d log σ(x) = σ(-x) dx
  partials: ([x]) => [sigmoid(neg(x as Tensor))],
  derivative: 'σ(-x) dx',
});
export const erf = erfOp.call;
export const erfc = erfcOp.call;
export const sigmoid = (x: Tensor): Tensor => sigmoidOp.call(x);
export const softplus = softplusOp.call;
export const logSigmoid = logSigmoidOp.call;

const hypotOp = binary({
  name: 'hypot',
  scalar: Math.hypot,
  wgsl: (a, b) => `ct_hypot(${a}, ${b})`,
  flops: 8,
  // d√(a² + b²) = (a da + b db) / √(a² + b²), 0 at the origin
  partials: ([a, b], y) => {
    const factor = (x: Tensor): Tensor => where(equal(y, 0), 0, div(x, where(equal(y, 0), 1, y)));
    return [factor(a as Tensor), factor(b as Tensor)];
  },
  derivative: '(a da + b db) / y',
});
export const hypot = hypotOp.call;

/** The largest finite float32. */
const LARGEST = 3.4028234663852886e38;

const logaddexpOp = binary({
  name: 'logaddexp',
  scalar: logAddExp,
  wgsl: (a, b) => `ct_logaddexp(${a}, ${b})`,
  flops: 30,
  // d log(eᵃ + eᵇ) = σ(a - b) da + σ(b - a) db; equal infinities share
  partials: ([a, b]) => {
    const infinite = logicalAnd(equal(a as Tensor, b as Tensor), less(LARGEST, abs(a as Tensor)));
    const difference = (p: Tensor, q: Tensor): Tensor => where(infinite, 0, sub(p, q));
    return [
      (t) => guardedMul(t, sigmoid(difference(a as Tensor, b as Tensor))),
      (t) => guardedMul(t, sigmoid(difference(b as Tensor, a as Tensor))),
    ];
  },
  derivative: 'σ(a - b) da + σ(b - a) db',
});
export const logaddexp = logaddexpOp.call;

// Φ(x), the standard normal distribution function: what gelu multiplies by
const normalCdfOp = unary({
  name: 'normalCdf',
  scalar: (x) => 0.5 * erfc64(-x * Math.SQRT1_2),
  wgsl: (x) => `ct_normal_cdf(${x})`,
  flops: 26,
  // dΦ = e^(-x²/2) / √(2π) dx
  partials: ([x]) => [mul(1 / Math.sqrt(2 * Math.PI), exp(mul(-0.5, square(x as Tensor))))],
  derivative: 'exp(-x²/2) / √(2π) dx',
});
export const normalCdf = normalCdfOp.call;

/** gelu: x Φ(x) */
export function geluErf(x: Tensor): Tensor {
  return mul(x, normalCdf(x));
}

export const specialOps = [
  erfOp,
  erfcOp,
  sigmoidOp,
  softplusOp,
  logSigmoidOp,
  hypotOp,
  logaddexpOp,
  normalCdfOp,
].map((o) => o.op);
