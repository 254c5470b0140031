import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { array } from '../../util/array.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape, range, sizeOf } from '../../util/shape.ts';
import { perAxis } from '../checks.ts';
import { named } from '../named.ts';
import { float } from '../operands.ts';
import * as op from '../primitives.ts';
import { padded } from './padding.ts';
import { positions, windowsOf, type PerAxis, type Windows } from './patches.ts';
import { meanOf } from './reductions.ts';

export interface PoolOptions {
  /** default: the size, so that windows do not overlap */
  readonly stride?: PerAxis;
  /** on both sides, at most half of the size; default 0 */
  readonly padding?: PerAxis;
  /** distance of the elements of a window; default 1 */
  readonly dilation?: PerAxis;
  /** also a last window that reaches beyond the end */
  readonly ceil?: boolean;
}

export interface AveragePoolOptions extends PoolOptions {
  /** whether padding counts as elements; default true */
  readonly countIncludePad?: boolean;
}

interface Pool extends Windows {
  readonly image: readonly number[];
  readonly padding: readonly number[];
  /** windows along each axis */
  readonly count: readonly number[];
  /** elements beyond the padding that a last window needs */
  readonly beyond: readonly number[];
}

function poolOf(who: string, d: number, x: Tensor, size: PerAxis, o: PoolOptions): Pool {
  if (x.rank < d + 1)
    throw new ShapeError(
      `${who}: expected [..., channels, ${d === 1 ? 'length' : 'height, width'}], got shape ${formatShape(x.shape)}; reshape it first`,
    );
  const sizes = perAxis(who, 'size', size, d, 1);
  const w: Windows = {
    size: sizes,
    stride: perAxis(who, 'stride', o.stride ?? sizes, d, 1),
    dilation: perAxis(who, 'dilation', o.dilation ?? 1, d, 1),
  };
  const padding = perAxis(who, 'padding', o.padding ?? 0, d, 0);
  const image = x.shape.slice(-d);
  if (padding.some((p, i) => 2 * p > (sizes[i] as number)))
    throw new ShapeError(
      `${who}: padding is at most half of the size, got [${padding.join()}] for ${formatShape(sizes)}; use pad for more`,
    );
  const count = image.map((n, i) => {
    const [s, p] = [w.stride[i] as number, padding[i] as number];
    const fits = positions(n + 2 * p, w, i);
    if (!o.ceil) return fits;
    const more = positions(n + 2 * p + s - 1, w, i);
    // a window has to begin in the image or the padding before it
    return (more - 1) * s >= n + p ? more - 1 : more;
  });
  if (count.some((n) => n < 1))
    throw new ShapeError(
      `${who}: a window of ${formatShape(sizes)} does not fit into ${formatShape(image)}; make it smaller or pad`,
    );
  const beyond = image.map((n, i) => {
    const last = ((count[i] as number) - 1) * (w.stride[i] as number);
    const reach = ((w.size[i] as number) - 1) * (w.dilation[i] as number) + 1;
    return Math.max(0, last + reach - n - 2 * (padding[i] as number));
  });
  return { ...w, image, padding, count, beyond };
}

/** The windows of `x` with their taps along one last axis: `[..., positions of each axis, taps]`. */
function tapsOf(x: Tensor, p: Pool, fill: number): Tensor {
  const pads = p.padding.map((n, i): [number, number] => [n, n + (p.beyond[i] as number)]);
  const taps = windowsOf(padded(x, pads, fill), p);
  return op.reshape(taps, [...taps.shape.slice(0, -p.size.length), sizeOf(p.size)]);
}

const dropLast = (x: Tensor): Tensor => op.reshape(x, x.shape.slice(0, -1));

function maxPool(who: string, d: number, x: TensorLike, size: PerAxis, o: PoolOptions): Tensor {
  const t = float(who, x);
  const taps = tapsOf(t, poolOf(who, d, t, size, o), -Infinity);
  // the first maximum gets the derivative
  const first = op.equal(op.iota(taps.shape[taps.rank - 1] as number), op.argmax(taps));
  return dropLast(op.sum(op.where(first, taps, 0), [-1]));
}

function averagePool(
  who: string,
  d: number,
  x: TensorLike,
  size: PerAxis,
  o: AveragePoolOptions,
): Tensor {
  const t = float(who, x);
  const p = poolOf(who, d, t, size, o);
  const total = dropLast(op.sum(tapsOf(t, p, 0), [-1]));
  const counts = range(d).map((i) => elementsOf(p, i, o.countIncludePad ?? true));
  if (counts.every((c) => c.every((n) => n === c[0])))
    return op.div(total, sizeOf(counts.map((c) => c[0] as number)));
  return counts.reduce((y, c, i) => op.div(y, alongShape(c, i - d)), total);
}

