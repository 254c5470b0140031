import type { Tensor } from '../ir/tensor.ts';
import { add } from '../ops/elementwise/arithmetic.ts';
import { embedDiagonal } from '../ops/linear/diagonal.ts';
import { pad, slice } from '../ops/linear/slice.ts';
import { full } from '../ops/source.ts';
import { range } from '../util/shape.ts';

/** The beginnings of parts of at most `chunk` of `n` elements. */
export const startsOf = (n: number, chunk: number): number[] =>
  range(Math.ceil(n / chunk)).map((c) => c * chunk);

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
