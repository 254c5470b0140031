import type { Tensor } from '../ir/tensor.ts';
import { add } from '../ops/elementwise/arithmetic.ts';
import { embedDiagonal } from '../ops/linear/diagonal.ts';
import { pad, slice } from '../ops/linear/slice.ts';
import { full } from '../ops/source.ts';
import { ALIGNMENT } from '../ops/storage.ts';
import { BYTES_PER_ELEMENT } from '../util/dtype.ts';
import { range } from '../util/shape.ts';

/** The beginnings of parts of at most `chunk` of `n` elements. */
export const startsOf = (n: number, chunk: number): number[] =>
  range(Math.ceil(n / chunk)).map((c) => c * chunk);

/**
 * So many of `n` rows at a time, at most `most`. If there is such a number above half of that, one for which
 * each part of an array with so many elements in a row (`sizes`) can be written where it belongs; and if
 * there is, one that divides `n`.
 */
export function chunkOf(n: number, most: number, sizes: readonly number[]): number {
  if (most >= n) return n;
  const top = Math.max(1, most);
  const candidates = range(top - Math.floor(top / 2)).map((i) => top - i);
  const isAligned = (k: number): boolean =>
    sizes.every((size) => (k * size * BYTES_PER_ELEMENT) % ALIGNMENT === 0);
  const divides = (k: number): boolean => n % k === 0;
  return (
    candidates.find((k) => isAligned(k) && divides(k)) ??
    candidates.find(isAligned) ??
    candidates.find(divides) ??
    Math.ceil(n / Math.ceil(n / top))
  );
}

/** The rows `start ..` of the identity over `n`, at most `chunk` of them, symbolic like the whole. */
export function identityRows(n: number, start: number, chunk: number): Tensor {
  const identity = embedDiagonal(full([1, n], 1), -2, -1);
  return slice(identity, -2, start, Math.min(chunk, n - start));
}

/** Parts that follow each other along `axis` at multiples of `chunk`, put together; null parts are zero. */
export function joined(
  parts: readonly (Tensor | null)[],
  axis: number,
  n: number,
  chunk: number,
): Tensor | null {
  let all: Tensor | null = null;
  parts.forEach((part, c) => {
    if (!part) return;
    const start = c * chunk;
    const placed = pad(part, axis, start, n - start - (part.shape[part.rank + axis] as number));
    all = all ? add(all, placed) : placed;
  });
  return all;
}
