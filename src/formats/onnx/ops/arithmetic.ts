import {
  abs,
  add,
  cast,
  ceil,
  div,
  equal,
  floor,
  less,
  logicalAnd,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  pow,
  reciprocal,
  remainder,
  round,
  sign,
  sub,
  trunc,
  type Tensor,
} from '../../../trace/index.ts';
import type { Call } from '../call.ts';
import { binary, op, unary } from '../op.ts';

export const Add = binary(add);
export const Sub = binary(sub);
export const Mul = binary(mul);
export const Neg = unary(neg);
export const Abs = unary(abs);
export const Reciprocal = unary(reciprocal);

const piecewise = { derivative: false } as const;

export const Sign = unary(sign, piecewise);
export const Floor = unary(floor, piecewise);
export const Ceil = unary(ceil, piecewise);
export const Round = unary(round, piecewise);

/** floor(a / b) of integers, exact although the quotient is a float. */
const floorQuotient = (a: Tensor, b: Tensor): Tensor =>
  cast(round(div(sub(a, remainder(a, b)), b)), a.dtype);

/** Quotient of integers, rounded to zero. */
export function quotient(a: Tensor, b: Tensor): Tensor {
  if (a.dtype === 'u32') return floorQuotient(a, b);
  const size = floorQuotient(abs(a), abs(b));
  return mul(size, mul(sign(a), sign(b)));
}

export const Div = binary((a, b) => (a.dtype === 'f32' ? div(a, b) : quotient(a, b)));

export const Mod = op((n) => {
  const [a, b] = [n.input(0), n.input(1)];
  if (!n.flag('fmod')) return remainder(a, b);
  // the sign of the dividend, as in C
  return a.dtype === 'f32' ? sub(a, mul(b, trunc(div(a, b)))) : sub(a, mul(b, quotient(a, b)));
});

export const Pow = op((n) => {
  const [base, exponent] = [n.input(0), n.input(1)];
  const known = n.known(1);
  const p = known?.data[0];
  const uniform = p !== undefined && known?.data.every((v) => v === p);
  if (uniform && exponent.size === 1 && exponent.rank <= base.rank)
    return cast(pow(base, p), base.dtype);
  return cast(pow(base, exponent), base.dtype);
});

const fold = (f: (a: Tensor, b: Tensor) => Tensor) => (n: Call) =>
  n.all().reduce((a, b) => f(a, b));

export const Max = op(fold(maximum));
export const Min = op(fold(minimum));
export const Sum = op(fold(add));
export const Mean = op((n) => div(fold(add)(n), n.arity));

export const IsNaN = unary((x) => notEqual(x, x), piecewise);

export const IsInf = op((n) => {
  const x = n.input(0);
  const [up, down] = [n.flag('detect_positive', true), n.flag('detect_negative', true)];
  if (up && down) return equal(abs(x), Infinity);
  if (!up && !down) return logicalAnd(less(x, 0), less(0, x));
  return equal(x, up ? Infinity : -Infinity);
}, piecewise);
