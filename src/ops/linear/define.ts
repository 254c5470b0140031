import type { IndexMap, Coordinates } from '../../ir/index-map.ts';
import type { LinearOp, NdArray, Params } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import type { Shape } from '../../util/shape.ts';
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
      // nothing moved or added up: zeros
      if (x.size === 0) return full(spec.shape(x.shape, params, inputs), 0, x.dtype);
      return spec.rewrite?.(inputs, params);
    },
  };
}
