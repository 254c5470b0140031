import type { Tensor } from '../ir/tensor.ts';
import { isTensor, toTensor, type TensorLike } from '../ops/operand.ts';
import { broadcastShapes } from './checks.ts';
import * as op from './primitives.ts';

/** `x` as an f32 tensor: integers and bools are converted. */
export function float(who: string, x: TensorLike): Tensor {
  return op.cast(toTensor(x, who), 'f32');
}

/** `x` as a tensor of numbers: bools become i32. */
export function numeric(who: string, x: TensorLike): Tensor {
  const t = toTensor(x, who);
  return t.dtype === 'bool' ? op.cast(t, 'i32') : t;
}

/**
 * Operands as tensors of one dtype and equal rank that broadcast together. f32 with i32 is f32; numbers
 * take the dtype of the others (a fraction among integers makes all f32).
 *
 * @throws ShapeError when the shapes do not broadcast
 */
export function together(who: string, values: readonly TensorLike[]): Tensor[] {
  const operands = values.map((v) => (typeof v === 'number' ? v : toTensor(v, who)));
  const shapes = operands.filter(isTensor).map((x) => x.shape);
  broadcastShapes(who, shapes);
  let promoted = op.promote(operands);
  const beyondBool = promoted.some((x) => typeof x === 'number' && x !== 0 && x !== 1);
  if (beyondBool && promoted.some((x) => isTensor(x) && x.dtype === 'bool'))
    promoted = promoted.map((x) => (isTensor(x) ? op.cast(x, 'i32') : x));
  const dtype = promoted.find(isTensor)?.dtype ?? 'f32';
  const ones = new Array<number>(Math.max(0, ...shapes.map((s) => s.length))).fill(1);
  return promoted.map((x) => (isTensor(x) ? x : op.full(ones, x, dtype)));
}

/** `together`, with bools counted as integers. */
export function numericTogether(who: string, values: readonly TensorLike[]): Tensor[] {
  return together(
    who,
    values.map((v) => (typeof v === 'number' ? v : numeric(who, v))),
  );
}

/** `together`, as f32. */
export function floatTogether(who: string, values: readonly TensorLike[]): Tensor[] {
  return together(
    who,
    values.map((v) => (typeof v === 'number' ? v : float(who, v))),
  );
}

/** Numbers of one dtype, as `together` finds it, their shapes left alone. */
export function unified(who: string, values: readonly TensorLike[]): Tensor[] {
  const xs = values.map((v) => numeric(who, v));
  return ofOneType(xs);
}

/** Tensors of one dtype, the widest of theirs. */
export function ofOneType(xs: readonly Tensor[]): Tensor[] {
  const [first] = op.promote(xs.map((x) => op.full([], 0, x.dtype))) as [Tensor];
  return xs.map((x) => op.cast(x, first.dtype));
}

/** Σ a·b over `axes`, which stay with length 1; integers stay integers. */
export function contract(a: Tensor, b: Tensor, axes: readonly number[]): Tensor {
  return a.dtype === 'f32' ? op.contract(a, b, axes) : op.sum(op.mul(a, b), axes);
}
