import type { GeneralOp, NdArray } from '../ir/op.ts';
import { apply, type Tensor } from '../ir/tensor.ts';

/** y = x with derivative zero, at every level of differentiation. */
const stopGradientOp: GeneralOp = {
  name: 'stopGradient',
  family: 'general',
  derivative: '0',
  dtype: ([x]) => (x as Tensor).dtype,
  shape: ([x]) => (x as Tensor).shape,
  evaluate: ([x]) => (x as NdArray).data,
  jvp: () => null,
  vjp: () => [null],
};

export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientOp, [x]);
}

export const stopOps = [stopGradientOp];
