import type { Tensor } from '../../ir/tensor.ts';
import { add, div, mul, neg, sub } from './arithmetic.ts';
import { binary, unary } from './define.ts';
import { rsqrt, sqrt } from './exponential.ts';
import { hypot } from './special.ts';

interface Rule {
  name: string;
  scalar: (x: number) => number;
  flops?: number;
  odd?: boolean;
  partial: (x: Tensor, y: Tensor) => Tensor;
  derivative: string;
}

const rule = ({ name, scalar, flops = 16, odd, partial, derivative }: Rule) =>
  unary({
    name,
    scalar,
    wgsl: (x) => `ct_${name}(${x})`,
    flops,
    partials: ([x], y) => [partial(x as Tensor, y)],
    derivative,
    zeroPreserving: odd ? [0] : [],
  });

const sinOp = rule({
  name: 'sin',
  scalar: Math.sin,
  odd: true,
  // d(sin x) = cos x dx
  partial: (x) => cos(x),
  derivative: 'cos x dx',
});
const cosOp = rule({
  name: 'cos',
  scalar: Math.cos,
  // d(cos x) = -sin x dx
  partial: (x) => neg(sin(x)),
  derivative: '-sin x dx',
});
const tanOp = rule({
  name: 'tan',
  scalar: Math.tan,
  odd: true,
  // d(tan x) = (1 + tan² x) dx
  partial: (_, y) => add(1, mul(y, y)),
  derivative: '(1 + y²) dx',
});
const asinOp = rule({
  name: 'asin',
  scalar: Math.asin,
  odd: true,
  // d(asin x) = dx / √((1 - x)(1 + x))
  partial: (x) => rsqrt(mul(sub(1, x), add(1, x))),
  derivative: 'dx / √(1 - x²)',
});
const acosOp = rule({
  name: 'acos',
  scalar: Math.acos,
  // d(acos x) = -dx / √((1 - x)(1 + x))
  partial: (x) => neg(rsqrt(mul(sub(1, x), add(1, x)))),
  derivative: '-dx / √(1 - x²)',
});
const atanOp = rule({
  name: 'atan',
  scalar: Math.atan,
  odd: true,
  // d(atan x) = dx / (1 + x²)
  partial: (x) => div(1, add(1, mul(x, x))),
  derivative: 'dx / (1 + x²)',
});
const sinhOp = rule({
  name: 'sinh',
  scalar: Math.sinh,
  odd: true,
  // d(sinh x) = cosh x dx
  partial: (x) => cosh(x),
  derivative: 'cosh x dx',
});
const coshOp = rule({
  name: 'cosh',
  scalar: Math.cosh,
  // d(cosh x) = sinh x dx
  partial: (x) => sinh(x),
  derivative: 'sinh x dx',
});
const tanhOp = rule({
  name: 'tanh',
  scalar: Math.tanh,
  odd: true,
  // d(tanh x) = (1 - tanh² x) dx
  partial: (_, y) => sub(1, mul(y, y)),
  derivative: '(1 - y²) dx',
});
const asinhOp = rule({
  name: 'asinh',
  scalar: Math.asinh,
  odd: true,
  // d(asinh x) = dx / √(1 + x²)
  partial: (x) => div(1, hypot(1, x)),
  derivative: 'dx / √(1 + x²)',
});
const acoshOp = rule({
  name: 'acosh',
  scalar: Math.acosh,
  // d(acosh x) = dx / √((x - 1)(x + 1))
  partial: (x) => div(1, mul(sqrt(sub(x, 1)), sqrt(add(x, 1)))),
  derivative: 'dx / √(x² - 1)',
});
const atanhOp = rule({
  name: 'atanh',
  scalar: Math.atanh,
  odd: true,
  // d(atanh x) = dx / ((1 - x)(1 + x))
  partial: (x) => div(1, mul(sub(1, x), add(1, x))),
  derivative: 'dx / (1 - x²)',
});
export const sin = (x: Tensor): Tensor => sinOp.call(x);
export const cos = (x: Tensor): Tensor => cosOp.call(x);
export const tan = tanOp.call;
export const asin = asinOp.call;
export const acos = acosOp.call;
export const atan = atanOp.call;
export const sinh = (x: Tensor): Tensor => sinhOp.call(x);
export const cosh = (x: Tensor): Tensor => coshOp.call(x);
export const tanh = tanhOp.call;
export const asinh = asinhOp.call;
export const acosh = acoshOp.call;
export const atanh = atanhOp.call;

const atan2Op = binary({
  name: 'atan2',
  scalar: Math.atan2,
  wgsl: (y, x) => `ct_atan2(${y}, ${x})`,
  flops: 24,
  // d(atan2(y, x)) = (x dy - y dx) / (x² + y²)
  partials: ([y, x]) => {
    const r = hypot(x as Tensor, y as Tensor); // whose square may be out of range
    return [div(div(x as Tensor, r), r), neg(div(div(y as Tensor, r), r))];
  },
  derivative: '(x dy - y dx) / (x² + y²)',
});
export const atan2 = atan2Op.call;

export const trigonometricOps = [
  sinOp,
  cosOp,
  tanOp,
  asinOp,
  acosOp,
  atanOp,
  sinhOp,
  coshOp,
  tanhOp,
  asinhOp,
  acoshOp,
  atanhOp,
  atan2Op,
].map((o) => o.op);
