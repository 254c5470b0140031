import { unzipSync, zipSync } from 'fflate';
import { FormatError } from '../util/errors.ts';
import { emptyRecord, type FileArray, type NamedArrays } from './arrays.ts';
import { decodeNpy, encodeNpy } from './npy.ts';

export interface NpzOptions {
  /** most bytes that are unpacked; default 2 GiB */
  readonly maxBytes?: number;
}

/** Deflate makes nothing larger than this many times its size. */
const LARGEST_RATIO = 1032;

/**
 * Reads NumPy's `.npz` format: a zip file of `.npy` arrays, by their names without the ending.
 *
 * @throws FormatError for anything else, and for a file that would unpack to more than `maxBytes`
 */
export function decodeNpz(bytes: Uint8Array, options: NpzOptions = {}): Record<string, FileArray> {
  const { maxBytes = 2 ** 31 } = options;
  let total = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        total += originalSize;
        const sound =
          name.endsWith('.npy') &&
          size <= bytes.length &&
          originalSize <= size * LARGEST_RATIO + LARGEST_RATIO;
        if (!sound)
          throw new FormatError(
            `npz: ${JSON.stringify(name)} is not a file that numpy.savez writes`,
          );
        if (total > maxBytes)
          throw new FormatError(`npz: would unpack to more than ${maxBytes} bytes (maxBytes)`);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(
      `npz: not a whole zip file (${(error as Error).message}); save it with numpy.savez`,
      { cause: error },
    );
  }
  const arrays = emptyRecord<FileArray>();
  for (const [name, file] of Object.entries(files)) {
    const key = name.slice(0, -'.npy'.length);
    try {
      arrays[key] = decodeNpy(file);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new FormatError(`npz: ${JSON.stringify(key)}: ${error.message}`, { cause: error });
    }
  }
  return arrays;
}

/** Writes NumPy's `.npz` format, uncompressed like `numpy.savez` unless `compress` is given. */
export function encodeNpz(
  arrays: NamedArrays,
  { compress = false }: { readonly compress?: boolean } = {},
): Uint8Array {
  const files = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)]);
  return zipSync(Object.fromEntries(files) as Record<string, Uint8Array>, {
    level: compress ? 6 : 0,
  });
}
