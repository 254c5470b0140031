import { Tensor } from '../ir/tensor.ts';
import { ArrayValue, hostArray, type Nested } from '../util/array.ts';
import { TraceError } from '../util/errors.ts';
import { flattenTree, type Flat } from '../util/tree.ts';
import { constant, full } from './source.ts';

/** What a tensor function takes as an operand. */
export type TensorLike = Tensor | ArrayValue | number | boolean | readonly Nested[];

export const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

/**
 * `value` as a tensor: captured constants become nodes, numbers rank-0 tensors.
 *
 * @throws TraceError for anything else
 */
export function toTensor(value: unknown, who: string): Tensor {
  if (value instanceof Tensor) return value;
  if (typeof value === 'number') return full([], value);
  if (typeof value === 'boolean') return full([], Number(value), 'bool');
  if (value instanceof ArrayValue) return constant(value);
  if (Array.isArray(value) && !containsTensor(value))
    return constant(hostArray(value as readonly Nested[], undefined, undefined, who));
  const got = Array.isArray(value)
    ? 'an array that holds tensors; use stack or concat'
    : value instanceof Promise
      ? 'a promise; a traced function may not be async'
      : `${value === null ? 'null' : typeof value}; pass a tensor, a number, nested numbers or array(...)`;
  throw new TraceError(`${who}: got ${got}`);
}

const containsTensor = (value: unknown): boolean =>
  value instanceof Tensor || (Array.isArray(value) && value.some(containsTensor));

/** Leaves of an argument or result of a transformed function, as tensors. */
export function tensorTree(tree: unknown, who: string): Flat<Tensor> {
  const flat = flattenTree(tree, isTensor, who);
  return { ...flat, leaves: flat.leaves.map((v) => toTensor(v, who)) };
}
