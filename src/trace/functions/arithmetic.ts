import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { named } from '../named.ts';
import { float, floatTogether, numeric, numericTogether } from '../operands.ts';
import * as op from '../primitives.ts';

/** A function of two operands whose shapes broadcast. */
export type Binary = (a: TensorLike, b: TensorLike) => Tensor;

const ofNumbers = (name: string, f: (a: Tensor, b: Tensor) => Tensor): Binary =>
  named(name, (a: TensorLike, b: TensorLike): Tensor => {
    const [x, y] = numericTogether(name, [a, b]) as [Tensor, Tensor];
    return f(x, y);
  });

const ofFloats = (name: string, f: (a: Tensor, b: Tensor) => Tensor): Binary =>
  named(name, (a: TensorLike, b: TensorLike): Tensor => {
    const [x, y] = floatTogether(name, [a, b]) as [Tensor, Tensor];
    return f(x, y);
  });

/** a + b, element by element. @throws ShapeError when the shapes do not broadcast */
export const add: Binary = ofNumbers('add', op.add);

/** a - b, element by element. @throws ShapeError when the shapes do not broadcast */
export const sub: Binary = ofNumbers('sub', op.sub);

/** a · b, element by element. @throws ShapeError when the shapes do not broadcast */
export const mul: Binary = ofNumbers('mul', op.mul);

/** a / b, element by element; the quotient of integers is f32. @throws ShapeError when the shapes do not broadcast */
export const div: Binary = ofFloats('div', op.div);

/**
 * a - floor(a / b)·b, element by element: its sign is that of the divisor, as in JAX and torch.
 *
 * @throws ShapeError when the shapes do not broadcast
 */
export const remainder: Binary = ofNumbers('remainder', op.remainder);

/** The larger of a and b; at a tie each gets half of the derivative. @throws ShapeError when the shapes do not broadcast */
export const maximum: Binary = ofNumbers('maximum', op.maximum);

/** The smaller of a and b; at a tie each gets half of the derivative. @throws ShapeError when the shapes do not broadcast */
export const minimum: Binary = ofNumbers('minimum', op.minimum);

/** The angle of the point (x, y): atan(y / x) in its quadrant. @throws ShapeError when the shapes do not broadcast */
export const atan2: Binary = ofFloats('atan2', op.atan2);

/** √(a² + b²) without overflow; its derivative at the origin is 0. @throws ShapeError when the shapes do not broadcast */
export const hypot: Binary = ofFloats('hypot', op.hypot);

/** log(eᵃ + eᵇ) without overflow. @throws ShapeError when the shapes do not broadcast */
export const logaddexp: Binary = ofFloats('logaddexp', op.logaddexp);

/**
 * base ^ exponent, element by element. A constant exponent takes any base where the power is real: its
 * derivatives are right at 0 and for negative bases. Integers to a constant power >= 0 stay integers.
 *
 * @throws ShapeError when the shapes do not broadcast
 */
export const pow: Binary = named('pow', (base: TensorLike, exponent: TensorLike): Tensor => {
  if (typeof exponent === 'number' && typeof base !== 'number')
    return power(numeric('pow', base), exponent);
  const [x, y] = floatTogether('pow', [base, exponent]) as [Tensor, Tensor];
  return op.pow(x, y);
});

/** Largest whole exponent written as multiplications. */
const MOST_FACTORS = 8;

/** xⁿ for a number n: by multiplication where n is a small whole number. */
export function power(x: Tensor, n: number): Tensor {
  if (n === 0) return op.full(x.shape, 1, x.dtype);
  if (n === 0.5) return op.sqrt(op.cast(x, 'f32'));
  if (n === -0.5) return op.rsqrt(op.cast(x, 'f32'));
  if (!Number.isInteger(n) || Math.abs(n) > MOST_FACTORS) return op.pow(op.cast(x, 'f32'), n);
  if (n < 0) return op.reciprocal(op.cast(power(x, -n), 'f32'));
  if (n === 1) return x;
  const half = op.square(power(x, n >> 1));
  return n % 2 === 0 ? half : op.mul(half, x);
}

/** a + t·(b - a), element by element. @throws ShapeError when the shapes do not broadcast */
export const lerp = named('lerp', (a: TensorLike, b: TensorLike, t: TensorLike): Tensor => {
  const [x, y, w] = floatTogether('lerp', [a, b, t]) as [Tensor, Tensor, Tensor];
  return op.add(x, op.mul(w, op.sub(y, x)));
});

/** -x */
export const neg = named('neg', (x: TensorLike): Tensor => op.neg(signed('neg', x)));

/** |x|; its derivative at 0 is 0. */
export const abs = named('abs', (x: TensorLike): Tensor => op.abs(numeric('abs', x)));

/** -1, 0 or 1. */
export const sign = named('sign', (x: TensorLike): Tensor => op.sign(signed('sign', x)));

/** x² */
export const square = named('square', (x: TensorLike): Tensor => op.square(numeric('square', x)));

/** 1 / x */
export const reciprocal = named('reciprocal', (x: TensorLike): Tensor =>
  op.reciprocal(float('reciprocal', x)),
);

/** `x` as a tensor of numbers with a sign: u32 and bool become i32. */
function signed(who: string, x: TensorLike): Tensor {
  const t = numeric(who, x);
  return t.dtype === 'u32' ? op.cast(t, 'i32') : t;
}
