import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape, range, sameShape } from '../../util/shape.ts';
import { axesOf, whole } from '../checks.ts';
import { named } from '../named.ts';
import { float } from '../operands.ts';
import * as op from '../primitives.ts';
import { meanOf, varianceOf } from './reductions.ts';

export interface NormalizeOptions {
  /** factor after normalizing */
  readonly weight?: TensorLike;
  /** added last */
  readonly bias?: TensorLike;
  /** added to the variance; default 1e-5 */
  readonly eps?: number;
}

const EPS = 1e-5;

/** (x - mean) / √(variance + eps) over `axes` */
function normalized(x: Tensor, axes: readonly number[], eps: number): Tensor {
  const deviation = op.sub(x, meanOf(x, axes));
  const spread = meanOf(op.square(deviation), axes);
  return op.mul(deviation, op.rsqrt(op.add(spread, eps)));
}

/** A parameter with the lengths that `x` has along `axes`, shaped so that it broadcasts against `x`. */
function parameter(
  who: string,
  what: string,
  value: TensorLike,
  x: Tensor,
  axes: readonly number[],
): Tensor {
  const p = float(who, value);
  const lengths = axes.map((a) => x.shape[x.rank + a] as number);
  if (!sameShape(p.shape, lengths))
    throw new ShapeError(
      `${who}: ${what} has shape ${formatShape(lengths)} for x ${formatShape(x.shape)}, got ${formatShape(p.shape)}; reshape it`,
    );
  return op.reshape(
    p,
    x.shape.map((n, i) => (axes.includes(i - x.rank) ? n : 1)),
  );
}

/** `y`·weight + bias, parameters along `axes` of `y`. */
function affine(
  who: string,
  y: Tensor,
  axes: readonly number[],
  { weight, bias }: NormalizeOptions,
): Tensor {
  let z = y;
  if (weight !== undefined) z = op.mul(z, parameter(who, 'weight', weight, y, axes));
  if (bias !== undefined) z = op.add(z, parameter(who, 'bias', bias, y, axes));
  return z;
}

/** The channel axis, counted from the end. @throws ShapeError when there is none */
function channelAxis(who: string, x: Tensor, least: number): number {
  if (x.rank < least)
    throw new ShapeError(
      `${who}: expected [batch, channels${least > 2 ? ', ...' : ''}], got shape ${formatShape(x.shape)}; reshape it first`,
    );
  return 1 - x.rank;
}

/**
 * (x - mean) / √(variance + eps) for each channel of `x [N, C, ...]`, with statistics `[C]` that are given,
 * then times `weight [C]` plus `bias [C]`.
 *
 * @throws ShapeError when the parameters do not fit
 */
export const batchNorm = named(
  'batchNorm',
  (
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    options: NormalizeOptions = {},
  ): Tensor => {
    const t = float('batchNorm', x);
    const channel = [channelAxis('batchNorm', t, 2)];
    const of = (what: string, value: TensorLike): Tensor =>
      parameter('batchNorm', what, value, t, channel);
    const { weight, bias, eps = EPS } = options;
    let scale = op.rsqrt(op.add(of('variance', variance), eps));
    if (weight !== undefined) scale = op.mul(scale, of('weight', weight));
    const y = op.mul(op.sub(t, of('mean', mean)), scale);
    return bias === undefined ? y : op.add(y, of('bias', bias));
  },
);

/**
 * `batchNorm` with the statistics of the batch itself: `[y, mean, variance]`, mean and (biased) variance
 * `[C]` over all other axes.
 *
 * @throws ShapeError when the parameters do not fit
 */
export const batchNormTraining = named(
  'batchNormTraining',
  (x: TensorLike, options: NormalizeOptions = {}): [y: Tensor, mean: Tensor, variance: Tensor] => {
    const t = float('batchNormTraining', x);
    const channel = channelAxis('batchNormTraining', t, 2);
    const others = range(t.rank)
      .map((i) => i - t.rank)
      .filter((a) => a !== channel);
    const y = normalized(t, others, options.eps ?? EPS);
    const flat = (s: Tensor): Tensor => op.reshape(s, [t.shape[1] as number]);
    return [
      affine('batchNormTraining', y, [channel], options),
      flat(meanOf(t, others)),
      flat(varianceOf(t, others)),
    ];
  },
);

