import { typedArrayFrom, type DType, type TypedArray } from '../../util/dtype.ts';
import { bfloat16, float16, type ElementKind, type Elements } from '../elements.ts';
import type { TensorProto } from './proto.ts';

/** An element type of the format and what it is here. */
export interface ElementType {
  readonly name: string;
  readonly kind: ElementKind;
  readonly dtype: DType;
  /** the elements of a tensor that has them as a list, not as bytes */
  readonly list: (proto: TensorProto) => readonly number[];
}

const element = (
  name: string,
  kind: ElementKind,
  dtype: DType,
  list: ElementType['list'] = (t) => t.int32Data,
): ElementType => ({ name, kind, dtype, list });

/** The element types that are read, by their number in the format. */
export const elementTypes: ReadonlyMap<number, ElementType> = new Map([
  [1, element('float', 'f32', 'f32', (t) => t.floatData)],
  [2, element('uint8', 'u8', 'i32')],
  [3, element('int8', 'i8', 'i32')],
  [4, element('uint16', 'u16', 'i32')],
  [5, element('int16', 'i16', 'i32')],
  [6, element('int32', 'i32', 'i32')],
  [7, element('int64', 'i64', 'i32', (t) => t.int64Data)],
  [9, element('bool', 'bool', 'bool')],
  [10, element('float16', 'f16', 'f32', (t) => t.int32Data.map(float16))],
  [11, element('double', 'f64', 'f32', (t) => t.doubleData)],
  [12, element('uint32', 'u32', 'u32', (t) => t.uint64Data)],
  [13, element('uint64', 'u64', 'u32', (t) => t.uint64Data)],
  [16, element('bfloat16', 'bf16', 'f32', (t) => t.int32Data.map(bfloat16))],
]);

/** Names of the element types that are not read. */
const others: Readonly<Record<number, string>> = {
  0: 'undefined',
  8: 'string',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
};

/** The element type's name, for errors. */
export const elementName = (type: number): string =>
  elementTypes.get(type)?.name ?? others[type] ?? `number ${type}`;

const within = (least: number, most: number) => (v: number) => Math.min(Math.max(v, least), most);

/** Elements as `dtype`; integers that do not fit become the nearest that does. */
export function narrowed(values: Elements | readonly number[], dtype: DType): TypedArray {
  if (dtype === 'f32' && values instanceof Float32Array) return values;
  if (dtype === 'i32') return Int32Array.from(values, within(-(2 ** 31), 2 ** 31 - 1));
  if (dtype === 'u32') return Uint32Array.from(values, within(0, 2 ** 32 - 1));
  return typedArrayFrom(dtype, values);
}
