import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape, sizeOf } from '../../util/shape.ts';
import { axesOf, without, type Axes } from '../checks.ts';
import { named } from '../named.ts';
import { float, numeric } from '../operands.ts';
import * as op from '../primitives.ts';
import { power } from './arithmetic.ts';

export interface ReduceOptions {
  /** keep the reduced axes with length 1 */
  readonly keepDims?: boolean;
}

/** A function that reduces some axes of its operand, all if they are omitted. */
export type Reduction = (x: TensorLike, axes?: Axes, options?: ReduceOptions) => Tensor;

/** `f` reduces `axes` (counted from the end) and keeps them with length 1. */
const reduction = (
  name: string,
  operand: (who: string, x: TensorLike) => Tensor,
  f: (x: Tensor, axes: readonly number[]) => Tensor,
): Reduction =>
  named(name, (x: TensorLike, axes?: Axes, options: ReduceOptions = {}): Tensor => {
    const t = operand(name, x);
    const over = axesOf(name, t, axes);
    return finish(f(t, over), over, options);
  });

/** `x` with its reduced axes, of length 1, kept or dropped. */
function finish(x: Tensor, axes: readonly number[], { keepDims = false }: ReduceOptions): Tensor {
  return keepDims ? x : op.reshape(x, without(x.shape, axes));
}

/** Number of elements reduced into one. */
export function countOf(x: Tensor, axes: readonly number[]): number {
  return sizeOf(axes.map((a) => x.shape[x.rank + a] as number));
}

/** The mean over `axes`, which stay with length 1. */
export function meanOf(x: Tensor, axes: readonly number[]): Tensor {
  return op.div(op.sum(x, axes), countOf(x, axes));
}

/** The mean over `axes` of squared deviations from the mean. */
export function varianceOf(x: Tensor, axes: readonly number[], correction = 0): Tensor {
  const deviation = op.sub(x, meanOf(x, axes));
  return op.div(op.sum(op.square(deviation), axes), Math.max(0, countOf(x, axes) - correction));
}

/** √x with derivative 0 at 0. */
export function rootOf(x: Tensor): Tensor {
  const zero = op.equal(x, 0);
  return op.where(zero, 0, op.sqrt(op.where(zero, 1, x)));
}

/** The largest element, as a constant to subtract: 0 where it is infinite. */
export function offsetOf(x: Tensor, axes: readonly number[]): Tensor {
  const top = op.stopGradient(op.max(x, axes));
  return op.where(op.equal(op.abs(top), Infinity), 0, top);
}

/** log Σ eˣ over `axes`, which stay with length 1; -∞ where nothing is added, with derivative 0. */
export function logsumexpOf(x: Tensor, axes: readonly number[]): Tensor {
  if (countOf(x, axes) === 0) return op.log(op.sum(x, axes));
  const offset = offsetOf(x, axes);
  const total = op.sum(op.exp(op.sub(x, offset)), axes);
  const nothing = op.equal(total, 0);
  return op.where(nothing, -Infinity, op.add(op.log(op.where(nothing, 1, total)), offset));
}

/** Product over `axes` as a tree of products: right with zeros, in derivatives of every order. */
export function productOf(x: Tensor, axes: readonly number[]): Tensor {
  let y = x;
  for (const axis of axes) y = productAlong(y, axis);
  return y;
}

function productAlong(x: Tensor, axis: number): Tensor {
  let y = x;
  let n = x.shape[x.rank + axis] as number;
  if (n === 0) {
    const shape = [...x.shape];
    shape[x.rank + axis] = 1;
    return op.full(shape, 1, x.dtype);
  }
  const odd: Tensor[] = [];
  while (n > 1) {
    const half = n >> 1;
    if (n % 2 === 1) odd.push(op.slice(y, axis, n - 1, 1));
    y = op.mul(op.slice(y, axis, 0, half), op.slice(y, axis, half, half));
    n = half;
  }
  return odd.reduce((p, q) => op.mul(p, q), y);
}

/** Sum over `axes`; that of bools counts them. @throws ShapeError for axes that are not there */
export const sum: Reduction = reduction('sum', numeric, op.sum);

/** Mean over `axes`; NaN of no elements. @throws ShapeError for axes that are not there */
export const mean: Reduction = reduction('mean', float, meanOf);

/** Product over `axes`. @throws ShapeError for axes that are not there */
export const prod: Reduction = reduction('prod', numeric, productOf);

