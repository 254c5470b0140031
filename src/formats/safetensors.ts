import { FormatError } from '../util/errors.ts';
import { formatShape } from '../util/shape.ts';
import { compact, elementCount, emptyRecord, type FileArray, type NamedArrays } from './arrays.ts';
import { bytesOf, decodeElements, type ElementKind, type Elements } from './elements.ts';

const kinds: Readonly<Record<string, ElementKind>> = {
  ...{ F16: 'f16', BF16: 'bf16', F32: 'f32', F64: 'f64', BOOL: 'bool' },
  ...{ I8: 'i8', I16: 'i16', I32: 'i32', I64: 'i64' },
  ...{ U8: 'u8', U16: 'u16', U32: 'u32', U64: 'u64' },
};

/** What a `.safetensors` file holds. */
export interface Safetensors {
  readonly arrays: Record<string, FileArray>;
  /** texts by name that the file has beside its arrays */
  readonly metadata: Record<string, string>;
}

interface Entry {
  readonly name: string;
  readonly kind: ElementKind;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads the `.safetensors` format. Integers become 32-bit ones where all fit, else doubles.
 *
 * @throws FormatError for anything else: the header has to account for every byte once
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const { header, data } = parts(bytes);
  const metadata = emptyRecord<string>();
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') readMetadata(value, metadata);
    else entries.push(entryOf(name, value));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== at)
      throw new FormatError(
        `safetensors: ${JSON.stringify(name)} begins at byte ${begin} of the data, expected ${at}`,
      );
    at = end;
  }
  if (at !== data.byteLength)
    throw new FormatError(
      `safetensors: the arrays take ${at} bytes, the file has ${data.byteLength}`,
    );
  const arrays = emptyRecord<FileArray>();
  for (const { name, kind, shape, begin, end } of entries) {
    const stored = decodeElements(data.subarray(begin, end), kind);
    arrays[name] = { shape, data: kind === 'i64' || kind === 'u64' ? compact(stored) : stored };
  }
  return { arrays, metadata };
}

const isObject = (x: unknown): x is Record<string, unknown> =>
  typeof x === 'object' && x !== null && !Array.isArray(x);

function parts(bytes: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  if (bytes.length < 8) throw new FormatError('safetensors: has not even the 8 bytes of a length');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8)
    throw new FormatError(
      `safetensors: announces a header of ${length} bytes, ${bytes.length - 8} are left; is it a .safetensors file?`,
    );
  let header: unknown;
  try {
    header = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)),
    );
  } catch (cause) {
    throw new FormatError('safetensors: the header is not JSON; is it a .safetensors file?', {
      cause,
    });
  }
  if (!isObject(header)) throw new FormatError('safetensors: the header is not an object');
  return { header, data: bytes.subarray(8 + length) };
}

function readMetadata(value: unknown, metadata: Record<string, string>): void {
  if (!isObject(value)) throw new FormatError('safetensors: __metadata__ is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      throw new FormatError(`safetensors: metadata ${JSON.stringify(key)} is not a text`);
    metadata[key] = text;
  }
}

function entryOf(name: string, value: unknown): Entry {
  const what = `safetensors: ${JSON.stringify(name)}`;
  if (!isObject(value)) throw new FormatError(`${what}: is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  const kind = typeof dtype === 'string' && Object.hasOwn(kinds, dtype) ? kinds[dtype] : undefined;
  if (!kind)
    throw new FormatError(
      `${what}: elements are ${JSON.stringify(dtype)}, expected one of ${Object.keys(kinds).join(' ')}`,
    );
  if (!Array.isArray(shape)) throw new FormatError(`${what}: has no shape`);
  const size = elementCount(shape, what) * bytesOf(kind);
  const [begin, end] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || (begin as number) < 0)
    throw new FormatError(`${what}: has no data_offsets`);
  if ((end as number) - (begin as number) !== size)
    throw new FormatError(
      `${what}: ${String(dtype)}${formatShape(shape as number[])} takes ${size} bytes, data_offsets are [${String(begin)}, ${String(end)}]`,
    );
  return { name, kind, shape: shape as number[], begin: begin as number, end: end as number };
}

function dtypeOf(data: Elements): string {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof Int32Array) return 'I32';
  if (data instanceof Uint32Array) return 'U32';
  return 'BOOL';
}

/** Writes the `.safetensors` format. A `Uint8Array` is one of bools. */
export function encodeSafetensors(
  arrays: NamedArrays,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const header = emptyRecord<unknown>();
  if (metadata) header['__metadata__'] = metadata;
  let at = 0;
  // wide elements first, so that each array is aligned
  const entries = Object.entries(arrays).sort(
    ([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT,
  );
  for (const [name, { shape, data }] of entries) {
    const end = at + data.byteLength;
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [at, end] };
    at = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = Math.ceil((8 + text.length) / 8) * 8;
  const bytes = new Uint8Array(start + at).fill(0x20, 0, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  let offset = start;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}
