import type { Tensor } from '../../ir/tensor.ts';
import { describe, toTensor, type TensorLike } from '../../ops/operand.ts';
import { ShapeError, TraceError } from '../../util/errors.ts';
import { formatShape, range, sameShape } from '../../util/shape.ts';
import { axisOf, perAxis, whole } from '../checks.ts';
import { named } from '../named.ts';
import { ofOneType } from '../operands.ts';
import * as op from '../primitives.ts';
import { insertAxis } from './layout.ts';

function list(who: string, xs: readonly TensorLike[]): Tensor[] {
  if (!Array.isArray(xs))
    throw new TraceError(`${who}: takes a list of tensors, got ${describe(xs)}; wrap them in [ ]`);
  if (xs.length === 0) throw new ShapeError(`${who}: got an empty list; pass at least one tensor`);
  return xs.map((x) => toTensor(x, who));
}

const shapesOf = (xs: readonly Tensor[]): string =>
  xs.map((x) => formatShape(x.shape)).join(' and ');

/**
 * Tensors one after another along `axis`; their other axes are equally long.
 *
 * @throws ShapeError when they are not
 */
export const concat = named('concat', (xs: readonly TensorLike[], axis: number = 0): Tensor => {
  const parts = list('concat', xs);
  const first = parts[0] as Tensor;
  const along = axisOf('concat', first, axis);
  const others = (x: Tensor): number[] => x.shape.filter((_, i) => i - x.rank !== along);
  if (!parts.every((x) => x.rank === first.rank && sameShape(others(x), others(first))))
    throw new ShapeError(
      `concat: inputs may differ along axis ${axis} only, got ${shapesOf(parts)}; reshape or slice one first`,
    );
  return joined(ofOneType(parts), along);
});

/** Parts of one dtype one after another along `axis` (counted from the end): a tree of sums of padded parts. */
export function joined(parts: readonly Tensor[], axis: number): Tensor {
  const lengths = parts.map((x) => x.shape[x.rank + axis] as number);
  const total = lengths.reduce((p, q) => p + q, 0);
  let at = 0;
  const padded = parts.map((x, i) => {
    const low = at;
    at += lengths[i] as number;
    return op.pad(x, axis, low, total - at);
  });
  const both = (padded[0] as Tensor).dtype === 'bool' ? op.logicalOr : op.add;
  return tree(
    padded.filter((_, i) => lengths[i] !== 0 || total === 0),
    both,
  );
}

function tree(xs: readonly Tensor[], both: (a: Tensor, b: Tensor) => Tensor): Tensor {
  if (xs.length === 1) return xs[0] as Tensor;
  const half = xs.length >> 1;
  return both(tree(xs.slice(0, half), both), tree(xs.slice(half), both));
}

/** Tensors of one shape along a new axis. @throws ShapeError when shapes differ */
export const stack = named('stack', (xs: readonly TensorLike[], axis: number = 0): Tensor => {
  const parts = list('stack', xs);
  const first = parts[0] as Tensor;
  if (!parts.every((x) => sameShape(x.shape, first.shape)))
    throw new ShapeError(
      `stack: inputs must share a shape, got ${shapesOf(parts)}; reshape one first`,
    );
  const grown = ofOneType(parts).map((x) => insertAxis('stack', x, axis));
  return joined(grown, axisOf('stack', grown[0] as Tensor, axis));
});

/**
 * `x` cut along `axis`: into `parts` equally long parts, or into parts of the given lengths.
 *
 * @throws ShapeError when the parts do not fill the axis
 */
export const split = named(
  'split',
  (x: TensorLike, parts: number | readonly number[], axis: number = 0): Tensor[] => {
    const t = toTensor(x, 'split');
    const along = axisOf('split', t, axis);
    const n = t.shape[t.rank + along] as number;
    const sizes =
      typeof parts === 'number'
        ? new Array<number>(whole('split', 'the number of parts', parts, 1)).fill(n / parts)
        : parts.map((size) => whole('split', 'the length of a part', size, 0));
    if (sizes.reduce((p, q) => p + q, 0) !== n || !sizes.every(Number.isInteger))
      throw new ShapeError(
        `split: axis ${axis} of shape ${formatShape(t.shape)} cannot be cut into ${
          typeof parts === 'number' ? `${parts} equal parts` : `parts of [${sizes.join()}]`
        }; give lengths that add up to ${n}`,
      );
    let at = 0;
    return sizes.map((size) => {
      const part = op.slice(t, along, size === 0 ? 0 : at, size);
      at += size;
      return part;
    });
  },
);

/** The elements of `x` along `axis`, each without that axis. @throws ShapeError for an axis that is not there */
export const unstack = named('unstack', (x: TensorLike, axis: number = 0): Tensor[] => {
  const t = toTensor(x, 'unstack');
  const along = axisOf('unstack', t, axis);
  const shape = t.shape.filter((_, i) => i - t.rank !== along);
  return range(t.shape[t.rank + along] as number).map((i) =>
    op.reshape(op.slice(t, along, i, 1), shape),
  );
});

/**
 * `x` beside itself: `repeats[i]` times along axis i. A shorter list speaks of the last axes, a longer one
 * adds axes in front.
 *
 * @throws ShapeError for repeats that are not whole numbers >= 0
 */
export const tile = named('tile', (x: TensorLike, repeats: number | readonly number[]): Tensor => {
  const given = toTensor(x, 'tile');
  const times = typeof repeats === 'number' ? [repeats] : [...repeats];
  const t = op.lead(given, times.length);
  while (times.length < t.rank) times.unshift(1);
  const counts = perAxis('tile', 'repeats', times, t.rank, 0);
  const apart = op.reshape(
    t,
    t.shape.flatMap((n) => [1, n]),
  );
  const repeated = op.broadcast(
    apart,
    t.shape.flatMap((n, i) => [counts[i] as number, n]),
  );
  return op.reshape(
    repeated,
    t.shape.map((n, i) => n * (counts[i] as number)),
  );
});

/** Each element of `x` `n` times along `axis`. @throws ShapeError for an axis that is not there */
export const repeat = named('repeat', (x: TensorLike, n: number, axis: number): Tensor => {
  const t = toTensor(x, 'repeat');
  return repeated(t, whole('repeat', 'the number of repeats', n, 0), axisOf('repeat', t, axis));
});

export function repeated(x: Tensor, n: number, axis: number): Tensor {
  const at = x.rank + axis + 1;
  const [before, after] = [x.shape.slice(0, at), x.shape.slice(at)];
  const many = op.broadcast(op.reshape(x, [...before, 1, ...after]), [...before, n, ...after]);
  return op.reshape(many, [...before.slice(0, -1), (before[at - 1] as number) * n, ...after]);
}