const extremum = (name: string, f: (x: Tensor, axes: readonly number[]) => Tensor): Reduction =>
  reduction(name, numeric, (x, axes) => {
    checkSome(name, x, axes);
    return f(x, axes);
  });

/** @throws ShapeError when `axes` hold no elements */
export function checkSome(who: string, x: Tensor, axes: readonly number[]): void {
  if (countOf(x, axes) === 0)
    throw new ShapeError(
      `${who}: there is nothing to choose from, got shape ${formatShape(x.shape)}; reduce axes that are not empty`,
    );
}

/** Largest element over `axes`; ties share the derivative equally. @throws ShapeError for axes that are not there, or empty */
export const max: Reduction = extremum('max', op.max);

/** Smallest element over `axes`; ties share the derivative equally. @throws ShapeError for axes that are not there, or empty */
export const min: Reduction = extremum('min', op.min);

/** log Σ eˣ over `axes`, without overflow. @throws ShapeError for axes that are not there */
export const logsumexp: Reduction = reduction('logsumexp', float, logsumexpOf);

const asBool = (who: string, x: TensorLike): Tensor =>
  op.cast(op.cast(numeric(who, x), 'bool'), 'i32');

/** Whether an element over `axes` is nonzero. @throws ShapeError for axes that are not there */
export const any: Reduction = reduction('any', asBool, (x, axes) =>
  op.cast(countOf(x, axes) === 0 ? op.sum(x, axes) : op.max(x, axes), 'bool'),
);

/** Whether all elements over `axes` are nonzero. @throws ShapeError for axes that are not there */
export const all: Reduction = reduction('all', asBool, (x, axes) =>
  op.logicalNot(
    op.cast(countOf(x, axes) === 0 ? op.sum(x, axes) : op.max(op.sub(1, x), axes), 'bool'),
  ),
);

export interface VarianceOptions extends ReduceOptions {
  /** divide by n - correction: 0 for the variance of a population, 1 for the estimate from a sample */
  readonly correction?: number;
}

/** Mean squared deviation from the mean over `axes`. @throws ShapeError for axes that are not there */
export const variance = named(
  'variance',
  (x: TensorLike, axes?: Axes, options: VarianceOptions = {}): Tensor => {
    const t = float('variance', x);
    const over = axesOf('variance', t, axes);
    return finish(varianceOf(t, over, options.correction), over, options);
  },
);

/** Square root of the variance; its derivative is 0 where it is 0. @throws ShapeError for axes that are not there */
export const std = named(
  'std',
  (x: TensorLike, axes?: Axes, options: VarianceOptions = {}): Tensor => {
    const t = float('std', x);
    const over = axesOf('std', t, axes);
    return finish(rootOf(varianceOf(t, over, options.correction)), over, options);
  },
);

export interface NormOptions extends ReduceOptions {
  /** p of (Σ |x|ᵖ)^(1/p); Infinity: largest |x|, -Infinity: smallest, 0: number of nonzeros. Default 2 */
  readonly ord?: number;
}

/**
 * Norm of the vectors along `axes`, without axes of all entries; its derivative is 0 where it is 0.
 *
 * @throws ShapeError for axes that are not there
 */
export const norm = named(
  'norm',
  (x: TensorLike, axes?: Axes, options: NormOptions = {}): Tensor => {
    const t = float('norm', x);
    const over = axesOf('norm', t, axes);
    return finish(normOf(t, over, options.ord), over, options);
  },
);

/** The norm over `axes`, which stay with length 1. */
export function normOf(x: Tensor, axes: readonly number[], ord = 2): Tensor {
  if (ord === 2) return rootOf(op.sum(op.square(x), axes));
  const size = op.abs(x);
  if (ord === 1) return op.sum(size, axes);
  if (ord === 0) return op.sum(op.cast(op.notEqual(x, 0), 'f32'), axes);
  if (Math.abs(ord) === Infinity) {
    checkSome('norm', x, axes);
    return ord > 0 ? op.max(size, axes) : op.min(size, axes);
  }
  return powerAwayFromZero(op.sum(powerAwayFromZero(size, ord), axes), 1 / ord);
}

/** xᵖ, 0 (for p < 0: ∞) with derivative 0 where x is 0. */
function powerAwayFromZero(x: Tensor, p: number): Tensor {
  const zero = op.equal(x, 0);
  return op.where(zero, p > 0 ? 0 : Infinity, power(op.where(zero, 1, x), p));
}
