import type { Tensor } from '../ir/tensor.ts';
import { rebuild } from '../ir/walk.ts';
import { lead } from '../ops/linear/layout.ts';
import { tensorTree } from '../ops/operand.ts';
import { full } from '../ops/source.ts';
import { DTypeError, ShapeError, TraceError } from '../util/errors.ts';
import { formatShape, range, sameShape } from '../util/shape.ts';
import { leavesLike, type Flat } from '../util/tree.ts';
import { callOnVariables, type Call } from './arguments.ts';
import { pushforward } from './jvp.ts';
import { markDerivative, markFunction, markPass } from './roles.ts';
import type { TensorTree } from './types.ts';
import { gradientOf } from './transforms.ts';
import { pullback } from './vjp.ts';

type Tensors = Flat<Tensor>;

/** Leaves of `given`, which must have the tree, shapes and dtypes of `like`. */
function matching(
  given: unknown,
  like: Tensors,
  who: string,
  what: 'tangents' | 'cotangents',
  of: string,
): Tensor[] {
  const tree = tensorTree(given, `${who}: ${what}`);
  const leaves = leavesLike(tree, like);
  if (!leaves)
    throw new TraceError(
      `${who}: ${what} must have the structure of ${of}, got ${tree.def.key} for ${like.def.key}; pass one ${what.slice(0, -1)} for each leaf`,
    );
  leaves.forEach((t, i) => {
    const x = like.leaves[i] as Tensor;
    if (!sameShape(t.shape, x.shape))
      throw new ShapeError(
        `${who}: ${what}${like.paths[i]} must have the shape of ${of}, got ${formatShape(t.shape)} for ${formatShape(x.shape)}; nothing is broadcast here`,
      );
    if (x.dtype === 'f32' && t.dtype !== 'f32')
      throw new DTypeError(
        `${who}: ${what}${like.paths[i]} must be f32, got ${t.dtype}; cast it to f32`,
      );
  });
  return [...leaves];
}

const zerosLike = (x: Tensor): Tensor => full(x.shape, 0);

function listOf(value: unknown, who: string, what: string): readonly unknown[] {
  if (!Array.isArray(value))
    throw new TraceError(`${who}: ${what} is a list, one entry for each argument; wrap it in [ ]`);
  return value as readonly unknown[];
}

const all = (args: readonly unknown[]): number[] => range(args.length);

/**
 * Value and pushforward of `f` at `primals` along `tangents`: `[y, J t]` (with hasAux `[y, J t, aux]`).
 *
 * @throws TraceError, ShapeError or DTypeError when the tangents do not match the primals
 */
export function jvp<R>(
  f: (...args: never[]) => R,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  options: { readonly hasAux?: boolean } = {},
): [R, TensorTree<R>, ...unknown[]] {
  return productOf('jvp', f, primals, tangents, options) as [R, TensorTree<R>, ...unknown[]];
}

/** `jvp`, speaking in errors as the function `who`. */
function productOf(
  who: string,
  f: (...args: never[]) => unknown,
  primals: readonly unknown[],
  tangents: readonly unknown[],
  options: { readonly hasAux?: boolean } = {},
): unknown[] {
  const xs = listOf(primals, who, 'primals');
  const ts = listOf(tangents, who, 'tangents');
  if (xs.length !== ts.length)
    throw new TraceError(
      `${who}: got ${xs.length} primals and ${ts.length} tangents; pass one tangent for each primal`,
    );
  const call = callOnVariables(f, xs, all(xs), who, { anyType: true, ...options });
  const seeds = call.arguments.flatMap((tree, i) =>
    matching(ts[i], tree, who, 'tangents', 'the primals'),
  );
  const [y, t] = push(call, seeds);
  return options.hasAux ? [y, t, call.aux] : [y, t];
}

/** Value tree and tangent tree of a call, for tangents of its variables. */
function push(call: Call, seeds: readonly Tensor[]): [unknown, unknown] {
  const ys = call.output.leaves;
  const differentiable = seeds.map((s, i) =>
    (call.variables[i] as Tensor).dtype === 'f32' ? s : null,
  );
  const moved = pushforward(ys, call.variables, differentiable).map(
    (t, i) => t ?? zerosLike(ys[i] as Tensor),
  );
  markPass(ys, call.variables, moved, 'pushed forward');
  const bound = call.bind([...ys, ...moved]);
  const { def } = call.output;
  return [def.build(bound.slice(0, ys.length)), def.build(bound.slice(ys.length))];
}

/**
 * Value and pullback of `f` at `primals`: `[y, pullback]`, where `pullback(cotangent)` is the list of the
 * cotangents of the primals. For functions with aux see `vjpWithAux`.
 */
