import type { Tensor } from '../../src/ir/tensor.ts';
import { contract } from '../../src/ops/contract.ts';
import { mul, neg } from '../../src/ops/elementwise/arithmetic.ts';
import { embedDiagonal, takeDiagonal } from '../../src/ops/linear/diagonal.ts';
import { broadcast, reshape, sum, transpose } from '../../src/ops/linear/layout.ts';
import { flip, pad, slice } from '../../src/ops/linear/slice.ts';
import { full } from '../../src/ops/source.ts';
import { range, sizeOf, type Shape } from '../../src/util/shape.ts';
import type { Draw } from './draw.ts';

type Maker = (shape: Shape, depth: number) => Tensor;

const set = (shape: Shape, i: number, n: number): number[] =>
  shape.map((m, k) => (k === i ? n : m));

/**
 * An f32 tensor of a shape, of a structure that rewriting knows: a diagonal, zeros around, one number
 * everywhere, a permutation, a product, a sum.
 *
 * @param leaf makes a tensor that is only stored
 */
export function structured(
  d: Draw,
  leaf: (shape: Shape) => Tensor,
  shape: Shape,
  depth = 2,
): Tensor {
  const make: Maker = (s, left) => {
    if (left <= 0) return leaf(s);
    const made = d.pick(makers)(s, left - 1);
    return made ?? leaf(s);
  };
  const axis = (s: Shape): number => d.int(0, s.length - 1);
  const makers: readonly ((s: Shape, depth: number) => Tensor | null)[] = [
    (s) => full(s, d.pick([0, 1, -1, 2.5])),
    diagonal,
    diagonal,
    diagonal,
    (s, n) => {
      if (s.length === 0) return null;
      const i = axis(s);
      const low = d.int(0, s[i] as number);
      const high = d.int(0, (s[i] as number) - low);
      return pad(make(set(s, i, (s[i] as number) - low - high), n), i - s.length, low, high);
    },
    (s, n) => {
      const perm = d.shuffle(range(s.length));
      const from = s.map((_, i) => s[perm.indexOf(i)] as number);
      return transpose(make(from, n), perm);
    },
    (s, n) => reshape(make(d.pick([[sizeOf(s)], [1, ...s], [...s, 1]]), n), s),
    (s, n) =>
      broadcast(
        make(
          s.map((m) => (d.chance(0.4) ? 1 : m)),
          n,
        ),
        s,
      ),
    (s, n) => (s.length ? flip(make(s, n), axis(s) - s.length) : null),
    (s, n) => neg(make(s, n)),
    (s, n) => mul(make(s, n), make(s, n)),
    (s, n) => {
      const ones = range(s.length).filter((i) => s[i] === 1);
      if (ones.length === 0) return null;
      const i = d.pick(ones);
      return sum(make(set(s, i, 3), n), [i - s.length]);
    },
    (s, n) => {
      const ones = range(s.length).filter((i) => s[i] === 1);
      if (ones.length === 0) return null;
      const i = d.pick(ones);
      const long = set(s, i, 3);
      const own = long.map((m, k) => (k !== i && d.chance(0.4) ? 1 : m));
      return contract(make(long, n), make(own, n), [i - s.length]);
    },
    (s, n) => {
      if (s.length === 0) return null;
      const i = axis(s);
      const step = d.int(1, 2);
      const start = d.int(0, 2);
      return slice(
        make(set(s, i, start + step * (s[i] as number)), n),
        i - s.length,
        start,
        s[i] as number,
        step,
      );
    },
    (s, n) => {
      const i = s.indexOf(1);
      if (i < 0 || s.length < 2) return null;
      const b = d.pick(range(s.length).filter((k) => k !== i));
      return takeDiagonal(make(set(s, i, s[b] as number), n), i - s.length, b - s.length);
    },
  ];
  function diagonal(s: Shape, n: number): Tensor | null {
    const pairs = range(s.length).flatMap((a) =>
      range(s.length).flatMap((b) => (a !== b && s[a] === s[b] && s[a] !== 1 ? [[a, b]] : [])),
    );
    if (pairs.length === 0) return null;
    const [a, b] = d.pick(pairs) as [number, number];
    return embedDiagonal(make(set(s, a, 1), n), a - s.length, b - s.length);
  }
  return make(shape, depth);
}
