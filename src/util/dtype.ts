import { DTypeError } from './errors.ts';

/** Element types. `bool` is stored as one `u32` (0 or 1) per element on the GPU. */
export type DType = 'f32' | 'i32' | 'u32' | 'bool';

/** Host storage of each element type. */
export type TypedArray = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** Bytes of one element on the GPU, whatever its type. */
export const BYTES_PER_ELEMENT = 4;

/** The array type of each dtype. */
const constructors = {
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  bool: Uint8Array,
} as const;

/** @throws DTypeError for what is no dtype */
export function checkDType(dtype: unknown, who: string): void {
  if (typeof dtype !== 'string' || !Object.hasOwn(constructors, dtype))
    throw new DTypeError(
      `${who}: there is no dtype ${JSON.stringify(dtype)}; the dtypes are ${Object.keys(constructors).join(', ')}`,
    );
}

/** A zeroed host array of `length` elements of `dtype`. */
export function allocate(dtype: DType, length: number): TypedArray {
  return new constructors[dtype](length);
}

/** Host array of `dtype` from numbers; bool maps nonzero to 1. */
export function typedArrayFrom(dtype: DType, values: ArrayLike<number>): TypedArray {
  if (dtype !== 'bool') return constructors[dtype].from(values);
  const out = new Uint8Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i] ? 1 : 0;
  return out;
}
