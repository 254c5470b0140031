import type { Tensor } from '../ir/tensor.ts';
import { flopsBeyond } from './cost.ts';
import { note } from './decisions.ts';
import { forwardBlocks, reverseBlocks } from './seeds.ts';

/** The blocks of a Jacobian in the cheapest order: `blocks[i][j]` is `[...ys[i], ...xs[j]]`. */
export function accumulate(ys: readonly Tensor[], xs: readonly Tensor[]): Tensor[][] {
  const reverse = ys.map((y) => reverseBlocks(y, xs));
  const columns = xs.map((x) => forwardBlocks(ys, x));
  const forward = ys.map((_, i) => columns.map((c) => c[i] as Tensor));
  const candidates = [
    { order: 'reverse', flops: flopsBeyond(reverse.flat(), ys), blocks: reverse, seeds: size(ys) },
    { order: 'forward', flops: flopsBeyond(forward.flat(), ys), blocks: forward, seeds: size(xs) },
  ];
  const best = candidates.reduce((a, b) => (b.flops < a.flops ? b : a));
  const other = candidates.find((c) => c !== best) as (typeof candidates)[number];
  note({
    order: best.order,
    reason: `${best.order} costs ${format(best.flops)} FLOPs, ${other.order} ${format(other.flops)}`,
    seeds: best.seeds,
    candidates: candidates.map(({ order, flops }) => ({ order, flops })),
  });
  return best.blocks;
}

const size = (list: readonly Tensor[]): number => list.reduce((n, t) => n + t.size, 0);

/** 12.3 M */
export function format(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toPrecision(3)} G`;
  if (n >= 1e6) return `${(n / 1e6).toPrecision(3)} M`;
  if (n >= 1e3) return `${(n / 1e3).toPrecision(3)} k`;
  return String(n);
}
