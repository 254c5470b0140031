import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  cosh,
  erf,
  exp,
  log,
  sin,
  sinh,
  sqrt,
  tan,
  tanh,
} from '../../../trace/index.ts';
import { unary } from '../op.ts';

export const Exp = unary(exp);
export const Log = unary(log);
export const Sqrt = unary(sqrt);
export const Erf = unary(erf);
export const Sin = unary(sin);
export const Cos = unary(cos);
export const Tan = unary(tan);
export const Asin = unary(asin);
export const Acos = unary(acos);
export const Atan = unary(atan);
export const Sinh = unary(sinh);
export const Cosh = unary(cosh);
export const Tanh = unary(tanh);
export const Asinh = unary(asinh);
export const Acosh = unary(acosh);
export const Atanh = unary(atanh);
