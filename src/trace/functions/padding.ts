import type { Tensor } from '../../ir/tensor.ts';
import { describe, toTensor, type TensorLike } from '../../ops/operand.ts';
import { ShapeError, TraceError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { whole } from '../checks.ts';
import { named } from '../named.ts';
import { together } from '../operands.ts';
import * as op from '../primitives.ts';
import { joined } from './joining.ts';

export interface PadOptions {
  /**
   * what the new elements are: `"constant"` a value, `"reflect"` the elements mirrored at the end one,
   * `"replicate"` the end one, `"circular"` those of the other end. Default `"constant"`
   */
  readonly mode?: 'constant' | 'reflect' | 'replicate' | 'circular';
  /** of constant padding; default 0 */
  readonly value?: number;
}

/**
 * `x` with elements added before and after, one pair `[before, after]` for each of the last axes; negative
 * numbers take elements away.
 *
 * @throws ShapeError when more is taken than there is, and when a mode has too few elements to repeat
 */
export const pad = named(
  'pad',
  (
    x: TensorLike,
    pairs: readonly (readonly [before: number, after: number])[],
    options: PadOptions = {},
  ): Tensor => {
    const t = toTensor(x, 'pad');
    const { mode = 'constant', value = 0 } = options;
    const list = checkPairs(t, pairs);
    let y = t;
    list.forEach(([before, after], i) => {
      y = cropped(y, i - list.length, before, after);
    });
    if (!['constant', 'reflect', 'replicate', 'circular'].includes(mode))
      throw new TraceError(
        `pad: mode is "constant", "reflect", "replicate" or "circular", got ${JSON.stringify(mode)}`,
      );
    const added = list.map(([before, after]): [number, number] => [
      Math.max(0, before),
      Math.max(0, after),
    ]);
    if (mode === 'constant') return padded(y, added, value);
    added.forEach(([before, after], i) => {
      if (before + after > 0) y = extended(y, i - list.length, before, after, mode);
    });
    return y;
  },
);

function checkPairs(x: Tensor, pairs: unknown): [number, number][] {
  const given: readonly unknown[] | null = Array.isArray(pairs) ? pairs : null;
  const ok = given?.every((p) => Array.isArray(p) && p.length === 2);
  if (!given || !ok)
    throw new ShapeError(
      `pad: takes a list of pairs [before, after], got ${describe(pairs)}; pass [[1, 1]] for the last axis`,
    );
  if (given.length > x.rank)
    throw new ShapeError(
      `pad: got ${given.length} pairs for shape ${formatShape(x.shape)}; pass at most one for each axis`,
    );
  return (given as [unknown, unknown][]).map(([before, after], i) => {
    const axis = x.rank - given.length + i;
    const [p, q] = [whole('pad', 'a padding', before), whole('pad', 'a padding', after)];
    const n = x.shape[axis] as number;
    if (n + Math.min(p, 0) + Math.min(q, 0) < 0)
      throw new ShapeError(
        `pad: cannot take [${p},${q}] from axis ${axis} of shape ${formatShape(x.shape)}; take less`,
      );
    return [p, q];
  });
}

/** Without the elements that negative padding takes away. */
function cropped(x: Tensor, axis: number, before: number, after: number): Tensor {
  const low = Math.max(0, -before);
  const high = Math.max(0, -after);
  const n = (x.shape[x.rank + axis] as number) - low - high;
  return op.slice(x, axis, n === 0 ? 0 : low, n);
}

/** `value` around the last axes: `pairs` (>= 0) for each of them. */
export function padded(
  x: Tensor,
  pairs: readonly (readonly [number, number])[],
  value: number,
): Tensor {
  const zeros = (t: Tensor): Tensor =>
    pairs.reduce((y, [low, high], i) => op.pad(y, i - pairs.length, low, high), t);
  if (value === 0) return zeros(x);
  if (pairs.every(([low, high]) => low === 0 && high === 0)) return x;
  // where the ones are, x is
  const inside = zeros(op.full(x.shape, 1, 'bool'));
  const [y, outside] = together('pad', [zeros(x), value]) as [Tensor, Tensor];
  return op.where(inside, y, outside);
}

function extended(
  x: Tensor,
  axis: number,
  before: number,
  after: number,
  mode: 'reflect' | 'replicate' | 'circular',
): Tensor {
  const n = x.shape[x.rank + axis] as number;
  const most = { reflect: n - 1, replicate: n > 0 ? Infinity : 0, circular: n }[mode];
  if (Math.max(before, after) > most)
    throw new ShapeError(
      `pad: mode "${mode}" can add at most ${Math.max(0, most)} elements to an axis of length ${n}, got [${before},${after}]; pad in steps`,
    );
  const end = (at: number, count: number): Tensor => {
    const shape = [...x.shape];
    shape[x.rank + axis] = count;
    return op.broadcast(op.slice(x, axis, at, 1), shape);
  };
  const parts = {
    reflect: () => [
      op.flip(op.slice(x, axis, 1, before), axis),
      op.flip(op.slice(x, axis, n - 1 - after, after), axis),
    ],
    replicate: () => [end(0, before), end(n - 1, after)],
    circular: () => [op.slice(x, axis, n - before, before), op.slice(x, axis, 0, after)],
  }[mode]() as [Tensor, Tensor];
  return joined([parts[0], x, parts[1]], axis);
}
