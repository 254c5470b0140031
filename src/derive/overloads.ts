import type { Tensor } from '../ir/tensor.ts';
import { isTensor } from '../ops/operand.ts';
import type { AccumulationOptions } from './jacobian.ts';
import {
  divergenceOfFunction,
  divergenceOfTensors,
  jacobianOfTensors,
  laplacianOfFunction,
  laplacianOfTensors,
} from './operators.ts';
import { jacobianOfFunction } from './transforms.ts';
import type { Chosen, JacobianOptions, JacobianTree, MainOutput, WithAux } from './types.ts';

/**
 * The Jacobian of a function, or of one tensor by another inside a traced function.
 *
 * `jacobian(f)(x)`: for an output of shape `[...y]` and an argument of shape `[...x]` a tensor
 * `[...y, ...x]`; for trees a tree of those, outputs outermost. All rows come from one batched pass, in
 * the cheapest order unless `mode` says otherwise.
 *
 * `jacobian(y, x)`: the same of two tensors already computed.
 *
 * @throws DTypeError by or of integers
 */
export function jacobian<A extends unknown[], R, const O extends JacobianOptions = object>(
  f: (...args: A) => R,
  options?: O,
): (...args: A) => WithAux<JacobianTree<MainOutput<R, O>, Chosen<A, O>>, R, O>;
export function jacobian(y: Tensor, x: Tensor, options?: AccumulationOptions): Tensor;
export function jacobian(a: unknown, b?: unknown, c?: AccumulationOptions): unknown {
  if (isTensor(a)) return jacobianOfTensors(a, b as Tensor, c);
  return jacobianOfFunction(a as (...args: unknown[]) => unknown, b as JacobianOptions);
}

/**
 * Σ_i ∂y_i/∂x_i: `divergence(f)` of a function that keeps shape, `divergence(y, x)` of two tensors of
 * one shape. The Jacobian is not formed where its diagonal is enough.
 */
export function divergence<A extends unknown[]>(
  f: (...args: A) => Tensor,
  options?: JacobianOptions,
): (...args: A) => Tensor;
export function divergence(y: Tensor, x: Tensor): Tensor;
export function divergence(a: unknown, b?: unknown): unknown {
  if (isTensor(a)) return divergenceOfTensors(a, b as Tensor);
  return divergenceOfFunction(a as (...args: unknown[]) => unknown, b as JacobianOptions);
}

/**
 * Σ_i ∂²y/∂x_i² in the shape of y: `laplacian(f)` of a function, `laplacian(y, x)` of two tensors. Only
 * the diagonal of the Hessian is formed.
 */
export function laplacian<A extends unknown[]>(
  f: (...args: A) => Tensor,
  options?: JacobianOptions,
): (...args: A) => Tensor;
export function laplacian(y: Tensor, x: Tensor): Tensor;
export function laplacian(a: unknown, b?: unknown): unknown {
  if (isTensor(a)) return laplacianOfTensors(a, b as Tensor);
  return laplacianOfFunction(a as (...args: unknown[]) => unknown, b as JacobianOptions);
}
