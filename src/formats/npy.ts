import { FormatError } from '../util/errors.ts';

/** An array as a `.npy` file holds it. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;
}

const magic = [0x93, ...new TextEncoder().encode('NUMPY')];

const typeOf = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '<i4': Int32Array,
  '<u4': Uint32Array,
  '|u1': Uint8Array,
  '|b1': Uint8Array,
} as const;

const isKnown = (descr: string): descr is keyof typeof typeOf => descr in typeOf;

/**
 * Reads NumPy's `.npy` format, versions 1 to 3, little-endian and in row-major order.
 *
 * @throws FormatError if it is something else
 */
export function decodeNpy(bytes: Uint8Array): NpyArray {
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte))
    throw new FormatError('npy: not a .npy file; save it with numpy.save');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = (bytes[6] as number) >= 2;
  const headerLength = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (long ? 12 : 10) + headerLength;
  const header = new TextDecoder().decode(bytes.subarray(start - headerLength, start));

  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shapeText = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || shapeText === undefined)
    throw new FormatError(`npy: cannot read the header ${header.trim()}`);
  if (!isKnown(descr))
    throw new FormatError(
      `npy: dtype ${descr} is not among ${Object.keys(typeOf).join(' ')}; convert it with astype`,
    );
  if (order === 'True')
    throw new FormatError('npy: column-major order; save numpy.ascontiguousarray of it');

  const shape = shapeText
    .split(',')
    .filter((size) => size.trim())
    .map(Number);
  const length = shape.reduce((product, size) => product * size, 1);
  const Elements = typeOf[descr];
  const size = length * Elements.BYTES_PER_ELEMENT;
  if (bytes.length - start < size)
    throw new FormatError(
      `npy: shape [${shape.join()}] needs ${size} bytes, the file has ${bytes.length - start}`,
    );
  const data = new Uint8Array(bytes.subarray(start, start + size)); // a copy, and so aligned
  return { shape, data: new Elements(data.buffer) };
}

/** Writes NumPy's `.npy` format, version 1. */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array {
  const descr = Object.entries(typeOf).find(([, Elements]) => data instanceof Elements)?.[0];
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const start = Math.ceil((10 + header.length + 1) / 64) * 64; // the data is aligned to 64 bytes
  const bytes = new Uint8Array(start + data.byteLength).fill(0x20, 0, start);
  bytes.set([...magic, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes[start - 1] = 0x0a;
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}