/** How many elements each window along axis `i` has; those beyond the padding never count. */
function elementsOf(p: Pool, i: number, withPadding: boolean): number[] {
  const [n, pad] = [p.image[i] as number, p.padding[i] as number];
  const [low, high] = withPadding ? [-pad, n + pad] : [0, n];
  return range(p.count[i] as number).map((at) => {
    const start = at * (p.stride[i] as number) - pad;
    return range(p.size[i] as number)
      .map((tap) => start + tap * (p.dilation[i] as number))
      .filter((k) => k >= low && k < high).length;
  });
}

/**
 * Largest element of each window over the last axis: `[..., C, L]` -> `[..., C, L']`. The first of equal
 * maxima gets the derivative.
 *
 * @throws ShapeError when no window fits
 */
export const maxPool1d = named(
  'maxPool1d',
  (x: TensorLike, size: PerAxis, options: PoolOptions = {}): Tensor =>
    maxPool('maxPool1d', 1, x, size, options),
);

/**
 * Largest element of each window over the last two axes: `[..., C, H, W]` -> `[..., C, H', W']`. The first
 * of equal maxima gets the derivative.
 *
 * @throws ShapeError when no window fits
 */
export const maxPool2d = named(
  'maxPool2d',
  (x: TensorLike, size: PerAxis, options: PoolOptions = {}): Tensor =>
    maxPool('maxPool2d', 2, x, size, options),
);

/** Mean of each window over the last axis: `[..., C, L]` -> `[..., C, L']`. @throws ShapeError when no window fits */
export const avgPool1d = named(
  'avgPool1d',
  (x: TensorLike, size: PerAxis, options: AveragePoolOptions = {}): Tensor =>
    averagePool('avgPool1d', 1, x, size, options),
);

/** Mean of each window over the last two axes: `[..., C, H, W]` -> `[..., C, H', W']`. @throws ShapeError when no window fits */
export const avgPool2d = named(
  'avgPool2d',
  (x: TensorLike, size: PerAxis, options: AveragePoolOptions = {}): Tensor =>
    averagePool('avgPool2d', 2, x, size, options),
);

/**
 * Means over m windows along each of the last two axes, window i from floor(i·n/m) to ceil((i+1)·n/m):
 * `[..., C, n, n']` -> `[..., C, m, m']`.
 *
 * @throws ShapeError for sizes below 1, and for an empty image
 */
export const adaptiveAvgPool2d = named(
  'adaptiveAvgPool2d',
  (x: TensorLike, size: PerAxis): Tensor => {
    const t = float('adaptiveAvgPool2d', x);
    const target = perAxis('adaptiveAvgPool2d', 'size', size, 2, 1);
    if (t.rank < 3 || t.shape.slice(-2).includes(0))
      throw new ShapeError(
        `adaptiveAvgPool2d: expected [..., channels, height, width], got shape ${formatShape(t.shape)}; reshape it first`,
      );
    return target.reduce((y, m, i) => averages(y, i - 2, m), t);
  },
);

function averages(x: Tensor, axis: number, m: number): Tensor {
  const n = x.shape[x.rank + axis] as number;
  if (n === m) return x;
  const windows = range(m).map((i) => [Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m)]);
  const inside = windows.flatMap(([start, stop]) =>
    range(n).map((k) => Number(k >= (start as number) && k < (stop as number))),
  );
  const lengths = windows.map(([start, stop]) => (stop as number) - (start as number));
  return op.div(alongAxis(x, axis, inside, m), alongShape(lengths, axis));
}

/** A constant vector along `axis`, counted from the end. */
function alongShape(values: readonly number[], axis: number): Tensor {
  const shape = new Array<number>(-axis).fill(1);
  shape[0] = values.length;
  return op.constant(array([...values], shape));
}

/** `matrix [m, n]` times `x` along `axis`, of length n. */
export function alongAxis(x: Tensor, axis: number, matrix: readonly number[], m: number): Tensor {
  const n = x.shape[x.rank + axis] as number;
  const at = x.rank + axis;
  const [before, after] = [x.shape.slice(0, at), x.shape.slice(at + 1)];
  // [.., 1, n, ..] · [m, n, 1..]
  const column = op.reshape(x, [...before, 1, n, ...after]);
  const rows = op.constant(array([...matrix], [m, n, ...after.map(() => 1)]));
  return op.reshape(op.contract(column, rows, [axis]), [...before, m, ...after]);
}

export interface GlobalPoolOptions {
  /** keep the pooled axes with length 1 */
  readonly keepDims?: boolean;
}

/** Mean over all axes after the channels: `[N, C, ...]` -> `[N, C]`. @throws ShapeError for a rank below 3 */
export const globalAvgPool = named(
  'globalAvgPool',
  (x: TensorLike, options: GlobalPoolOptions = {}): Tensor => {
    const t = float('globalAvgPool', x);
    if (t.rank < 3)
      throw new ShapeError(
        `globalAvgPool: expected [batch, channels, ...], got shape ${formatShape(t.shape)}; reshape it first`,
      );
    const axes = range(t.rank - 2).map((i) => i - t.rank + 2);
    const y = meanOf(t, axes);
    return options.keepDims ? y : op.reshape(y, t.shape.slice(0, 2));
  },
);
