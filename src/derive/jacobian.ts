import type { Tensor } from '../ir/tensor.ts';
import { add } from '../ops/elementwise/arithmetic.ts';
import { embedDiagonal } from '../ops/linear/diagonal.ts';
import { reshape } from '../ops/linear/layout.ts';
import { pad, slice } from '../ops/linear/slice.ts';
import { full } from '../ops/source.ts';
import { TraceError } from '../util/errors.ts';
import { range } from '../util/shape.ts';
import { accumulate } from './order.ts';
import { note } from './decisions.ts';
import { forwardBlocks, reverseBlocks, zeroBlock } from './seeds.ts';
import { pullback } from './vjp.ts';

/** How a Jacobian is accumulated. */
export type Mode = 'auto' | 'reverse' | 'forward';

export interface AccumulationOptions {
  /** `auto` (default) takes the cheapest order */
  readonly mode?: Mode;
  /** at most so many rows (seeds) at a time */
  readonly chunk?: number;
}

function checkOptions({ mode, chunk }: AccumulationOptions, who: string): void {
  if (mode !== undefined && !['auto', 'reverse', 'forward'].includes(mode))
    throw new TraceError(
      `${who}: mode is "auto", "reverse" or "forward", got ${JSON.stringify(mode)}`,
    );
  if (chunk !== undefined && (!Number.isInteger(chunk) || chunk < 1))
    throw new TraceError(`${who}: chunk is a whole number >= 1, got ${String(chunk)}`);
}

/**
 * Jacobian blocks of every output by every input: `blocks[i][j]` has shape `[...ys[i], ...xs[j]]`.
 * The inputs may be any nodes of the graph.
 */
export function jacobianBlocks(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  options: AccumulationOptions,
  who: string,
): Tensor[][] {
  checkOptions(options, who);
  if (options.chunk !== undefined)
    return ys.map((y) => chunkedRows(y, xs, options.chunk as number));
  const mode = options.mode ?? 'auto';
  if (mode === 'reverse') {
    note({ order: 'reverse', reason: 'asked for', seeds: total(ys) });
    return ys.map((y) => reverseBlocks(y, xs));
  }
  if (mode === 'forward') {
    note({ order: 'forward', reason: 'asked for', seeds: total(xs) });
    const columns = xs.map((x) => forwardBlocks(ys, x));
    return ys.map((_, i) => columns.map((c) => c[i] as Tensor));
  }
  return accumulate(ys, xs);
}

const total = (list: readonly Tensor[]): number => list.reduce((n, t) => n + t.size, 0);

/** Rows of the Jacobian of one output, `chunk` of them at a time, put together again. */
function chunkedRows(y: Tensor, xs: readonly Tensor[], chunk: number): Tensor[] {
  const n = y.size;
  note({
    order: 'reverse',
    reason: `${Math.ceil(n / chunk)} chunks of at most ${chunk} rows, as asked for`,
    seeds: n,
  });
  if (n === 0) return xs.map((x) => zeroBlock(y, x));
  const flat = reshape(y, [n]);
  const identity = embedDiagonal(full([1, n], 1), -2, -1);
  const parts = range(Math.ceil(n / chunk)).map((c) => {
    const start = c * chunk;
    const rows = slice(identity, -2, start, Math.min(chunk, n - start));
    return pullback([flat], [rows], xs);
  });
  return xs.map((x, j) => {
    let all: Tensor | null = null;
    parts.forEach((part, c) => {
      const rows = part[j];
      if (!rows) return;
      const axis = -1 - x.rank;
      const start = c * chunk;
      const placed = pad(rows, axis, start, n - start - (rows.shape[0] as number));
      all = all ? add(all, placed) : placed;
    });
    return all ? reshape(all, [...y.shape, ...x.shape]) : zeroBlock(y, x);
  });
}
