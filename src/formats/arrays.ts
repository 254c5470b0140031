import { FormatError } from '../util/errors.ts';
import { formatShape } from '../util/shape.ts';
import type { Elements } from './elements.ts';

/** An array as a file holds it, row-major. `array(data, shape)` makes it an argument. */
export interface FileArray {
  readonly shape: readonly number[];
  /** a `Uint8Array` is one of bools (0 or 1) */
  readonly data: Elements;
}

/** Arrays by name. */
export type NamedArrays = Readonly<Record<string, FileArray>>;

/** An object for names that come from a file: `__proto__` is a name like any other. */
export const emptyRecord = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

/** Number of elements. @throws FormatError for a shape that cannot be */
export function elementCount(shape: readonly unknown[], what: string): number {
  const ok = shape.every((d) => typeof d === 'number' && Number.isSafeInteger(d) && d >= 0);
  const count = (shape as readonly number[]).reduce((n, d) => n * d, 1);
  if (!ok || count > 2 ** 40 || shape.length > 64)
    throw new FormatError(`${what}: has an impossible shape ${formatShape(shape as number[])}`);
  return count;
}

/** 64-bit integers, read as doubles, in 32 bits where all fit. */
export function compact(data: Elements): Elements {
  if (data.every((v) => v === (v | 0))) return Int32Array.from(data);
  return data;
}
