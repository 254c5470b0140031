import type { NdArray } from '../ir/op.ts';
import type { Tensor } from '../ir/tensor.ts';
import { topological } from '../ir/walk.ts';

/**
 * The living definition of every op: evaluates a graph in float64 on the host, one node after another.
 * Not written for speed.
 *
 * @param given elements of the nodes that have no value of their own (arguments)
 */
export function interpret(
  outputs: readonly Tensor[],
  given: ReadonlyMap<Tensor, Float64Array>,
): Float64Array[] {
  const values = new Map<Tensor, NdArray>();
  for (const node of topological(outputs)) {
    const inputs = node.inputs.map((x) => values.get(x) as NdArray);
    const data = given.get(node) ?? node.op.evaluate(inputs, node.params, node.shape);
    values.set(node, { shape: node.shape, data });
  }
  return outputs.map((y) => (values.get(y) as NdArray).data);
}
