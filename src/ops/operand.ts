import { alive, Tensor } from '../ir/tensor.ts';
import { ArrayValue, hostArray, type Nested } from '../util/array.ts';
import { TraceError } from '../util/errors.ts';
import { formatShape } from '../util/shape.ts';
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
  if (value instanceof Tensor) return alive(value, who);
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

/**
 * The tensors that a traced function returned.
 *
 * @throws TraceError when there are none, when there are other things, and for a promise
 */
export function outputTree(result: unknown, who: string): Flat<Tensor> {
  if (isPromise(result)) {
    result.then(undefined, () => undefined); // nobody awaits it: what it rejects with must not go unhandled
    throw new TraceError(
      `${who}: the function returned a promise; a traced function may not be async, await its data before`,
    );
  }
  const tree = tensorTree(result, `${who}: result of the function`);
  const statics = tree.def.key
    .replace(/"(?:[^"\\]|\\.)*":/g, '')
    .match(/true|false|null|undefined|"|[fs]\d|\dn/);
  if (tree.leaves.length === 0 || statics)
    throw new TraceError(
      `${who}: the function returned ${describe(result)}; return tensors, or arrays and objects of tensors`,
    );
  return tree;
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  'then' in value &&
  typeof value.then === 'function';

/** `value` in the words of an error message. */
export function describe(value: unknown): string {
  if (isTensor(value)) return value.toString();
  if (value instanceof ArrayValue) return `array${formatShape(value.shape)}`;
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty array' : `[${value.map(describe).join(', ')}]`;
  if (typeof value === 'object')
    return `{ ${Object.entries(value)
      .map(([k, v]) => `${k}: ${describe(v)}`)
      .join(', ')} }`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol' || typeof value === 'bigint')
    return `the ${typeof value} ${String(value)}`;
  return `the ${typeof value} ${JSON.stringify(value) ?? ''}`;
}
