import { literally, simplifying, type Tensor } from '../ir/tensor.ts';
import { rebuild } from '../ir/walk.ts';
import { takeDiagonal } from '../ops/linear/diagonal.ts';
import { lead, reshape, sum } from '../ops/linear/layout.ts';
import { toTensor } from '../ops/operand.ts';
import { full, variableLike } from '../ops/source.ts';
import { DTypeError, ShapeError, TraceError } from '../util/errors.ts';
import { formatShape, range, sameShape } from '../util/shape.ts';
import { callOnVariables, checkNames, resolveArgnums, type Call } from './arguments.ts';
import { jacobianBlocks, type AccumulationOptions } from './jacobian.ts';
import type { JacobianOptions, TensorFunction } from './types.ts';
import { pullback } from './vjp.ts';

/** Single tensors x and y of a function of (at least) one tensor. */
function single(
  f: TensorFunction,
  args: readonly unknown[],
  options: JacobianOptions,
  who: string,
): { call: Call; x: Tensor; y: Tensor } {
  checkNames(options, who);
  const argnums = options.argnums ?? 0;
  if (typeof argnums !== 'number')
    throw new TraceError(`${who}: takes one argnum, got a list; differentiate by one argument`);
  const positions = resolveArgnums(argnums, args.length, who);
  const call = callOnVariables(f, args, positions, who, { hasAux: options.hasAux ?? false });
  const [x] = call.variables;
  const [y] = call.output.leaves;
  if (!x || !y || call.variables.length > 1 || call.output.leaves.length > 1)
    throw new TraceError(
      `${who}: takes a function of one tensor that returns one tensor, got ${call.variables.length} -> ${call.output.leaves.length}; use jacobian for trees`,
    );
  mustBeF32(y, who);
  return { call, x, y };
}

function mustBeF32(y: Tensor, who: string): void {
  if (y.dtype !== 'f32')
    throw new DTypeError(
      `${who}: the output is ${y.dtype}, which has no derivative; cast it to f32`,
    );
}

function mustBeSquare(y: Tensor, x: Tensor, who: string): void {
  if (!sameShape(y.shape, x.shape))
    throw new ShapeError(
      `${who}: input and output must have one shape, got ${formatShape(x.shape)} -> ${formatShape(y.shape)}; only a square Jacobian has a diagonal`,
    );
}

/** `[...shape, ...shape]` (after any leading axes) -> its diagonal, `shape`. */
function diagonalOf(j: Tensor, rank: number): Tensor {
  const leading = j.shape.slice(0, j.rank - 2 * rank);
  const shape = j.shape.slice(j.rank - rank);
  let d = j;
  for (const i of range(rank)) d = takeDiagonal(d, i - 2 * rank, i - rank);
  return reshape(d, [...leading, ...shape]);
}

const blockOf = (y: Tensor, x: Tensor, options: AccumulationOptions, who: string): Tensor =>
  (jacobianBlocks([y], [x], options, who)[0] as Tensor[])[0] as Tensor;

function diagonalBlock(y: Tensor, x: Tensor, options: AccumulationOptions, who: string): Tensor {
  mustBeSquare(y, x, who);
  return diagonalOf(blockOf(y, x, options, who), x.rank);
}

const allAxes = (rank: number): number[] => range(rank).map((i) => i - rank);

/** Sum of the last `rank` axes, which go. */
function total(x: Tensor, rank: number): Tensor {
  return reshape(sum(x, allAxes(rank)), x.shape.slice(0, x.rank - rank));
}

/** Σ_i ∂²y/∂x_i², in the shape of `y`. */
function laplacianOf(y: Tensor, x: Tensor, options: AccumulationOptions): Tensor {
  const first = blockOf(y, x, options, 'laplacian');
  const second = blockOf(first, x, options, 'laplacian');
  return total(diagonalOf(second, x.rank), x.rank);
}

const finish = (call: Call, result: Tensor, options: JacobianOptions): unknown => {
  const [bound] = call.bind([result]);
  return options.hasAux ? [bound, call.aux] : bound;
};

/**
 * The diagonal of the Jacobian of a function that keeps shape: a tensor of that shape. An elementwise
 * function of n variables costs n; no Jacobian is formed for the parts that are diagonal.
 */
