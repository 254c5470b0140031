import type { Op, Params, SourceOp } from '../ir/op.ts';
import { apply, type Tensor } from '../ir/tensor.ts';
import type { ArrayValue } from '../util/array.ts';
import { HostArray } from '../util/array.ts';
import type { DType } from '../util/dtype.ts';
import { UnsupportedError } from '../util/errors.ts';
import { sizeOf, type Shape } from '../util/shape.ts';

function source(
  name: string,
  evaluate: (params: Params, shape: Shape) => Float64Array,
  shape?: (params: Params) => Shape,
): SourceOp {
  return {
    name,
    family: 'source',
    shape: (_, p) => (shape ? shape(p) : (p['shape'] as Shape)),
    dtype: (_, p) => p['dtype'] as DType,
    evaluate: (_, p, s) => evaluate(p, s),
    derivative: '0',
  };
}

const inputOp = source('input', () => {
  throw new UnsupportedError(
    'input: an argument has no value of its own; give the interpreter one',
  );
});

const constantOp = source('constant', (p) => {
  const value = p['value'] as ArrayValue;
  if (!(value instanceof HostArray))
    throw new UnsupportedError(
      'reference: a captured DeviceArray lives on the GPU; capture array(...) to evaluate on the host',
    );
  return Float64Array.from(value.data);
});

const fullOp = source('full', (p, shape) =>
  new Float64Array(sizeOf(shape)).fill(p['value'] as number),
);

const iotaOp = source(
  'iota',
  (p) => Float64Array.from({ length: p['n'] as number }, (_, i) => i),
  (p) => [p['n'] as number],
);

/** Argument number `index` of the function being traced, or (index < 0) a fresh variable. */
export function input(index: number, shape: Shape, dtype: DType): Tensor {
  return apply(inputOp, [], { index, shape, dtype });
}

let fresh = 0;

/** A new variable, equal to no other: what the transform `of` differentiates or batches by. */
export function variableLike(
  x: { readonly shape: Shape; readonly dtype: DType },
  of = 'transform',
): Tensor {
  return apply(inputOp, [], { index: --fresh, shape: x.shape, dtype: x.dtype, of });
}

export function constant(value: ArrayValue): Tensor {
  return apply(constantOp, [], { value, shape: value.shape, dtype: value.dtype });
}

/** All elements equal to `value`. */
export function full(shape: Shape, value: number, dtype: DType = 'f32'): Tensor {
  return apply(fullOp, [], { value, shape, dtype });
}

/** 0, 1, 2, ..., n-1 */
export function iota(n: number, dtype: DType = 'i32'): Tensor {
  return apply(iotaOp, [], { n, dtype });
}

const is = (x: Tensor, op: Op): boolean => x.op === op;
export const isInput = (x: Tensor): boolean => is(x, inputOp);
export const isConstant = (x: Tensor): boolean => is(x, constantOp);
export const isIota = (x: Tensor): boolean => is(x, iotaOp);

/** The number all elements of `x` are known to be, if it was made by `full`. */
export function fullValue(x: Tensor): number | undefined {
  return is(x, fullOp) ? (x.params['value'] as number) : undefined;
}

export const sourceOps = [inputOp, constantOp, fullOp, iotaOp];
