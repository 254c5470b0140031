import type { Direction } from '../ir/role.ts';
import type { Tensor } from '../ir/tensor.ts';
import { contract } from '../ops/contract.ts';
import { reshape } from '../ops/linear/layout.ts';
import { variableLike } from '../ops/source.ts';
import { cheapestOrder, describeOrder, type Order, type SegmentCost } from './chain.ts';
import { flopsBeyond } from './cost.ts';
import { note, type Segment } from './decisions.ts';
import { pushforward } from './jvp.ts';
import { ifLinear } from './linear.ts';
import { markDerivative, markFunction, markPass } from './roles.ts';
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
  readonly segments?: readonly Segment[];
  /** gives the nodes of its graph their roles */
  readonly mark: () => void;
}

const size = (list: readonly Tensor[]): number => list.reduce((n, t) => n + t.size, 0);

/**
 * The blocks of a Jacobian in the cheapest order: `blocks[i][j]` is `[...ys[i], ...xs[j]]`. Candidates
 * are pure reverse, pure forward, and for chains with a waist the best bracketing of their segments.
 * Costs are those of the graphs themselves, so symbolic identities and diagonals count for what they are.
 */
export function accumulate(ys: readonly Tensor[], xs: readonly Tensor[]): Tensor[][] {
  const backward = (): Candidate => {
    const blocks = ys.map((y) => reverseBlocks(y, xs));
    return {
      order: 'reverse',
      flops: flopsBeyond(blocks.flat(), ys),
      blocks,
      seeds: size(ys),
      mark: () => markPass(ys, xs, blocks.flat(), 'pulled back'),
    };
  };
  const forward = (): Candidate => {
    const columns = xs.map((x) => forwardBlocks(ys, x));
    const blocks = ys.map((_, i) => columns.map((c) => c[i] as Tensor));
    return {
      order: 'forward',
      flops: flopsBeyond(blocks.flat(), ys),
      blocks,
      seeds: size(xs),
      mark: () => markPass(ys, xs, blocks.flat(), 'pushed forward'),
    };
  };
  // a rule of the user's may have one direction only; where it has none, the second says so
  const first = ifLinear(backward);
  const second = first ? ifLinear(forward) : forward();
  const candidates = [first, second].filter((c) => c !== null);
  const pure = candidates.reduce((a, b) => (b.flops < a.flops ? b : a));
  const isFree = candidates.length === 2;
  const mixed = isFree && pure.flops > MIXED_SAVES_FLOPS ? mixedCandidate(ys, xs) : null;
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
  best.mark();
  return best.blocks;
}

/** Which of the two pure modes costs fewer FLOPs. */
export function isForwardCheaper(ys: readonly Tensor[], xs: readonly Tensor[]): boolean {
  const reverse = ifLinear(() => ys.flatMap((y) => reverseBlocks(y, xs)));
  const forward = ifLinear(() => xs.flatMap((x) => forwardBlocks(ys, x)));
  const cost = (blocks: Tensor[] | null): number => (blocks ? flopsBeyond(blocks, ys) : Infinity);
  return cost(forward) < cost(reverse);
}

/** Every block by the best bracketing of its chain; null where no chain has a boundary inside. */
function mixedCandidate(ys: readonly Tensor[], xs: readonly Tensor[]): Candidate | null {
  let anyInside = false;
  const words: string[] = [];
  const segments: Segment[] = [];
  const marks: (() => void)[] = [];
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
      marks.push(() => chain.mark(order));
      return chain.build(order);
    }),
  );
  if (!anyInside) return null;
  const flops = flopsBeyond(blocks.flat(), ys);
  const mark = (): void => marks.forEach((m) => m());
  return { order: `mixed ${words.join('; ')}`, flops, blocks, seeds, segments, mark };
}

/** The segments between the boundaries of one output and one input. */
class Chain {
  readonly #own = new Map<number, { readonly block: Tensor; readonly direction: Direction }>();

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
      own: flopsBeyond([this.#ownBlock(i).block], [y]),
    };
  }

  /** The Jacobian of one segment, in its cheaper mode. */
  #ownBlock(i: number): { readonly block: Tensor; readonly direction: Direction } {
    let own = this.#own.get(i);
    if (!own) {
      const [x, y] = [this.#node(i), this.#node(i + 1)];
      const reverse = reverseBlocks(y, [x])[0] as Tensor;
      const forward = forwardBlocks([y], x)[0] as Tensor;
      own =
        flopsBeyond([forward], [y]) < flopsBeyond([reverse], [y])
          ? { block: forward, direction: 'pushed forward' }
          : { block: reverse, direction: 'pulled back' };
      this.#own.set(i, own);
    }
    return own;
  }

  /** The block `[...nodes[order.to], ...nodes[order.from]]`. */
  build(order: Order): Tensor {
    const [x, y] = [this.#node(order.from), this.#node(order.to)];
    switch (order.move) {
      case 'own':
        return this.#ownBlock(order.from).block;
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
  moves(order: Order): Segment[] {
    const move = new Array<Direction>(this.nodes.length - 1);
    const products = new Set<number>();
    const walk = (o: Order): void => {
      switch (o.move) {
        case 'own':
          move[o.from] = this.#ownBlock(o.from).direction;
          break;
        case 'push':
          walk(o.first);
          move.fill('pushed forward', o.at, o.to);
          break;
        case 'pull':
          walk(o.last);
          move.fill('pulled back', o.from, o.at);
          break;
        case 'multiply':
          products.add(o.at);
          for (const half of [o.first, o.last])
            if (half.move === 'own') move[half.from] = 'multiplied';
            else walk(half);
      }
    };
    walk(order);
    return move.map((m, i) => ({
      size: this.#node(i + 1).size,
      move: m,
      ...(products.has(i + 1) && { product: true as const }),
    }));
  }

  /** Gives the nodes of the function and of its derivatives their roles. */
  mark(order: Order): void {
    this.moves(order).forEach(({ move }, i) => {
      markFunction([this.#node(i + 1)], [this.#node(i)], move);
    });
    this.#markMade(order);
  }

  #markMade(order: Order): void {
    if (order.move === 'push' || order.move === 'multiply') this.#markMade(order.first);
    if (order.move === 'pull' || order.move === 'multiply') this.#markMade(order.last);
    const direction = {
      own: this.#ownBlock(order.from).direction,
      push: 'pushed forward',
      pull: 'pulled back',
      multiply: 'multiplied',
    } as const;
    const end = this.nodes[this.nodes.length - 1] as Tensor;
    markDerivative([this.build(order)], [end], direction[order.move]);
  }
}

/** 12.3 M */
export function format(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toPrecision(3)} G`;
  if (n >= 1e6) return `${(n / 1e6).toPrecision(3)} M`;
  if (n >= 1e3) return `${(n / 1e3).toPrecision(3)} k`;
  return String(n);
}
