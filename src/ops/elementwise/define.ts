import type { ElementwiseOp, Partial } from '../../ir/op.ts';
import { apply, type Tensor } from '../../ir/tensor.ts';
import type { DType } from '../../util/dtype.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape, sizeOf } from '../../util/shape.ts';
import { dim, broadcastShape } from '../axes.ts';
import { embedded, type Embedded } from '../embedded.ts';
import { alongDiagonal } from '../linear/diagonal.ts';
import { lead } from '../linear/layout.ts';
import { broadcastStrides, dot, eachIndex } from '../ndarray.ts';
import { full, fullValue } from '../source.ts';

/** A tensor, or a number that takes the dtype of the other operands. */
export type Operand = Tensor | number;

/** What an author of an elementwise op writes. */
export interface ElementwiseSpec {
  name: string;
  /** float64 meaning of one element */
  scalar: (...x: number[]) => number;
  /** WGSL expression */
  wgsl: (args: readonly string[], types: readonly DType[]) => string;
  /** approximate cost in multiply-adds; 1 unless said */
  flops?: number;
  /** factor, or function of the tangent, for each input; null: the derivative is zero */
  partials: (inputs: readonly Tensor[], y: Tensor) => readonly Partial[];
  derivative: string;
  /** dtype of the result; that of the last operand unless said */
  dtype?: (types: readonly DType[]) => DType;
  zeroPreserving?: readonly number[];
  rewrite?: (inputs: readonly Tensor[], shape: number[]) => Tensor | undefined;
}

/** Elementwise op from its specification; shape, derivatives, batching and fusion follow from the family. */
export function elementwise(arity: number, spec: ElementwiseSpec): ElementwiseOp {
  const op: ElementwiseOp = {
    family: 'elementwise',
    arity,
    name: spec.name,
    scalar: spec.scalar,
    wgsl: spec.wgsl,
    flops: spec.flops ?? 1,
    partials: spec.partials,
    derivative: spec.derivative,
    zeroPreserving: spec.zeroPreserving ?? [],
    shape(inputs) {
      const shape = broadcastShape(inputs);
      if (shape.includes(-1))
        throw new ShapeError(
          `${spec.name}: shapes do not broadcast, got ${inputs.map((x) => formatShape(x.shape)).join(' and ')}; align them from the right or reshape one`,
        );
      return shape;
    },
    dtype: (inputs) => {
      const types = inputs.map((x) => x.dtype);
      return spec.dtype ? spec.dtype(types) : (types[types.length - 1] as DType);
    },
    evaluate(inputs, _, shape) {
      const out = new Float64Array(sizeOf(shape));
      const strides = inputs.map((x) => broadcastStrides(x.shape));
      const args = new Array<number>(inputs.length);
      eachIndex(shape, (at, i) => {
        inputs.forEach((x, k) => (args[k] = x.data[dot(at, strides[k] as number[])] as number));
        out[i] = spec.scalar(...args);
      });
      return out;
    },
    rewrite(inputs) {
      const shape = op.shape(inputs, {}) as number[];
      const values = inputs.map(fullValue);
      if (values.every((v) => v !== undefined))
        return full(
          shape,
          roundTo(op.dtype(inputs, {}), spec.scalar(...values)),
          op.dtype(inputs, {}),
        );
      return spec.rewrite?.(inputs, shape) ?? throughDiagonal(op, inputs);
    },
  };
  return op;
}

const roundTo = (dtype: DType, v: number): number =>
  dtype === 'f32' ? v : dtype === 'bool' ? Number(v !== 0) : Math.trunc(v);

/** f(D(v), w) = D(f(v, diagonal of w)), where f(0, w) = 0 and D puts a vector on a diagonal. */
function throughDiagonal(op: ElementwiseOp, inputs: readonly Tensor[]): Tensor | undefined {
  for (const k of op.zeroPreserving) {
    const e = embedded(inputs[k] as Tensor);
    if (e) return e.again(onDiagonal(op, inputs, e));
  }
  return undefined;
}

/** `op` of the diagonals of its inputs, along axes `a` and `b` of `e`. */
export function onDiagonal(op: ElementwiseOp, inputs: readonly Tensor[], e: Embedded): Tensor {
  return apply(
    op,
    inputs.map((x) => alongDiagonal(x, e.a, e.b)),
  );
}

/** Whether `x` and `y` are both diagonal in the same two axes. */
export function sameDiagonal(x: Tensor, y: Tensor): Embedded | null {
  const e = embedded(x);
  const f = embedded(y);
  return e && f && e.a === f.a && e.b === f.b && dim(x, e.a) === dim(y, f.a) ? e : null;
}

/** Operands as tensors of equal rank; numbers take the dtype of the first tensor (f32 for a fraction). */
export function align(operands: readonly Operand[]): Tensor[] {
  const tensors = operands.filter((x): x is Tensor => typeof x !== 'number');
  const type = tensors.find((t) => t.dtype !== 'bool')?.dtype ?? 'f32';
  const rank = Math.max(0, ...tensors.map((t) => t.rank));
  return operands.map((x) => {
    if (typeof x !== 'number') return lead(x, rank);
    return full(new Array<number>(rank).fill(1), x, Number.isInteger(x) ? type : 'f32');
  });
}

/** Function of one operand applying `op`. */
export function unary(
  spec: Omit<ElementwiseSpec, 'wgsl'> & { wgsl: (x: string, type: DType) => string },
): {
  op: ElementwiseOp;
  call: (x: Tensor) => Tensor;
} {
  const op = elementwise(1, {
    ...spec,
    wgsl: ([x], [type]) => spec.wgsl(x as string, type as DType),
  });
  return { op, call: (x) => apply(op, [x]) };
}

/** Function of two operands applying `op`, with numbers allowed. */
export function binary(
  spec: Omit<ElementwiseSpec, 'wgsl'> & {
    wgsl: (x: string, y: string, type: DType) => string;
  },
): { op: ElementwiseOp; call: (a: Operand, b: Operand) => Tensor } {
  const op = elementwise(2, {
    ...spec,
    wgsl: ([x, y], [type]) => spec.wgsl(x as string, y as string, type as DType),
  });
  return { op, call: (a, b) => apply(op, align([a, b])) };
}
