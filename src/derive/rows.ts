import { apply, simplifying, type Tensor } from '../ir/tensor.ts';
import { dim, withDim } from '../ops/axes.ts';
import { add } from '../ops/elementwise/arithmetic.ts';
import { copy } from '../ops/elementwise/compare.ts';
import { gather } from '../ops/linear/gather.ts';
import { broadcast, reshape, swap, wholeAxis } from '../ops/linear/layout.ts';
import { full, fullValue, iota } from '../ops/source.ts';

/** Elements `indices` of `x` along one axis, stored, so that what follows reads them in order. */
export const picked = (x: Tensor, axis: number, indices: Tensor): Tensor =>
  copy(swap(gather(swap(x, axis, -1), indices), axis, -1));

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
    const from = wholeAxis(node, x.shape, axis);
    if (from !== null)
      return reshape(select(x, from, indices, done), withDim(node.shape, axis, count));
  }
  if (op.name === 'broadcast')
    return broadcast(select(x, axis, indices, done), withDim(node.shape, axis, count));
  return picked(node, axis, indices);
}

/** Elements `offset .. offset + count - 1` of `y` in row-major order, `offset` known at run time. */
export function rowsAt(y: Tensor, offset: Tensor, count: number): Tensor {
  return simplifying(() => select(reshape(y, [y.size]), -1, add(iota(count), offset)));
}