/** Axes of a layer: a list, or how many of the last. */
export type LayerAxes = number | readonly number[];

function layerAxes(who: string, x: Tensor, axes: LayerAxes): number[] {
  if (typeof axes !== 'number') return axesOf(who, x, axes);
  // a negative number can only mean an axis
  if (axes < 0) return axesOf(who, x, [axes]);
  const count = whole(who, 'the number of axes', axes, 1);
  if (count > x.rank)
    throw new ShapeError(
      `${who}: cannot normalize the last ${count} axes of shape ${formatShape(x.shape)}; pass at most ${x.rank}, or a list of axes`,
    );
  return range(count).map((i) => i - count);
}

/**
 * (x - mean) / √(variance + eps) over `axes` (a list, or how many of the last), then times `weight` plus
 * `bias`, both of the lengths of those axes.
 *
 * @throws ShapeError when the parameters do not fit
 */
export const layerNorm = named(
  'layerNorm',
  (x: TensorLike, axes: LayerAxes, options: NormalizeOptions = {}): Tensor => {
    const t = float('layerNorm', x);
    const over = layerAxes('layerNorm', t, axes);
    return affine('layerNorm', normalized(t, over, options.eps ?? EPS), over, options);
  },
);

/**
 * `x [N, C, ...]` normalized over groups of channels together with all axes after them, then times
 * `weight [C]` plus `bias [C]`.
 *
 * @throws ShapeError when `groups` does not divide the channels, and when the parameters do not fit
 */
export const groupNorm = named(
  'groupNorm',
  (x: TensorLike, groups: number, options: NormalizeOptions = {}): Tensor => {
    const t = float('groupNorm', x);
    const channel = channelAxis('groupNorm', t, 2);
    const channels = t.shape[1] as number;
    if (channels % whole('groupNorm', 'the number of groups', groups, 1) !== 0)
      throw new ShapeError(
        `groupNorm: ${groups} groups do not divide ${channels} channels, got shape ${formatShape(t.shape)}; use a divisor`,
      );
    const shape = [t.shape[0] as number, groups, channels / groups, ...t.shape.slice(2)];
    const apart = op.reshape(t, shape);
    const over = range(apart.rank - 2).map((i) => i - apart.rank + 2);
    const y = op.reshape(normalized(apart, over, options.eps ?? EPS), t.shape);
    return affine('groupNorm', y, [channel], options);
  },
);

/**
 * `x [N, C, ...]` normalized over the axes after the channels, each channel of each sample alone, then times
 * `weight [C]` plus `bias [C]`.
 *
 * @throws ShapeError for a rank below 3, and when the parameters do not fit
 */
export const instanceNorm = named(
  'instanceNorm',
  (x: TensorLike, options: NormalizeOptions = {}): Tensor => {
    const t = float('instanceNorm', x);
    const channel = channelAxis('instanceNorm', t, 3);
    const over = range(t.rank - 2).map((i) => i - t.rank + 2);
    const y = normalized(t, over, options.eps ?? EPS);
    return affine('instanceNorm', y, [channel], options);
  },
);

export interface RmsNormOptions {
  readonly weight?: TensorLike;
  /** added to the mean square; default 1e-6 */
  readonly eps?: number;
}

/**
 * x / √(mean x² + eps) over `axes` (a list, or how many of the last), then times `weight` (Zhang and
 * Sennrich 2019).
 *
 * @throws ShapeError when the weight does not fit
 */
export const rmsNorm = named(
  'rmsNorm',
  (x: TensorLike, axes: LayerAxes, options: RmsNormOptions = {}): Tensor => {
    const t = float('rmsNorm', x);
    const over = layerAxes('rmsNorm', t, axes);
    const scale = op.rsqrt(op.add(meanOf(op.square(t), over), options.eps ?? 1e-6));
    const { weight } = options;
    return affine('rmsNorm', op.mul(t, scale), over, weight === undefined ? {} : { weight });
  },
);
