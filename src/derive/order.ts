import type { Tensor } from '../ir/tensor.ts';
import { contract } from '../ops/contract.ts';
import { reshape } from '../ops/linear/layout.ts';
import { variableLike } from '../ops/source.ts';
import { cheapestOrder, describeOrder, type Order, type SegmentCost } from './chain.ts';
import { flopsBeyond } from './cost.ts';
import { note, type Decision } from './decisions.ts';
import { pushforward } from './jvp.ts';
import { forwardBlocks, reverseBlocks, seedsFirst, seedsLast, zeroBlock } from './seeds.ts';
import { boundaries } from './segments.ts';
import { pullback } from './vjp.ts';

/** A mixed order must save this much of the better pure one, to pay for its dispatches. */
const MIXED_SAVES = 0.2;
const MIXED_SAVES_FLOPS = 1e5;

interface Candidate {
  readonly order: string;
  readonly flops: number;
  readonly blocks: Tensor[][];
  readonly seeds: number;
  readonly segments?: Decision['segments'];
}

const size = (list: readonly Tensor[]): number => list.reduce((n, t) => n + t.size, 0);

/**
 * The blocks of a Jacobian in the cheapest order: `blocks[i][j]` is `[...ys[i], ...xs[j]]`. Candidates
 * are pure reverse, pure forward, and for chains with a waist the best bracketing of their segments.
 * Costs are those of the graphs themselves, so symbolic identities and diagonals count for what they are.
 */
export function accumulate(ys: readonly Tensor[], xs: readonly Tensor[]): Tensor[][] {
  const reverse = ys.map((y) => reverseBlocks(y, xs));
  const columns = xs.map((x) => forwardBlocks(ys, x));
  const forward = ys.map((_, i) => columns.map((c) => c[i] as Tensor));
  const candidates: Candidate[] = [
    { order: 'reverse', flops: flopsBeyond(reverse.flat(), ys), blocks: reverse, seeds: size(ys) },
    { order: 'forward', flops: flopsBeyond(forward.flat(), ys), blocks: forward, seeds: size(xs) },
  ];
  const pure = candidates.reduce((a, b) => (b.flops < a.flops ? b : a));
  const mixed = pure.flops > MIXED_SAVES_FLOPS ? mixedCandidate(ys, xs) : null;
  if (mixed) candidates.push(mixed);
  const saved = mixed ? pure.flops - mixed.flops : 0;
  const best =
    mixed && saved > MIXED_SAVES_FLOPS && saved > MIXED_SAVES * pure.flops ? mixed : pure;
  note({
    order: best.order,
    reason: candidates.map((c) => `${c.order} ${format(c.flops)} FLOPs`).join(', '),
    seeds: best.seeds,
    candidates: candidates.map(({ order, flops }) => ({ order, flops })),
    ...(best.segments && { segments: best.segments }),
  });
  return best.blocks;
}

/** Which of the two pure modes costs fewer FLOPs. */
export function isForwardCheaper(ys: readonly Tensor[], xs: readonly Tensor[]): boolean {
  const reverse = ys.flatMap((y) => reverseBlocks(y, xs));
  const forward = xs.flatMap((x) => forwardBlocks(ys, x));
  return flopsBeyond(forward, ys) < flopsBeyond(reverse, ys);
}

/** Every block by the best bracketing of its chain; null where no chain has a boundary inside. */
function mixedCandidate(ys: readonly Tensor[], xs: readonly Tensor[]): Candidate | null {
  let anyInside = false;
  const words: string[] = [];
  const segments: { size: number; move: string }[] = [];
  let seeds = 0;
  const blocks = ys.map((y) =>
    xs.map((x) => {
      const nodes = boundaries(y, x);
      // no path, or an output that is the input itself
      if (nodes.length < 2) return reverseBlocks(y, [x])[0] as Tensor;
      const chain = new Chain(nodes);
      anyInside ||= nodes.length > 2;
      const { order } = chain.cheapest();
      words.push(describeOrder(order));
      segments.push(...chain.moves(order));
      seeds += chain.seeds(order);
      return chain.build(order);
    }),
  );
  if (!anyInside) return null;
  const flops = flopsBeyond(blocks.flat(), ys);
  return { order: `mixed ${words.join('; ')}`, flops, blocks, seeds, segments };
}

