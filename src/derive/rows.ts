import { apply, simplifying, type Tensor } from '../ir/tensor.ts';
import { dim, withDim } from '../ops/axes.ts';
import { add } from '../ops/elementwise/arithmetic.ts';
import { copy } from '../ops/elementwise/compare.ts';
import { gather } from '../ops/linear/gather.ts';
import { broadcast, reshape, swap } from '../ops/linear/layout.ts';
import { full, fullValue, iota } from '../ops/source.ts';
import { sizeOf } from '../util/shape.ts';

/** The axis of `x` (counted from the end) that a reshape to `target` leaves whole as `axis`, if any. */
function axisBefore(x: Tensor, node: Tensor, axis: number): number | null {
  const at = node.rank + axis;
  const before = sizeOf(node.shape.slice(0, at));
  let product = 1;
  for (let i = 0; i < x.rank; i++) {
    if (product === before && x.shape[i] === node.shape[at]) return i - x.rank;
    product *= x.shape[i] as number;
  }
  return null;
}

/**
 * Elements `indices` of `node` along one axis, with the selection moved as far towards the leaves as it
 * goes: only the selected part of a product is computed.
 */
function select(
  node: Tensor,
  axis: number,
  indices: Tensor,
  done = new Map<string, Tensor>(),
): Tensor {
  if (dim(node, axis) === 1) return node;
  const key = `${node.id}:${axis}`;
  let result = done.get(key);
  if (!result) done.set(key, (result = selected(node, axis, indices, done)));
  return result;
}

function selected(node: Tensor, axis: number, indices: Tensor, done: Map<string, Tensor>): Tensor {
  const count = indices.size;
  const each = (axisOf = axis): Tensor[] =>
    node.inputs.map((x) => select(x, axisOf, indices, done));
  const { op, params } = node;
  const value = fullValue(node);
  if (value !== undefined) return full(withDim(node.shape, axis, count), value, node.dtype);
  if (op.family === 'elementwise') return apply(op, each(), params);
  const axes = params['axes'] as number[] | undefined;
  if ((op.name === 'contract' || op.name === 'sum') && !axes?.includes(axis))
    return apply(op, each(), params);
  const [x] = node.inputs as [Tensor];
  if (op.name === 'transpose') {
    const perm = params['perm'] as number[];
    const from = perm[perm.length + axis] ?? axis;
    return apply(op, [select(x, from, indices, done)], params);
  }
  if (op.name === 'reshape') {
    const from = axisBefore(x, node, axis);
    if (from !== null)
      return reshape(select(x, from, indices, done), withDim(node.shape, axis, count));
  }
  if (op.name === 'broadcast')
    return broadcast(select(x, axis, indices, done), withDim(node.shape, axis, count));
  // stored, so that what follows reads it in order
  return copy(swap(gather(swap(node, axis, -1), indices), axis, -1));
}

/** Elements `offset .. offset + count - 1` of `y` in row-major order, `offset` known at run time. */
export function rowsAt(y: Tensor, offset: Tensor, count: number): Tensor {
  return simplifying(() => select(reshape(y, [y.size]), -1, add(iota(count), offset)));
}
