/** How a file stores the elements of an array. */
export type ElementKind =
  | ('f16' | 'bf16' | 'f32' | 'f64' | 'bool')
  | ('i8' | 'i16' | 'i32' | 'i64')
  | ('u8' | 'u16' | 'u32' | 'u64');

/** The elements of an array as numbers; a `Uint8Array` is one of bools (0 or 1). */
export type Elements = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

type Read = (view: DataView, at: number, little: boolean) => number;
type Make = (length: number) => Elements;

interface Kind {
  readonly bytes: number;
  readonly make: Make;
  readonly read: Read;
}

const f32: Make = (n) => new Float32Array(n);
const f64: Make = (n) => new Float64Array(n);
const i32: Make = (n) => new Int32Array(n);
const u32: Make = (n) => new Uint32Array(n);

const kind = (bytes: number, make: Make, read: Read): Kind => ({ bytes, make, read });

const kinds: Record<ElementKind, Kind> = {
  f16: kind(2, f32, (v, at, little) => float16(v.getUint16(at, little))),
  bf16: kind(2, f32, (v, at, little) => bfloat16(v.getUint16(at, little))),
  f32: kind(4, f32, (v, at, little) => v.getFloat32(at, little)),
  f64: kind(8, f64, (v, at, little) => v.getFloat64(at, little)),
  bool: kind(
    1,
    (n) => new Uint8Array(n),
    (v, at) => Number(v.getUint8(at) !== 0),
  ),
  i8: kind(1, i32, (v, at) => v.getInt8(at)),
  i16: kind(2, i32, (v, at, little) => v.getInt16(at, little)),
  i32: kind(4, i32, (v, at, little) => v.getInt32(at, little)),
  i64: kind(8, f64, (v, at, little) => Number(v.getBigInt64(at, little))),
  u8: kind(1, u32, (v, at) => v.getUint8(at)),
  u16: kind(2, u32, (v, at, little) => v.getUint16(at, little)),
  u32: kind(4, u32, (v, at, little) => v.getUint32(at, little)),
  u64: kind(8, f64, (v, at, little) => Number(v.getBigUint64(at, little))),
};

/** Bytes that an element takes in a file. */
export const bytesOf = (name: ElementKind): number => kinds[name].bytes;

/**
 * Elements from their bytes: those of integers and of half precision in arrays of 32-bit numbers, 64-bit
 * integers as doubles (exact up to 2^53).
 *
 * @param bytes as many as the elements take
 */
export function decodeElements(bytes: Uint8Array, name: ElementKind, little = true): Elements {
  const { bytes: each, make, read } = kinds[name];
  const length = bytes.byteLength / each;
  const data = make(length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // most of a file: one copy, which also aligns it
  if (name === 'f32' && little) new Uint8Array(data.buffer).set(bytes);
  else for (let i = 0; i < length; i++) data[i] = read(view, i * each, little);
  return data;
}

/** IEEE half precision from its bits. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
export function bfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}
