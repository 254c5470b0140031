import type { IndexMap, Coordinates } from '../../ir/index-map.ts';
import type { LinearOp, NdArray, Params } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { sameShape, type Shape } from '../../util/shape.ts';
import { full } from '../source.ts';

/** What an author of a linear op writes. */
export interface LinearSpec {
  name: string;
  /** shape of the result for the shape of input 0 */
  shape(x: Shape, params: Params, inputs: readonly Tensor[]): Shape;
  evaluate(inputs: readonly NdArray[], params: Params, shape: Shape): Float64Array;
  transpose(g: Tensor, node: Tensor): Tensor;
  rewrite?(inputs: readonly Tensor[], params: Params): Tensor | undefined;
  indexMap?(at: Coordinates, node: Tensor): IndexMap;
  derivative: string;
}

export function linear(spec: LinearSpec): LinearOp {
  return {
    ...spec,
    family: 'linear',
    shape: (inputs, params) => spec.shape((inputs[0] as Tensor).shape, params, inputs),
    dtype: (inputs) => (inputs[0] as Tensor).dtype,
    rewrite(inputs, params) {
      const x = inputs[0] as Tensor;
      if (x.size > 0) return spec.rewrite?.(inputs, params);
      // nothing moved or added up: zeros
      const shape = spec.shape(x.shape, params, inputs);
      return sameShape(shape, x.shape) ? x : full(shape, 0, x.dtype);
    },
  };
}
