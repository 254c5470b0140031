import { HostArray } from '../../util/array.ts';
import { FormatError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { bytesOf, decodeElements } from '../elements.ts';
import { elementName, elementTypes, narrowed } from './elements.ts';
import type { TensorProto } from './proto.ts';

/** Bytes of another file, by the location that a tensor names. */
export type External = (location: string, what: string) => Uint8Array;

/**
 * The elements of a tensor of the file.
 *
 * @param what it is, for errors
 * @throws FormatError when its dimensions, type and data do not fit together
 */
export function readTensor(proto: TensorProto, external: External, what: string): HostArray {
  const type = elementTypes.get(proto.dataType ?? 0);
  if (!type)
    throw new FormatError(
      `${what}: elements are ${elementName(proto.dataType ?? 0)}, which cannot be read; convert it to float32 or int64`,
    );
  const length = lengthOf(proto.dims, what);
  const size = length * bytesOf(type.kind);
  const raw = proto.location === 1 ? externalBytes(proto, external, size, what) : proto.rawData;
  const shape = [...proto.dims];
  if (raw !== undefined) {
    if (raw.byteLength !== size)
      throw new FormatError(
        `${what}: ${type.name}${formatShape(shape)} takes ${size} bytes, got ${raw.byteLength}`,
      );
    return new HostArray(narrowed(decodeElements(raw, type.kind), type.dtype), shape, type.dtype);
  }
  const values = type.list(proto);
  if (values.length !== length)
    throw new FormatError(
      `${what}: ${type.name}${formatShape(shape)} has ${length} elements, got ${values.length}`,
    );
  return new HostArray(narrowed(values, type.dtype), shape, type.dtype);
}

/** Number of elements. @throws FormatError for lengths that cannot be */
function lengthOf(dims: readonly number[], what: string): number {
  if (dims.length > 32) throw new FormatError(`${what}: has ${dims.length} axes, 32 are the most`);
  const length = dims.reduce((n, d) => n * d, 1);
  if (dims.some((d) => !Number.isSafeInteger(d) || d < 0) || length > 2 ** 40)
    throw new FormatError(`${what}: has impossible dimensions ${formatShape(dims)}`);
  return length;
}

/** The part of another file where the elements are. */
function externalBytes(
  proto: TensorProto,
  external: External,
  size: number,
  what: string,
): Uint8Array {
  const entry = (key: string): string | undefined =>
    proto.external.find((e) => e.key === key)?.value;
  const location = entry('location');
  if (location === undefined)
    throw new FormatError(`${what}: its data is in another file, which it does not name`);
  const file = external(location, what);
  const number = (key: string, otherwise: number): number => {
    const text = entry(key);
    const value = text === undefined ? otherwise : /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (Number.isNaN(value)) throw new FormatError(`${what}: ${key} is not a number of bytes`);
    return value;
  };
  const offset = number('offset', 0);
  const length = number('length', size);
  if (offset + length > file.byteLength)
    throw new FormatError(
      `${what}: lies at byte ${offset} of ${JSON.stringify(location)}, ${length} bytes long; the file has ${file.byteLength}`,
    );
  return file.subarray(offset, offset + length);
}
