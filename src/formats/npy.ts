import { FormatError } from '../util/errors.ts';
import { formatShape } from '../util/shape.ts';
import { compact, elementCount, type FileArray } from './arrays.ts';
import { bytesOf, decodeElements, type ElementKind, type Elements } from './elements.ts';

const magic = [0x93, ...new TextEncoder().encode('NUMPY')];

/** NumPy's type codes, without the byte order. */
const kinds: Readonly<Record<string, ElementKind>> = {
  ...{ f2: 'f16', f4: 'f32', f8: 'f64', b1: 'bool' },
  ...{ i1: 'i8', i2: 'i16', i4: 'i32', i8: 'i64' },
  ...{ u1: 'u8', u2: 'u16', u4: 'u32', u8: 'u64' },
};

interface Header {
  readonly kind: ElementKind;
  readonly little: boolean;
  readonly columnMajor: boolean;
  readonly shape: readonly number[];
  /** where the elements begin */
  readonly start: number;
}

/**
 * Reads NumPy's `.npy` format, versions 1 to 3: floats, integers and bools of any byte order, in row-major
 * or column-major order. Integers become 32-bit ones where all fit, else doubles.
 *
 * @throws FormatError for anything else
 */
export function decodeNpy(bytes: Uint8Array): FileArray {
  const { kind, little, columnMajor, shape, start } = readHeader(bytes);
  const size = elementCount(shape, 'npy') * bytesOf(kind);
  if (bytes.byteLength - start < size)
    throw new FormatError(
      `npy: shape ${formatShape(shape)} takes ${size} bytes, the file has ${bytes.byteLength - start}`,
    );
  const stored = decodeElements(bytes.subarray(start, start + size), kind, little);
  const data = kind === 'i64' || kind === 'u64' ? compact(stored) : stored;
  return { shape, data: columnMajor ? rowMajor(data, shape) : data };
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte))
    throw new FormatError('npy: not a .npy file; save it with numpy.save');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = (bytes[6] as number) >= 2;
  const first = long ? 12 : 10;
  const start = first + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  if (start > bytes.length)
    throw new FormatError(`npy: the header ends at byte ${start}, the file has ${bytes.length}`);
  const header = new TextDecoder().decode(bytes.subarray(first, Math.min(start, first + 10_000)));

  const descr = /'descr':\s*'([^']{0,20})'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shapeText = /'shape':\s*\(([\d, ]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || shapeText === undefined)
    throw new FormatError(
      `npy: the header says no descr, fortran_order and shape, got ${JSON.stringify(header.trim().slice(0, 200))}`,
    );
  const code = descr.slice(1);
  const kind = Object.hasOwn(kinds, code) ? kinds[code] : undefined;
  if (!kind || !'<>|='.includes(descr[0] as string))
    throw new FormatError(
      `npy: elements are ${JSON.stringify(descr)}, expected one of ${Object.keys(kinds).join(' ')}; convert it with astype`,
    );
  const shape = shapeText
    .split(',')
    .filter((d) => d.trim())
    .map(Number);
  return { kind, little: descr[0] !== '>', columnMajor: order === 'True', shape, start };
}

/** Elements that lie column by column, row by row. */
function rowMajor(data: Elements, shape: readonly number[]): Elements {
  const out = data.slice();
  // strides of the file, and where the element at the present index lies
  const strides = shape.map((_, i) => shape.slice(0, i).reduce((a, b) => a * b, 1));
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[at] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      at -= (strides[axis] as number) * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  return out;
}

function codeOf(data: Elements): string {
  if (data instanceof Float32Array) return '<f4';
  if (data instanceof Float64Array) return '<f8';
  if (data instanceof Int32Array) return '<i4';
  if (data instanceof Uint32Array) return '<u4';
  return '|b1';
}

/** Writes NumPy's `.npy` format, version 1. A `Uint8Array` is one of bools. */
export function encodeNpy({ shape, data }: FileArray): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${codeOf(data)}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const start = Math.ceil((10 + header.length + 1) / 64) * 64; // the data is aligned to 64 bytes
  const bytes = new Uint8Array(start + data.byteLength).fill(0x20, 0, start);
  bytes.set([...magic, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes[start - 1] = 0x0a;
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}