export function jacobianDiagonal(
  f: TensorFunction,
  options: JacobianOptions = {},
): (...args: unknown[]) => Tensor {
  return (...args) => {
    const { call, x, y } = single(f, args, options, 'jacobianDiagonal');
    const d = simplifying(() => diagonalBlock(y, x, options, 'jacobianDiagonal'));
    return finish(call, d, options) as Tensor;
  };
}

/** Σ_i ∂y_i/∂x_i of a function that keeps shape: a scalar. */
export function divergenceOfFunction(
  f: TensorFunction,
  options: JacobianOptions = {},
): (...args: unknown[]) => Tensor {
  return (...args) => {
    const { call, x, y } = single(f, args, options, 'divergence');
    const trace = simplifying(() => {
      const d = diagonalBlock(y, x, options, 'divergence');
      return total(d, d.rank);
    });
    return finish(call, trace, options) as Tensor;
  };
}

/** Σ_i ∂²y/∂x_i² for every output, in the shape of the output. Only the diagonal of the Hessian is formed. */
export function laplacianOfFunction(
  f: TensorFunction,
  options: JacobianOptions = {},
): (...args: unknown[]) => Tensor {
  return (...args) => {
    const { call, x, y } = single(f, args, options, 'laplacian');
    const sum = simplifying(() => laplacianOf(y, x, options));
    return finish(call, sum, options) as Tensor;
  };
}

/** Tensors given to the forms for use inside a traced function. */
function pair(y: unknown, x: unknown, who: string): [Tensor, Tensor] {
  const [ty, tx] = [toTensor(y, who), toTensor(x, who)];
  mustBeF32(ty, who);
  if (tx.dtype !== 'f32')
    throw new DTypeError(
      `${who}: cannot differentiate by ${tx.dtype}; cast it to f32 before using it`,
    );
  return [ty, tx];
}

/**
 * What `derive` gives for `y` as a function of `x`. `x` may lie in the middle of the graph, and stays on
 * the way to `y` although derivatives are simplified: it is a variable meanwhile.
 */
function between(y: Tensor, x: Tensor, derive: (y: Tensor, x: Tensor) => Tensor): Tensor {
  const v = variableLike(x);
  const [cut] = literally(() => rebuild([y], new Map([[x, v]]), lead)) as [Tensor];
  const result = simplifying(() => derive(cut, v));
  return literally(() => rebuild([result], new Map([[v, x]]), lead))[0] as Tensor;
}

/**
 * The gradient of `y` by `x`, both tensors of a traced function: `x`'s shape. `cotangent` weighs the
 * elements of `y`, and may be left out where `y` has one.
 */
export function gradient(y: Tensor, x: Tensor, cotangent?: unknown): Tensor {
  const [ty, tx] = pair(y, x, 'gradient');
  if (cotangent === undefined && ty.size !== 1)
    throw new ShapeError(
      `gradient: y has shape ${formatShape(ty.shape)}; pass a cotangent of that shape, sum y, or use jacobian(y, x)`,
    );
  const g = cotangent === undefined ? full(ty.shape, 1) : toTensor(cotangent, 'gradient');
  if (!sameShape(g.shape, ty.shape))
    throw new ShapeError(
      `gradient: the cotangent must have y's shape ${formatShape(ty.shape)}, got ${formatShape(g.shape)}`,
    );
  return between(ty, tx, (a, b) => pullback([a], [g], [b])[0] ?? full(b.shape, 0));
}

/** The Jacobian of `y` by `x`, both tensors of a traced function: `[...y, ...x]`. */
export function jacobianOfTensors(y: Tensor, x: Tensor, options: AccumulationOptions = {}): Tensor {
  return between(...pair(y, x, 'jacobian'), (a, b) => blockOf(a, b, options, 'jacobian'));
}

/** Σ_i ∂y_i/∂x_i of two tensors of a traced function with one shape. */
export function divergenceOfTensors(y: Tensor, x: Tensor): Tensor {
  return between(...pair(y, x, 'divergence'), (a, b) => {
    const d = diagonalBlock(a, b, {}, 'divergence');
    return total(d, d.rank);
  });
}

/** Σ_i ∂²y/∂x_i² of two tensors of a traced function, in the shape of `y`. */
export function laplacianOfTensors(y: Tensor, x: Tensor): Tensor {
  return between(...pair(y, x, 'laplacian'), (a, b) => laplacianOf(a, b, {}));
}