export function vjp<A extends unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): [R, (cotangent?: unknown) => { -readonly [K in keyof A]: TensorTree<A[K]> }] {
  const [y, pull] = vjpCall(f, primals, false);
  return [y, pull] as never;
}

/** `vjp` of a function that returns `[output, aux]`: `[y, pullback, aux]`. */
export function vjpWithAux<A extends unknown[], R, Aux>(
  f: (...args: A) => [R, Aux],
  ...primals: A
): [R, (cotangent?: unknown) => { -readonly [K in keyof A]: TensorTree<A[K]> }, Aux] {
  return vjpCall(f, primals, true) as never;
}

function vjpCall(
  f: (...args: never[]) => unknown,
  primals: readonly unknown[],
  hasAux: boolean,
): unknown[] {
  const call = callOnVariables(f, primals, all(primals), 'vjp', { hasAux, anyType: true });
  const ys = call.output.leaves;
  markFunction(ys, call.variables, 'pulled back');
  const back = (...given: readonly unknown[]): unknown => {
    if (given.length > 1)
      throw new TraceError(
        `vjp: the pullback takes one cotangent, in the structure of the output, got ${given.length} arguments; pass several as one list or object`,
      );
    const [cotangent] = given;
    const seeds =
      cotangent === undefined
        ? implied(ys)
        : matching(cotangent, call.output, 'vjp', 'cotangents', 'the output');
    const grads = pullback(ys, seeds, call.variables).map(
      (g, i) => g ?? zerosLike(call.variables[i] as Tensor),
    );
    markDerivative(grads, ys, 'pulled back');
    const bound = call.bind(grads);
    let at = 0;
    return call.arguments.map((tree) => {
      const own = bound.slice(at, at + tree.leaves.length);
      at += tree.leaves.length;
      return tree.def.build(own);
    });
  };
  const y = call.output.def.build(call.bind(ys));
  return hasAux ? [y, back, call.aux] : [y, back];
}

/** The cotangent a scalar output implies: 1. */
function implied(ys: readonly Tensor[]): Tensor[] {
  const [y] = ys as [Tensor];
  if (ys.length !== 1 || y.size !== 1)
    throw new ShapeError(
      `vjp: the cotangent may be left out for a scalar output only, got shape ${formatShape(y.shape)}; pass a cotangent of that shape`,
    );
  return [full(y.shape, 1)];
}

/**
 * Value of `f` at `primals` and the linear map `t -> J t`, traced once and usable for many tangents:
 * `[y, pushforward]`.
 */
export function linearize<A extends unknown[], R>(
  f: (...args: A) => R,
  ...primals: A
): [R, (...tangents: unknown[]) => TensorTree<R>] {
  const call = callOnVariables(f, primals, all(primals), 'linearize');
  const y = call.output.def.build(call.bind(call.output.leaves)) as R;
  // one symbolic tangent, replaced by the actual ones
  const direction = callOnVariables((...t: never[]) => t, primals, all(primals), 'linearize');
  const ys = call.output.leaves;
  const moved = pushforward(ys, call.variables, direction.variables).map(
    (t, i) => t ?? zerosLike(ys[i] as Tensor),
  );
  const linear = call.bind(moved);
  const push = (...tangents: unknown[]): TensorTree<R> => {
    if (tangents.length !== call.arguments.length)
      throw new TraceError(
        `linearize: the pushforward takes ${call.arguments.length} tangent(s), got ${tangents.length}`,
      );
    const seeds = call.arguments.flatMap((tree, i) =>
      matching(tangents[i], tree, 'linearize', 'tangents', 'the primals'),
    );
    const by = new Map(direction.variables.map((v, i) => [v, seeds[i] as Tensor]));
    return call.output.def.build(rebuild(linear, by, lead)) as TensorTree<R>;
  };
  return [y, push];
}

/**
 * Hessian times a vector, forward over reverse: a tree like the first primal for one primal, else a
 * list. `primals` and `tangents` may each be a list or, for one argument, the argument itself.
 */
export function hvp<A extends unknown[]>(
  f: (...args: A) => unknown,
  primals: unknown,
  tangents: unknown,
): A extends [infer X] ? TensorTree<X> : { -readonly [K in keyof A]: TensorTree<A[K]> } {
  const xs: readonly unknown[] = Array.isArray(primals) ? primals : [primals];
  const ts: readonly unknown[] = Array.isArray(tangents) ? tangents : [tangents];
  const g = (...args: A): unknown => gradientOf(f, args, { argnums: all(xs) }, 'hvp').gradient;
  const product = productOf('hvp', g, xs, ts)[1] as unknown[];
  return (product.length === 1 ? product[0] : product) as never;
}
