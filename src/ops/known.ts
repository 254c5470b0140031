import type { Tensor } from '../ir/tensor.ts';
import { topological } from '../ir/walk.ts';
import { isConstant, isInput } from './source.ts';
import { HostArray } from '../util/array.ts';

/** Elements are worked out while tracing only up to so many, over all nodes of one question. */
const MOST_ELEMENTS = 2 ** 23;

const dependent = new WeakMap<Tensor, boolean>();
const elements = new WeakMap<Tensor, Float64Array>();

/**
 * The elements of a tensor that depends on nothing but constants, by float64 interpretation; `undefined`
 * for one that depends on an argument or on an array of the device, and for one that is too large.
 */
export function knownElements(x: Tensor): Float64Array | undefined {
  for (const node of topological([x], (t) => dependent.has(t)))
    if (!dependent.has(node))
      dependent.set(
        node,
        isInput(node) || isOnDevice(node) || node.inputs.some((t) => dependent.get(t)),
      );
  if (dependent.get(x)) return undefined;
  const order = topological([x], (t) => elements.has(t)).filter((t) => !elements.has(t));
  let total = 0;
  for (const node of order) total += node.size;
  if (!(total <= MOST_ELEMENTS)) return undefined;
  for (const node of order) {
    const inputs = node.inputs.map((t) => ({
      shape: t.shape,
      data: elements.get(t) as Float64Array,
    }));
    elements.set(node, node.op.evaluate(inputs, node.params, node.shape));
  }
  return elements.get(x);
}

const isOnDevice = (x: Tensor): boolean =>
  isConstant(x) && !(x.params['value'] instanceof HostArray);
