import type { Tensor } from '../ir/tensor.ts';
import { full } from '../ops/source.ts';
import { DTypeError, ShapeError } from '../util/errors.ts';
import { formatShape } from '../util/shape.ts';
import {
  callOnVariables,
  checkNames,
  namedAfter,
  resolveArgnums,
  type Argnums,
  type Call,
} from './arguments.ts';
import { jacobianBlocks, type AccumulationOptions } from './jacobian.ts';
import { markPass } from './roles.ts';
import { rememberRowBlocks } from './stream.ts';
import type {
  Aux,
  Chosen,
  JacobianOptions,
  JacobianTree,
  MainOutput,
  TensorFunction,
  TensorTree,
  TransformOptions,
  WithAux,
} from './types.ts';
import { pullback } from './vjp.ts';

type F<A extends unknown[], R> = (...args: A) => R;

/** `parts` as trees, one per chosen argument; bare for a single argnum. */
function byArgument(call: Call, argnums: Argnums, parts: readonly Tensor[]): unknown {
  let at = 0;
  const trees = call.arguments.map((tree) => {
    const own = parts.slice(at, at + tree.leaves.length);
    at += tree.leaves.length;
    return tree.def.build(own);
  });
  return Array.isArray(argnums) ? trees : trees[0];
}

/** @throws DTypeError when an output is not f32 */
export function differentiable(call: Call, who: string): void {
  call.output.leaves.forEach((y, i) => {
    if (y.dtype !== 'f32')
      throw new DTypeError(
        `${who}: output${call.output.paths[i]} is ${y.dtype}, which has no derivative; return it as aux or cast it to f32`,
      );
  });
}

function open<A extends unknown[]>(
  f: F<A, unknown>,
  args: A,
  options: TransformOptions,
  who: string,
): Call {
  checkNames(options, who);
  const positions = resolveArgnums(options.argnums ?? 0, args.length, who);
  const call = callOnVariables(f, args, positions, who, { hasAux: options.hasAux ?? false });
  differentiable(call, who);
  return call;
}

/** Gradient of a scalar function, and its value, from one forward pass. */
export function gradientOf<A extends unknown[]>(
  f: F<A, unknown>,
  args: A,
  options: TransformOptions,
  who: string,
): { call: Call; value: Tensor; gradient: unknown } {
  const call = open(f, args, options, who);
  const [y] = call.output.leaves as [Tensor];
  if (call.output.def.key !== '*' || y.rank !== 0)
    throw new ShapeError(
      `${who}: the function must return one scalar, got ${call.output.def.key === '*' ? `shape ${formatShape(y.shape)}` : 'several tensors'}; use jacobian, or sum the output`,
    );
  const parts = pullback([y], [full([], 1)], call.variables).map(
    (g, i) => g ?? full((call.variables[i] as Tensor).shape, 0),
  );
  markPass([y], call.variables, parts, 'pulled back');
  const [value, ...bound] = call.bind([y, ...parts]);
  return {
    call,
    value: value as Tensor,
    gradient: byArgument(call, options.argnums ?? 0, bound),
  };
}

/**
 * The gradient of a function that returns one scalar: a tree of the shape of the chosen argument.
 *
 * @throws ShapeError when the output is not a scalar
 */
export function grad<A extends unknown[], R, const O extends TransformOptions = object>(
  f: F<A, R>,
  options?: O,
): (...args: A) => WithAux<TensorTree<Chosen<A, O>>, R, O> {
  return namedAfter('grad', f, (...args) => {
    const { gradient, call } = gradientOf(f, args, options ?? {}, 'grad');
    return (options?.hasAux ? [gradient, call.aux] : gradient) as never;
  });
}

/** `[value, gradient]` of a scalar function; with hasAux `[[value, aux], gradient]`. */
export function valueAndGrad<A extends unknown[], R, const O extends TransformOptions = object>(
  f: F<A, R>,
  options?: O,
): (...args: A) => [R, TensorTree<Chosen<A, O>>] {
  return namedAfter('valueAndGrad', f, (...args) => {
    const { value, gradient, call } = gradientOf(f, args, options ?? {}, 'valueAndGrad');
    return [options?.hasAux ? [value, call.aux] : value, gradient] as never;
  });
}

