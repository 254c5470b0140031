import type { Tensor } from '../ir/tensor.ts';
import { describe } from '../ops/operand.ts';
import { ShapeError } from '../util/errors.ts';
import { formatShape, range, type Shape } from '../util/shape.ts';

/** Axes to reduce: one, several, or (omitted) all. Negative ones count from the end. */
export type Axes = number | readonly number[];

type HasShape = { readonly shape: Shape };

/**
 * `axis` of `x`, counted from the end (< 0).
 *
 * @throws ShapeError when `x` has no such axis
 */
export function axisOf(who: string, x: HasShape, axis: unknown): number {
  const rank = x.shape.length;
  if (typeof axis !== 'number' || !Number.isInteger(axis))
    throw new ShapeError(
      `${who}: an axis is a whole number, got ${describe(axis)}; axes of ${formatShape(x.shape)} count from 0, or from -1 backwards`,
    );
  if (axis < -rank || axis >= rank)
    throw new ShapeError(
      `${who}: axis ${axis} is out of range for shape ${formatShape(x.shape)}; ${
        rank === 0 ? 'a scalar has no axes' : `use ${-rank} to ${rank - 1}`
      }`,
    );
  return axis < 0 ? axis : axis - rank;
}

/** `axes` of `x`, all if omitted: counted from the end (< 0), ascending. @throws ShapeError */
export function axesOf(who: string, x: HasShape, axes: Axes | undefined): number[] {
  const rank = x.shape.length;
  if (axes === undefined) return range(rank).map((i) => i - rank);
  const list: readonly unknown[] = Array.isArray(axes) ? axes : [axes];
  const found = list.map((a) => axisOf(who, x, a));
  if (new Set(found).size !== found.length)
    throw new ShapeError(
      `${who}: an axis is named twice, got [${list.join()}] for shape ${formatShape(x.shape)}; name each once`,
    );
  return found.sort((p, q) => p - q);
}

/** `n` if it is a whole number, at least `least`. @throws ShapeError */
export function whole(who: string, what: string, n: unknown, least = -Infinity): number {
  if (typeof n !== 'number' || !Number.isInteger(n) || n < least)
    throw new ShapeError(
      `${who}: ${what} is a whole number${least > -Infinity ? ` >= ${least}` : ''}, got ${describe(n)}`,
    );
  return n;
}

/** `value` as a list of `count` whole numbers: one for each axis, or one for all. @throws ShapeError */
export function perAxis(
  who: string,
  what: string,
  value: number | readonly number[],
  count: number,
  least: number,
): number[] {
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : new Array<unknown>(count).fill(value);
  if (list.length !== count)
    throw new ShapeError(
      `${who}: ${what} has one number for each of ${count} axes, got [${list.join()}]; pass ${count}, or one for all`,
    );
  return list.map((n) => whole(who, what, n, least));
}

/** Axis lengths as a user gives them. @throws ShapeError */
export function shapeOf(who: string, shape: unknown): number[] {
  if (!Array.isArray(shape))
    throw new ShapeError(
      `${who}: a shape is a list of axis lengths, got ${describe(shape)}; pass [2, 3]`,
    );
  return shape.map((n) => whole(who, 'an axis length', n, 0));
}

/** @throws ShapeError when `x` has fewer than `least` or more than `most` axes; `layout` names them */
export function checkRank(
  who: string,
  x: Tensor,
  least: number,
  most: number,
  layout: string,
): void {
  if (x.rank < least || x.rank > most)
    throw new ShapeError(
      `${who}: expected ${layout}, got shape ${formatShape(x.shape)}; reshape it first`,
    );
}

/** Shape of `shapes` broadcast together, aligned from the right. @throws ShapeError */
export function broadcastShapes(who: string, shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return range(rank).map((i) => {
    let n = 1;
    for (const s of shapes) {
      const d = s[s.length - rank + i] ?? 1;
      if (d !== 1 && n !== 1 && d !== n)
        throw new ShapeError(
          `${who}: shapes do not broadcast, got ${shapes.map(formatShape).join(' and ')}; align them from the right or reshape one`,
        );
      if (d !== 1) n = d;
    }
    return n;
  });
}

/** `shape` without the axes counted from the end in `axes`. */
export function without(shape: Shape, axes: readonly number[]): number[] {
  return shape.filter((_, i) => !axes.includes(i - shape.length));
}
