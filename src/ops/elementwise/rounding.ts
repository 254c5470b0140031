import type { Tensor } from '../../ir/tensor.ts';
import { div, guardedMul, mul, neg, where } from './arithmetic.ts';
import { equal, less } from './compare.ts';
import { binary, unary, type Operand } from './define.ts';

function step(name: string, scalar: (x: number) => number, wgsl: (x: string) => string) {
  return unary({
    name,
    scalar,
    wgsl: (x, type) => (type === 'f32' ? wgsl(x) : x),
    // piecewise constant
    partials: () => [null],
    derivative: '0',
    zeroPreserving: [0],
  });
}

/** Half to even. */
export function roundHalfEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

const floorOp = step('floor', Math.floor, (x) => `floor(${x})`);
const ceilOp = step('ceil', Math.ceil, (x) => `ceil(${x})`);
const roundOp = step('round', roundHalfEven, (x) => `round(${x})`);
const truncOp = step('trunc', Math.trunc, (x) => `trunc(${x})`);
const signOp = unary({
  name: 'sign',
  scalar: Math.sign,
  wgsl: (x) => `sign(${x})`,
  partials: () => [null],
  derivative: '0',
  zeroPreserving: [0],
});
export const floor = floorOp.call;
export const ceil = ceilOp.call;
export const round = roundOp.call;
export const trunc = truncOp.call;
export const sign = signOp.call;

const absOp = unary({
  name: 'abs',
  scalar: Math.abs,
  wgsl: (x) => `abs(${x})`,
  // d|x| = sign(x) dx, 0 at 0
  partials: ([x]) => [sign(x as Tensor)],
  derivative: 'sign(x) dx',
  zeroPreserving: [0],
});
export const abs = absOp.call;

const reluOp = unary({
  name: 'relu',
  scalar: (x) => (x > 0 || Number.isNaN(x) ? x : 0),
  wgsl: (x) => `select(${x}, F(0.0), ${x} <= F(0.0))`,
  // relu'(0) = 0
  partials: ([x]) => [(t) => where(less(0, x as Tensor), t, 0)],
  derivative: 'x > 0 ? dx : 0',
  zeroPreserving: [0],
});
export const relu = reluOp.call;

/** Share of each operand at a tie: one half. */
function share(a: Tensor, b: Tensor, aWins: Tensor): (t: Tensor) => Tensor {
  return (t) => where(aWins, t, where(equal(a, b), mul(0.5, t), 0));
}

const maximumOp = binary({
  name: 'maximum',
  scalar: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b)),
  wgsl: (a, b) => `max(${a}, ${b})`,
  // the larger operand's tangent; at a tie half of each
  partials: ([a, b]) => extremum(a as Tensor, b as Tensor, less),
  derivative: 'a > b ? da : b > a ? db : (da + db) / 2',
});
const minimumOp = binary({
  name: 'minimum',
  scalar: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.min(a, b)),
  wgsl: (a, b) => `min(${a}, ${b})`,
  partials: ([a, b]) => extremum(a as Tensor, b as Tensor, (p, q) => less(q, p)),
  derivative: 'a < b ? da : b < a ? db : (da + db) / 2',
});
export const maximum = maximumOp.call;
export const minimum = minimumOp.call;

function extremum(a: Tensor, b: Tensor, below: (p: Operand, q: Operand) => Tensor) {
  return [share(a, b, below(b, a)), share(a, b, below(a, b))];
}

const remainderOp = binary({
  name: 'remainder',
  scalar: (a, b) => {
    const r = a % b;
    return r !== 0 && r < 0 !== b < 0 ? r + b : r;
  },
  wgsl: (a, b, type) =>
    type === 'f32' ? `ct_remainder(${a}, ${b})` : `(((${a} % ${b}) + ${b}) % ${b})`,
  // a - floor(a / b) b
  partials: ([a, b]) => [(t) => t, (t) => neg(guardedMul(t, floor(div(a as Tensor, b as Tensor))))],
  derivative: 'da - floor(a / b) db',
  flops: 4,
});
export const remainder = remainderOp.call;

// clamp passes the tangent inside and on the bounds; beyond a bound the bound's tangent passes; NaN stays
export const clampAbove = (x: Tensor, low: Tensor): Tensor => where(less(x, low), low, x);
export const clampBelow = (x: Tensor, high: Tensor): Tensor => where(less(high, x), high, x);

export const roundingOps = [
  floorOp,
  ceilOp,
  roundOp,
  truncOp,
  signOp,
  absOp,
  reluOp,
  maximumOp,
  minimumOp,
  remainderOp,
].map((o) => o.op);
