import { checkDType, typedArrayFrom, type DType, type TypedArray } from './dtype.ts';
import { DTypeError, ShapeError, TraceError } from './errors.ts';
import { checkShape, formatShape, sizeOf, type Shape } from './shape.ts';

/** A concrete array: on the host (`HostArray`) or on a device (`DeviceArray`). */
export abstract class ArrayValue {
  abstract readonly shape: Shape;
  abstract readonly dtype: DType;
}

/** Numbers nested to any depth; all rows of a level have the same length. */
export type Nested = number | boolean | readonly Nested[];

/** What `array` takes as data. */
export type ArrayData = TypedArray | Float64Array | Nested;

/** An array on the host: a shape, a dtype and its elements in row-major order. */
export class HostArray extends ArrayValue {
  constructor(
    readonly data: TypedArray,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {
    super();
  }

  /** The elements as nested JavaScript arrays. */
  toNested(): Nested {
    return nest(this.data, this.shape, this.dtype);
  }
}

/** Row-major elements as nested arrays of `shape`; a number for rank 0. */
export function nest(data: TypedArray, shape: Shape, dtype: DType): Nested {
  let at = 0;
  const build = (axis: number): Nested => {
    if (axis === shape.length) {
      const v = data[at++] as number;
      return dtype === 'bool' ? v !== 0 : v;
    }
    return Array.from({ length: shape[axis] as number }, () => build(axis + 1));
  };
  return build(0);
}

function dtypeOf(data: ArrayData): DType {
  if (data instanceof Int32Array) return 'i32';
  if (data instanceof Uint32Array) return 'u32';
  if (data instanceof Uint8Array) return 'bool';
  let first: unknown = data;
  while (Array.isArray(first)) first = first[0];
  return typeof first === 'boolean' ? 'bool' : 'f32';
}

/** Bytes are taken for bools only when they are: pixels would lose all but whether they are 0. */
function mustBeBools(data: Uint8Array, who: string): void {
  const other = data.find((v) => v > 1);
  if (other !== undefined)
    throw new DTypeError(
      `${who}: a Uint8Array is bool, 0 or 1, but holds ${other}; pass the dtype, array(data, shape, "f32"), or another typed array`,
    );
}

function flatten(data: Nested, who: string): { values: number[]; shape: number[] } {
  const shape: number[] = [];
  for (let d: Nested = data; Array.isArray(d); d = d[0] as Nested) {
    shape.push(d.length);
    if (d.length === 0) break;
  }
  const values: number[] = [];
  const walk = (d: Nested, axis: number): void => {
    if (axis === shape.length) {
      if (typeof d !== 'number' && typeof d !== 'boolean')
        throw new ShapeError(
          `${who}: expected numbers at depth ${axis}, got ${Array.isArray(d) ? 'a longer nesting' : typeof d}; make all rows the same length`,
        );
      values.push(Number(d));
      return;
    }
    if (!Array.isArray(d) || d.length !== shape[axis])
      throw new ShapeError(
        `${who}: rows differ in length, expected ${shape[axis]} entries at depth ${axis}, got ${Array.isArray(d) ? d.length : String(d)}; make all rows the same length`,
      );
    for (const e of d as readonly Nested[]) walk(e, axis + 1);
  };
  walk(data, 0);
  return { values, shape };
}

/**
 * A host array.
 *
 * @param data a typed array, a number, or nested numbers
 * @param shape axis lengths; omitted: that of the nesting, or `[length]` of a typed array
 * @param dtype omitted: that of the typed array (`Float64Array` is narrowed to f32), else `"f32"`
 * @throws ShapeError when the elements do not fill the shape
 * @throws DTypeError for a Uint8Array, which is bool, of other elements than 0 and 1
 */
export function array(data: ArrayData, shape?: Shape, dtype?: DType): HostArray {
  return hostArray(data, shape, dtype, 'array');
}

/** `array`, speaking in errors as the function `who`. */
export function hostArray(
  data: ArrayData,
  shape: Shape | undefined,
  dtype: DType | undefined,
  who: string,
): HostArray {
  const type = dtype ?? dtypeOf(data);
  checkDType(type, who);
  if (shape !== undefined) checkShape(shape, who);
  let values: ArrayLike<number>;
  let natural: Shape;
  if (ArrayBuffer.isView(data)) {
    if (data instanceof DataView || data instanceof BigInt64Array || data instanceof BigUint64Array)
      throw new DTypeError(
        `${who}: got a ${data.constructor.name}, which has no dtype here; convert it, for example to an Int32Array`,
      );
    values = data;
    if (dtype === undefined && type === 'bool') mustBeBools(data as Uint8Array, who);
    natural = [data.length];
  } else {
    if (typeof data !== 'number' && typeof data !== 'boolean' && !Array.isArray(data))
      throw new TraceError(
        `${who}: got ${data === null ? 'null' : typeof data}; pass a number, nested numbers or a typed array`,
      );
    ({ values, shape: natural } = flatten(data, who));
  }
  const target = shape ?? natural;
  if (sizeOf(target) !== values.length)
    throw new ShapeError(
      `${who}: shape ${formatShape(target)} has ${sizeOf(target)} elements, got ${values.length}; pass a shape that fits the data`,
    );
  return new HostArray(typedArrayFrom(type, values), [...target], type);
}
