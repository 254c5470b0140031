import type { NdArray } from '../../src/ir/op.ts';
import type { Tensor } from '../../src/ir/tensor.ts';
import { topological } from '../../src/ir/walk.ts';
import type { Draw } from './draw.ts';
import type { Given } from './op-graphs.ts';
import { samplers } from './op-samples.ts';

/**
 * What `interpret` gives, were every inexact op and every leaf off by a random fraction of `size`: how
 * far rounding carries in this graph (stochastic arithmetic, after Vignes).
 */
export function interpretNoisily(
  outputs: readonly Tensor[],
  given: Given,
  d: Draw,
  size: number,
): Float64Array[] {
  const values = new Map<Tensor, NdArray>();
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map((x) => values.get(x) as NdArray);
    let data = given.get(node) ?? node.op.evaluate(inputs, node.params, node.shape);
    const isExact = !given.has(node) && (samplers[node.op.name]?.ulp ?? 0) === 0;
    if (node.dtype === 'f32' && !isExact) data = data.map((v) => v * (1 + d.uniform(-size, size)));
    values.set(node, { shape: node.shape, data });
  }
  return outputs.map((y) => (values.get(y) as NdArray).data);
}
