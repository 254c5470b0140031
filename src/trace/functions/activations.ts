import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { TraceError } from '../../util/errors.ts';
import { named } from '../named.ts';
import { float } from '../operands.ts';
import * as op from '../primitives.ts';
import type { Unary } from './elementary.ts';

const activation = (name: string, f: (x: Tensor) => Tensor): Unary =>
  named(name, (x: TensorLike): Tensor => f(float(name, x)));

/** 1 / (1 + e⁻ˣ) */
export const sigmoid: Unary = activation('sigmoid', op.sigmoid);
/** log σ(x), exact for large |x|. */
export const logSigmoid: Unary = activation('logSigmoid', op.logSigmoid);
/** log(1 + eˣ), exact for large |x|. */
export const softplus: Unary = activation('softplus', op.softplus);
/** x > 0 ? x : 0; its derivative at 0 is 0. */
export const relu: Unary = activation('relu', op.relu);

// relu6'(0) = relu6'(6) = 0, as in torch and JAX
const sixth = (x: Tensor): Tensor => op.where(op.greaterEqual(x, 6), 6, op.relu(x));

/** min(max(x, 0), 6); its derivative at both corners is 0. */
export const relu6: Unary = activation('relu6', sixth);

/** x > 0 ? x : slope·x */
export const leakyRelu = named('leakyRelu', (x: TensorLike, slope: number = 0.01): Tensor => {
  const t = float('leakyRelu', x);
  return op.where(op.greater(t, 0), t, op.mul(t, slope));
});

/** x > 0 ? x : scale·(e^(x / width) - 1), without overflow in the branch not taken */
function exponentialUnit(x: Tensor, scale: number, width: number): Tensor {
  const positive = op.greater(x, 0);
  const below = op.where(positive, 0, x);
  return op.where(positive, x, op.mul(scale, op.expm1(op.div(below, width))));
}

/** x > 0 ? x : alpha·(eˣ - 1) */
export const elu = named('elu', (x: TensorLike, alpha: number = 1): Tensor =>
  exponentialUnit(float('elu', x), alpha, 1),
);

/** x > 0 ? x : alpha·(e^(x / alpha) - 1), whose slope is continuous. */
export const celu = named('celu', (x: TensorLike, alpha: number = 1): Tensor =>
  exponentialUnit(float('celu', x), alpha, alpha),
);

const SELU_ALPHA = 1.6732632423543772848170429916717;
const SELU_SCALE = 1.0507009873554804934193349852946;

/** elu scaled so that a network keeps mean 0 and variance 1 (Klambauer et al. 2017). */
export const selu: Unary = activation('selu', (x) =>
  op.mul(SELU_SCALE, exponentialUnit(x, SELU_ALPHA, 1)),
);

export interface GeluOptions {
  /** `"tanh"`: the approximation x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) */
  readonly approximate?: 'none' | 'tanh';
}

/** x Φ(x), with Φ the standard normal distribution function (Hendrycks and Gimpel 2016). */
export const gelu = named('gelu', (x: TensorLike, options: GeluOptions = {}): Tensor => {
  const t = float('gelu', x);
  const { approximate = 'none' } = options;
  if (approximate === 'none') return op.geluErf(t);
  if (approximate !== 'tanh')
    throw new TraceError(
      `gelu: approximate is "none" or "tanh", got ${JSON.stringify(approximate)}; leave it out for the exact form`,
    );
  // (1 + tanh u) / 2 = σ(2u)
  const u = op.mul(t, op.add(1, op.mul(0.044715, op.square(t))));
  return op.mul(t, op.sigmoid(op.mul(2 * Math.sqrt(2 / Math.PI), u)));
});

/** x σ(x), also called swish. */
export const silu: Unary = activation('silu', (x) => op.mul(x, op.sigmoid(x)));

/** x tanh(softplus(x)) (Misra 2019). */
export const mish: Unary = activation('mish', (x) => {
  // far from 0 it is relu(x), and the product would be ∞ · 0
  const far = op.greater(op.abs(x), 1e4);
  const near = op.where(far, 0, x);
  return op.where(far, op.relu(x), op.mul(near, op.tanh(op.softplus(near))));
});

const hard = (x: Tensor): Tensor => op.div(sixth(op.add(x, 3)), 6);

/** min(max(x + 3, 0), 6) / 6 */
export const hardSigmoid: Unary = activation('hardSigmoid', hard);
/** x·hardSigmoid(x) */
export const hardSwish: Unary = activation('hardSwish', (x) => op.mul(x, hard(x)));
/** x / (1 + |x|) */
export const softsign: Unary = activation('softsign', (x) => op.div(x, op.add(1, op.abs(x))));
