import type { Tensor } from './ir/tensor.ts';
import { interpret } from './reference/interpret.ts';
import { traceFunction } from './trace/trace.ts';
import type { DType } from './util/dtype.ts';
import { HostArray } from './util/array.ts';
import { TraceError } from './util/errors.ts';
import { flattenTree } from './util/tree.ts';
import type { Shape } from './util/shape.ts';

/** A result of the float64 interpreter. */
export interface Float64Result {
  readonly shape: Shape;
  readonly dtype: DType;
  /** row-major */
  readonly data: Float64Array;
}

/** Result tree of `R` with a float64 array at each leaf. */
export type Evaluated<R> = R extends Tensor
  ? Float64Result
  : { -readonly [K in keyof R]: Evaluated<R[K]> };

/**
 * Runs a function of tensors in float64 on the host, synchronously: what `compile` is held against.
 * Arguments are host arrays and numbers, or trees of them; numbers keep their full precision.
 *
 * @throws TraceError for device arrays, which the host cannot read synchronously
 */
export function evaluate<A extends readonly unknown[], R>(
  f: (...args: never[]) => R,
  ...args: A
): Evaluated<R> {
  const { leaves } = flattenTree(args, () => false, 'evaluate', 'arguments');
  return traceFunction(f, args, 'evaluate', ({ inputs, outputs, build }) => {
    const given = new Map(inputs.map((x, i) => [x, elements(leaves[i])]));
    const data = interpret(outputs, given);
    return build(
      outputs.map(({ shape, dtype }, i): Float64Result => ({
        shape,
        dtype,
        data: data[i] as Float64Array,
      })),
    );
  }) as Evaluated<R>;
}

function elements(value: unknown): Float64Array {
  if (typeof value === 'number') return Float64Array.of(value);
  if (value instanceof HostArray) return Float64Array.from(value.data);
  throw new TraceError('evaluate: got a device array; read it first and pass array(...)');
}
