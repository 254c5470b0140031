import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import type { DType } from '../../util/dtype.ts';
import { DTypeError } from '../../util/errors.ts';
import { named } from '../named.ts';
import { float, numeric } from '../operands.ts';
import * as op from '../primitives.ts';

/** A function of one operand, element by element. */
export type Unary = (x: TensorLike) => Tensor;

const ofFloat = (name: string, f: (x: Tensor) => Tensor): Unary =>
  named(name, (x: TensorLike): Tensor => f(float(name, x)));

/** Integers are whole already. */
const rounding = (name: string, f: (x: Tensor) => Tensor): Unary =>
  named(name, (x: TensorLike): Tensor => {
    const t = numeric(name, x);
    return t.dtype === 'f32' ? f(t) : t;
  });

/** eˣ */
export const exp: Unary = ofFloat('exp', op.exp);
/** 2ˣ */
export const exp2: Unary = ofFloat('exp2', op.exp2);
/** eˣ - 1, exact for small x. */
export const expm1: Unary = ofFloat('expm1', op.expm1);
/** Natural logarithm. */
export const log: Unary = ofFloat('log', op.log);
/** Logarithm to base 2. */
export const log2: Unary = ofFloat('log2', op.log2);
/** Logarithm to base 10. */
export const log10: Unary = ofFloat('log10', op.log10);
/** log(1 + x), exact for small x. */
export const log1p: Unary = ofFloat('log1p', op.log1p);
/** √x */
export const sqrt: Unary = ofFloat('sqrt', op.sqrt);
/** 1 / √x */
export const rsqrt: Unary = ofFloat('rsqrt', op.rsqrt);
/** ∛x, also of negative numbers. */
export const cbrt: Unary = ofFloat('cbrt', op.cbrt);

/** Largest whole number <= x; derivative 0. */
export const floor: Unary = rounding('floor', op.floor);
/** Smallest whole number >= x; derivative 0. */
export const ceil: Unary = rounding('ceil', op.ceil);
/** Nearest whole number, halves to the even one; derivative 0. */
export const round: Unary = rounding('round', op.round);
/** x without its fraction; derivative 0. */
export const trunc: Unary = rounding('trunc', op.trunc);
/** The fraction x - trunc(x), which has the sign of x. */
export const frac: Unary = ofFloat('frac', (x) => op.sub(x, op.trunc(x)));

/** Sine of an angle in radians. */
export const sin: Unary = ofFloat('sin', op.sin);
/** Cosine of an angle in radians. */
export const cos: Unary = ofFloat('cos', op.cos);
/** Tangent of an angle in radians. */
export const tan: Unary = ofFloat('tan', op.tan);
/** Angle in [-π/2, π/2] whose sine is x. */
export const asin: Unary = ofFloat('asin', op.asin);
/** Angle in [0, π] whose cosine is x. */
export const acos: Unary = ofFloat('acos', op.acos);
/** Angle in (-π/2, π/2) whose tangent is x. */
export const atan: Unary = ofFloat('atan', op.atan);
/** (eˣ - e⁻ˣ) / 2 */
export const sinh: Unary = ofFloat('sinh', op.sinh);
/** (eˣ + e⁻ˣ) / 2 */
export const cosh: Unary = ofFloat('cosh', op.cosh);
/** sinh x / cosh x */
export const tanh: Unary = ofFloat('tanh', op.tanh);
/** Inverse of sinh. */
export const asinh: Unary = ofFloat('asinh', op.asinh);
/** Inverse of cosh, >= 0. */
export const acosh: Unary = ofFloat('acosh', op.acosh);
/** Inverse of tanh. */
export const atanh: Unary = ofFloat('atanh', op.atanh);
/** Error function 2/√π ∫₀ˣ exp(-t²) dt. */
export const erf: Unary = ofFloat('erf', op.erf);
/** 1 - erf x, exact where that is small. */
export const erfc: Unary = ofFloat('erfc', op.erfc);

const dtypes: readonly DType[] = ['f32', 'i32', 'u32', 'bool'];

/** @throws DTypeError when `dtype` is not one of the four */
export function checkDType(who: string, dtype: DType): DType {
  if (!dtypes.includes(dtype))
    throw new DTypeError(
      `${who}: there is no dtype ${JSON.stringify(dtype)}; use ${dtypes.map((d) => `"${d}"`).join(', ')}`,
    );
  return dtype;
}

/**
 * `x` in another element type: f32 to integers drops the fraction, to bool asks whether it is nonzero.
 * The derivative passes from f32 to f32 only.
 *
 * @throws DTypeError for an unknown dtype
 */
export const cast = named('cast', (x: TensorLike, dtype: DType): Tensor =>
  op.cast(toTensor(x, 'cast'), checkDType('cast', dtype)),
);

/** `x`, treated as a constant by every derivative of every order. */
export const stopGradient = named('stopGradient', (x: TensorLike): Tensor =>
  op.stopGradient(toTensor(x, 'stopGradient')),
);
