import type { GeneralOp, NdArray } from '../ir/op.ts';
import { apply, type Tensor } from '../ir/tensor.ts';

/** y = x; further inputs are only there for the derivative rule. */
export function identityOp(
  spec: Pick<GeneralOp, 'name' | 'derivative' | 'jvp' | 'vjp'>,
): GeneralOp {
  return {
    ...spec,
    family: 'general',
    isIdentity: true,
    dtype: ([x]) => (x as Tensor).dtype,
    shape: ([x]) => (x as Tensor).shape,
    evaluate: ([x]) => (x as NdArray).data,
  };
}

/** y = x with derivative zero, at every level of differentiation. */
const stopGradientOp = identityOp({
  name: 'stopGradient',
  derivative: '0',
  jvp: () => null,
  vjp: () => [null],
});

export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientOp, [x]);
}

/** y = x, but no two of them are one node: what is computed from it is computed again. */
const barrierOp = identityOp({
  name: 'barrier',
  derivative: 'dx',
  jvp: ([t]) => t ?? null,
  vjp: (g) => [g],
});

let barriers = 0;

/** A tensor equal to `x` whose uses share nothing with the uses of `x`. */
export function barrier(x: Tensor): Tensor {
  return apply(barrierOp, [x], { number: barriers++ });
}

export const isBarrier = (x: Tensor): boolean => x.op === barrierOp;

export const stopOps = [stopGradientOp, barrierOp];