/** Value and Jacobian trees of one call. */
function jacobianOf<A extends unknown[]>(
  f: F<A, unknown>,
  args: A,
  options: JacobianOptions,
  who: string,
): { value: unknown; jacobian: unknown; aux: unknown } {
  const call = open(f, args, options, who);
  const ys = call.output.leaves;
  const blocks = jacobianBlocks(ys, call.variables, options, who);
  const width = call.variables.length;
  const bound = call.bind([...ys, ...blocks.flat()]);
  const values = bound.slice(0, ys.length);
  const rows = ys.map((_, i) => {
    const from = ys.length + i * width;
    return byArgument(call, options.argnums ?? 0, bound.slice(from, from + width));
  });
  return {
    value: call.output.def.build(values),
    jacobian: call.output.def.build(rows),
    aux: call.aux,
  };
}

type JacobianFunction<A extends unknown[], R, O> = (
  ...args: A
) => WithAux<JacobianTree<MainOutput<R, O>, Chosen<A, O>>, R, O>;

function jacobianTransform<A extends unknown[], R, O extends JacobianOptions>(
  f: F<A, R>,
  options: O | undefined,
  who: string,
  fixed: AccumulationOptions = {},
): JacobianFunction<A, R, O> {
  const chosen = { ...options, ...fixed };
  const transformed: JacobianFunction<A, R, O> = (...args) => {
    const { jacobian, aux } = jacobianOf(f, args, chosen, who);
    return (options?.hasAux ? [jacobian, aux] : jacobian) as never;
  };
  rememberRowBlocks(transformed, f as TensorFunction, chosen, who);
  return namedAfter(who, f, transformed);
}

/**
 * The Jacobian of `f`: for an output of shape `[...y]` and an argument of shape `[...x]` a tensor
 * `[...y, ...x]`; for trees a tree of those, outputs outermost. All rows come from one batched pass,
 * accumulated in the cheapest order unless `mode` says otherwise.
 *
 * @throws DTypeError by or of integers
 */
export function jacobianOfFunction<
  A extends unknown[],
  R,
  const O extends JacobianOptions = object,
>(f: F<A, R>, options?: O): JacobianFunction<A, R, O> {
  return jacobianTransform(f, options, 'jacobian');
}

/** `jacobian` in reverse mode: as many seeds as the output has elements. */
export function jacrev<A extends unknown[], R, const O extends JacobianOptions = object>(
  f: F<A, R>,
  options?: O,
): JacobianFunction<A, R, O> {
  return jacobianTransform(f, options, 'jacrev', { mode: 'reverse' });
}

/** `jacobian` in forward mode: as many seeds as the argument has elements. */
export function jacfwd<A extends unknown[], R, const O extends JacobianOptions = object>(
  f: F<A, R>,
  options?: O,
): JacobianFunction<A, R, O> {
  return jacobianTransform(f, options, 'jacfwd', { mode: 'forward' });
}

/** `[value, jacobian]` from one forward pass; with hasAux `[value, jacobian, aux]`. */
export function valueAndJacobian<A extends unknown[], R, const O extends JacobianOptions = object>(
  f: F<A, R>,
  options?: O,
): (
  ...args: A
) => O extends { hasAux: true }
  ? [MainOutput<R, O>, JacobianTree<MainOutput<R, O>, Chosen<A, O>>, Aux<R>]
  : [R, JacobianTree<R, Chosen<A, O>>] {
  return namedAfter('valueAndJacobian', f, (...args) => {
    const { value, jacobian, aux } = jacobianOf(f, args, options ?? {}, 'valueAndJacobian');
    return (options?.hasAux ? [value, jacobian, aux] : [value, jacobian]) as never;
  });
}

/**
 * Second derivatives: `[...y, ...x, ...x]`, for trees `H[output][in1][in2]`. The output may have any
 * shape.
 */
export function hessian<A extends unknown[], R, const O extends JacobianOptions = object>(
  f: F<A, R>,
  options?: O,
): (
  ...args: A
) => WithAux<JacobianTree<JacobianTree<MainOutput<R, O>, Chosen<A, O>>, Chosen<A, O>>, R, O> {
  return namedAfter('hessian', f, (...args) => {
    const { hasAux = false, ...rest } = options ?? ({} as JacobianOptions);
    const first = (...a: A): unknown => {
      const inner = jacobianOf(f, a, options ?? {}, 'hessian');
      return hasAux ? [inner.jacobian, inner.aux] : inner.jacobian;
    };
    const { jacobian, aux } = jacobianOf(first, args, { ...rest, hasAux }, 'hessian');
    return (hasAux ? [jacobian, aux] : jacobian) as never;
  });
}
