import { simplifying, type Tensor } from '../ir/tensor.ts';
import { reshape } from '../ops/linear/layout.ts';
import { TraceError } from '../util/errors.ts';
import { rowsAtOnce } from './budget.ts';
import { chunkOf, identityRows, joined, startsOf } from './chunks.ts';
import { note } from './decisions.ts';
import { pushforward } from './jvp.ts';
import { accumulate, isForwardCheaper } from './order.ts';
import { markPass } from './roles.ts';
import { forwardBlocks, reverseBlocks, seedsLast, zeroBlock } from './seeds.ts';
import { pullback } from './vjp.ts';

/** How a Jacobian is accumulated. */
export type Mode = 'auto' | 'reverse' | 'forward';

export interface AccumulationOptions {
  /** `auto` (default) takes the cheapest order */
  readonly mode?: Mode;
  /** at most so many rows (seeds) at a time; of each sample in `batchJacobian`. Default: what memory allows */
  readonly chunk?: number;
}

/** @throws TraceError for what is no mode or chunk */
export function checkOptions({ mode, chunk }: AccumulationOptions, who: string): void {
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
  return simplifying(() => blocks(ys, xs, options));
}

function blocks(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  options: AccumulationOptions,
): Tensor[][] {
  const { mode = 'auto', chunk } = options;
  const seeds = total(mode === 'forward' ? xs : ys);
  if (chunk !== undefined || seeds > rowsAtOnce()) return chunked(ys, xs, mode, chunk);
  if (mode === 'reverse') {
    note({ order: 'reverse', reason: 'asked for', seeds: total(ys) });
    const rows = ys.map((y) => reverseBlocks(y, xs));
    markPass(ys, xs, rows.flat(), 'pulled back');
    return rows;
  }
  if (mode === 'forward') {
    note({ order: 'forward', reason: 'asked for', seeds: total(xs) });
    const columns = xs.map((x) => forwardBlocks(ys, x));
    markPass(ys, xs, columns.flat(), 'pushed forward');
    return ys.map((_, i) => columns.map((c) => c[i] as Tensor));
  }
  return accumulate(ys, xs);
}

/** Blocks with at most `chunk` seeds carried at a time: rows in reverse mode, columns in forward mode. */
function chunked(
  ys: readonly Tensor[],
  xs: readonly Tensor[],
  mode: Mode,
  asked: number | undefined,
): Tensor[][] {
  const forward = mode === 'forward' || (mode === 'auto' && isForwardCheaper(ys, xs));
  const seeds = total(forward ? xs : ys);
  const chunk = asked ?? chunkOf(seeds, rowsAtOnce(), forward ? [] : xs.map((x) => x.size));
  note({
    order: forward ? 'forward' : 'reverse',
    reason: `${Math.ceil(seeds / chunk)} chunks of at most ${chunk} ${forward ? 'columns' : 'rows'}`,
    seeds,
  });
  if (!forward) {
    const rows = ys.map((y) => chunkedRows(y, xs, chunk));
    markPass(ys, xs, rows.flat(), 'pulled back');
    return rows;
  }
  const columns = xs.map((x) => chunkedColumns(ys, x, chunk));
  markPass(ys, xs, columns.flat(), 'pushed forward');
  return ys.map((_, i) => columns.map((c) => c[i] as Tensor));
}

const total = (list: readonly Tensor[]): number => list.reduce((n, t) => n + t.size, 0);

/** Rows of the Jacobian of one output, `chunk` of them at a time, put together again. */
function chunkedRows(y: Tensor, xs: readonly Tensor[], chunk: number): Tensor[] {
  const n = y.size;
  const flat = reshape(y, [n]);
  const parts = startsOf(n, chunk).map((start) =>
    pullback([flat], [identityRows(n, start, chunk)], xs),
  );
  return xs.map((x, j) => {
    const own = parts.map((part) => part[j] ?? null);
    const all = joined(own, -1 - x.rank, n, chunk);
    return all ? reshape(all, [...y.shape, ...x.shape]) : zeroBlock(y, x);
  });
}

/** Columns of the Jacobian by one input, `chunk` of them at a time, put together again. */
function chunkedColumns(ys: readonly Tensor[], x: Tensor, chunk: number): Tensor[] {
  const n = x.size;
  const parts = startsOf(n, chunk).map((start) => {
    const rows = identityRows(n, start, chunk);
    return pushforward(ys, [x], [reshape(rows, [rows.shape[0] as number, ...x.shape])]);
  });
  return ys.map((y, i) => {
    const own = parts.map((part) => part[i] ?? null);
    const all = joined(own, -1 - y.rank, n, chunk);
    return all ? reshape(seedsLast(all, 1), [...y.shape, ...x.shape]) : zeroBlock(y, x);
  });
}
