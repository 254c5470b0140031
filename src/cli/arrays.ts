import { dirname, join } from 'node:path';
import { FormatError } from '../index.ts';
import { readBytes } from './files.ts';

/** An array of a file, at the file's own precision. */
export interface FileArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

interface Entry {
  readonly shape: readonly number[];
  /** bytes from the beginning of the `bin` file */
  readonly offset: number;
  /** elements */
  readonly length: number;
}

/** Named arrays and what the header says beside them. */
export interface ArrayFile {
  readonly header: Readonly<Record<string, unknown>>;
  readonly arrays: ReadonlyMap<string, FileArray>;
}

/**
 * Reads a JSON header that lists arrays, and the little-endian `bin` file beside it.
 *
 * @throws FormatError if the two do not fit together
 */
export async function readArrayFile(path: string): Promise<ArrayFile> {
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder().decode(await readBytes(path))) as typeof header;
  } catch (e) {
    if (e instanceof SyntaxError) throw new FormatError(`${path}: not JSON: ${e.message}`);
    throw e;
  }
  const entries = (header.arrays ?? header.tensors) as Record<string, Entry> | undefined;
  if (typeof header.bin !== 'string' || !entries)
    throw new FormatError(`${path}: lists no arrays; it needs "bin" and "arrays" or "tensors"`);
  const { buffer } = await readBytes(join(dirname(path), header.bin));
  if (buffer.byteLength !== header.bytes)
    throw new FormatError(
      `${header.bin}: has ${buffer.byteLength} bytes, ${path} speaks of ${String(header.bytes)}`,
    );
  const Elements = header.dtype === 'float64' ? Float64Array : Float32Array;
  const arrays = new Map<string, FileArray>();
  for (const [name, { shape, offset, length }] of Object.entries(entries))
    arrays.set(name, { shape, data: new Elements(buffer, offset, length) });
  return { header, arrays };
}
