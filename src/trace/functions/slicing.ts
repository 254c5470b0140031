import { isTensor, toTensor, type TensorLike } from '../../ops/operand.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { describe } from '../../ops/operand.ts';
import { ShapeError, TraceError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { axesOf, axisOf, whole, without, type Axes } from '../checks.ts';
import { named } from '../named.ts';
import * as op from '../primitives.ts';
import { joined } from './joining.ts';

/**
 * What of an axis is kept: `null` all of it, a number one element (the axis is dropped), a list the
 * elements from `start` to before `stop`, `step` apart.
 */
export type Range =
  null | number | readonly [start: number | null, stop: number | null, step?: number];

/**
 * Part of `x`: one range for each axis from the first on, missing ones keep their axis. Negative numbers
 * count from the end and a negative step goes backwards, as in NumPy; bounds beyond the axis are clamped.
 *
 * @throws ShapeError for a pick out of range, a step of 0 and more ranges than axes
 */
export const slice = named('slice', (x: TensorLike, ...ranges: Range[]): Tensor => {
  const t = toTensor(x, 'slice');
  if (ranges.length > t.rank)
    throw new ShapeError(
      `slice: got ${ranges.length} ranges for shape ${formatShape(t.shape)}; pass at most one for each axis`,
    );
  let y = t;
  const picked: number[] = [];
  ranges.forEach((range, i) => {
    const axis = i - t.rank;
    if (range === null || range === undefined) return;
    if (typeof range === 'number') {
      y = op.slice(y, axis, pickOf(t, i, range), 1);
      picked.push(axis);
    } else y = cut(y, axis, rangeOf(t, i, range));
  });
  return op.reshape(y, without(y.shape, picked));
});

function pickOf(x: Tensor, i: number, pick: number): number {
  const n = x.shape[i] as number;
  const at = whole('slice', 'a pick', pick);
  if (at < -n || at >= n)
    throw new ShapeError(
      `slice: pick ${pick} is out of range for axis ${i} of shape ${formatShape(x.shape)}; ${
        n === 0 ? 'the axis is empty' : `use ${-n} to ${n - 1}`
      }`,
    );
  return at < 0 ? at + n : at;
}

interface Steps {
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/** Python's `slice.indices`. */
function rangeOf(x: Tensor, i: number, range: unknown): Steps {
  if (isTensor(range))
    throw new TraceError(
      `slice: a range is known when tracing, got ${range.toString()}; for positions known at run time use take`,
    );
  if (!Array.isArray(range) || range.length < 2 || range.length > 3)
    throw new ShapeError(
      `slice: a range is null, a number, [start, stop] or [start, stop, step], got ${describe(range)} for axis ${i} of shape ${formatShape(x.shape)}`,
    );
  const [start, stop, by = 1] = range as [unknown, unknown, unknown];
  const n = x.shape[i] as number;
  const step = whole('slice', 'a step', by);
  if (step === 0)
    throw new ShapeError(
      `slice: a step is not 0, got [${range.join()}] for axis ${i} of shape ${formatShape(x.shape)}; use 1, or -1 to go backwards`,
    );
  const [least, most] = step > 0 ? [0, n] : [-1, n - 1];
  const bound = (value: unknown, open: number): number => {
    if (value === null || value === undefined) return open;
    const at = whole('slice', 'a bound', value);
    return Math.min(Math.max(at < 0 ? at + n : at, least), most);
  };
  const from = bound(start, step > 0 ? least : most);
  const to = bound(stop, step > 0 ? most : least);
  return { start: from, step, length: Math.max(0, Math.ceil((to - from) / step)) };
}

function cut(x: Tensor, axis: number, { start, step, length }: Steps): Tensor {
  if (length === 0) return op.slice(x, axis, 0, 0);
  if (step > 0) return op.slice(x, axis, start, length, step);
  return op.flip(op.slice(x, axis, start + (length - 1) * step, length, -step), axis);
}

/** `x` in reverse order along `axes`, all if omitted. @throws ShapeError for an axis that is not there */
export const flip = named('flip', (x: TensorLike, axes?: Axes): Tensor => {
  const t = toTensor(x, 'flip');
  return axesOf('flip', t, axes).reduce(op.flip, t);
});

/**
 * `x` moved by `shift` along `axis`: what leaves one end comes in at the other.
 *
 * @throws ShapeError for an axis that is not there
 */
export const roll = named('roll', (x: TensorLike, shift: number, axis: number): Tensor => {
  const t = toTensor(x, 'roll');
  return rolled(t, whole('roll', 'a shift', shift), axisOf('roll', t, axis));
});

export function rolled(x: Tensor, shift: number, axis: number): Tensor {
  const n = x.shape[x.rank + axis] as number;
  if (n === 0) return x;
  const s = ((shift % n) + n) % n;
  if (s === 0) return x;
  return joined([op.slice(x, axis, n - s, s), op.slice(x, axis, 0, n - s)], axis);
}