/** The segments between the boundaries of one output and one input. */
class Chain {
  readonly #own = new Map<number, Tensor>();

  constructor(private readonly nodes: readonly Tensor[]) {}

  #node(i: number): Tensor {
    return this.nodes[i] as Tensor;
  }

  cheapest(): { order: Order; flops: number } {
    const segments = this.nodes.slice(1).map((_, i) => this.#cost(i));
    return cheapestOrder(
      this.nodes.map((n) => n.size),
      segments,
    );
  }

  #cost(i: number): SegmentCost {
    const [x, y] = [this.#node(i), this.#node(i + 1)];
    const [t] = pushforward([y], [x], [variableLike(x)]);
    const [g] = pullback([y], [variableLike({ shape: y.shape, dtype: 'f32' })], [x]);
    return {
      push: t ? flopsBeyond([t], [y]) : 0,
      pull: g ? flopsBeyond([g], [y]) : 0,
      own: flopsBeyond([this.#ownBlock(i)], [y]),
    };
  }

  /** The Jacobian of one segment, in its cheaper mode. */
  #ownBlock(i: number): Tensor {
    let block = this.#own.get(i);
    if (!block) {
      const [x, y] = [this.#node(i), this.#node(i + 1)];
      const reverse = reverseBlocks(y, [x])[0] as Tensor;
      const forward = forwardBlocks([y], x)[0] as Tensor;
      block = flopsBeyond([forward], [y]) < flopsBeyond([reverse], [y]) ? forward : reverse;
      this.#own.set(i, block);
    }
    return block;
  }

  /** The block `[...nodes[order.to], ...nodes[order.from]]`. */
  build(order: Order): Tensor {
    const [x, y] = [this.#node(order.from), this.#node(order.to)];
    switch (order.move) {
      case 'own':
        return this.#ownBlock(order.from);
      case 'push': {
        const seeds = seedsFirst(this.build(order.first), x.rank);
        const [t] = pushforward([y], [this.#node(order.at)], [seeds]);
        return t ? seedsLast(t, x.rank) : zeroBlock(y, x);
      }
      case 'pull':
        return (
          pullback([this.#node(order.at)], [this.build(order.last)], [x])[0] ?? zeroBlock(y, x)
        );
      case 'multiply': {
        const middle = this.#node(order.at).size;
        const left = reshape(this.build(order.last), [y.size, middle, 1]);
        const right = reshape(this.build(order.first), [1, middle, x.size]);
        return reshape(contract(left, right, [-2]), [...y.shape, ...x.shape]);
      }
    }
  }

  /** Tangents and cotangents carried, over all sweeps. */
  seeds(order: Order): number {
    const [x, y] = [this.#node(order.from).size, this.#node(order.to).size];
    switch (order.move) {
      case 'own':
        return Math.min(x, y);
      case 'push':
        return this.seeds(order.first);
      case 'pull':
        return this.seeds(order.last);
      case 'multiply':
        return this.seeds(order.first) + this.seeds(order.last);
    }
  }

  /** What happens to each segment, from input to output. */
  moves(order: Order): { size: number; move: string }[] {
    const list = this.nodes.slice(1).map((n) => ({ size: n.size, move: 'own' }));
    const mark = (from: number, to: number, move: string): void => {
      for (let i = from; i < to; i++) list[i] = { size: this.#node(i + 1).size, move };
    };
    const walk = (o: Order): void => {
      if (o.move === 'push') {
        walk(o.first);
        mark(o.at, o.to, 'pushed forward');
      } else if (o.move === 'pull') {
        walk(o.last);
        mark(o.from, o.at, 'pulled back');
      } else if (o.move === 'multiply') {
        walk(o.first);
        walk(o.last);
      }
    };
    walk(order);
    return list;
  }
}

/** 12.3 M */
export function format(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toPrecision(3)} G`;
  if (n >= 1e6) return `${(n / 1e6).toPrecision(3)} M`;
  if (n >= 1e3) return `${(n / 1e3).toPrecision(3)} k`;
  return String(n);
}
