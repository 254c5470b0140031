import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { checkRank, perAxis, whole } from '../checks.ts';
import { named } from '../named.ts';
import { float } from '../operands.ts';
import * as op from '../primitives.ts';
import { positions, windowsOf, type PerAxis, type Windows } from './patches.ts';

export interface ConvOptions {
  /** `[out]` */
  readonly bias?: TensorLike;
  /** default 1 */
  readonly stride?: PerAxis;
  /** zeros on both sides; `"same"`: as many as give ceil(n / stride) outputs; `"valid"`: none. Default 0 */
  readonly padding?: PerAxis | 'same' | 'valid';
  /** distance of the taps; default 1 */
  readonly dilation?: PerAxis;
  /** channels are split into so many groups, each convolved alone; default 1 */
  readonly groups?: number;
}

const SPATIAL = ['length', 'height, width', 'depth, height, width'];

/** x as [N, C, ...d axes], weight as [.., .., ...d axes]; `single` where x came without N. */
function operands(
  who: string,
  d: number,
  x: TensorLike,
  weight: TensorLike,
): { t: Tensor; w: Tensor; single: boolean } {
  const [t, w] = [float(who, x), float(who, weight)];
  const axes = SPATIAL[d - 1] as string;
  checkRank(who, t, d + 1, d + 2, `x [batch, channels, ${axes}]`);
  checkRank(who, w, d + 2, d + 2, `weight [out, in, ${axes}]`);
  const single = t.rank === d + 1;
  return { t: single ? op.lead(t, d + 2) : t, w, single };
}

function finish(who: string, y: Tensor, bias: TensorLike | undefined, single: boolean): Tensor {
  const channels = y.shape[1] as number;
  let z = y;
  if (bias !== undefined) {
    const b = float(who, bias);
    if (b.rank !== 1 || b.shape[0] !== channels)
      throw new ShapeError(
        `${who}: bias has one number for each output channel, got ${formatShape(b.shape)} for ${channels}; reshape it`,
      );
    z = op.add(y, op.reshape(b, [channels, ...new Array<number>(y.rank - 2).fill(1)]));
  }
  return single ? op.reshape(z, z.shape.slice(1)) : z;
}

/** Zeros before and after each spatial axis. */
function paddings(
  who: string,
  image: readonly number[],
  w: Windows,
  padding: PerAxis | 'same' | 'valid',
): [number, number][] {
  if (padding === 'valid') return image.map(() => [0, 0]);
  if (padding === 'same')
    return image.map((n, i) => {
      const stride = w.stride[i] as number;
      const reach = ((w.size[i] as number) - 1) * (w.dilation[i] as number) + 1;
      const total = Math.max(0, (Math.ceil(n / stride) - 1) * stride + reach - n);
      return [total >> 1, total - (total >> 1)];
    });
  if (typeof padding === 'string')
    throw new ShapeError(
      `${who}: padding is "same", "valid" or numbers, got ${JSON.stringify(padding)}`,
    );
  return perAxis(who, 'padding', padding, image.length, 0).map((p) => [p, p]);
}

/** [N, C, ...] -> [N, groups, 1, C / groups, ...] */
const grouped = (x: Tensor, groups: number): Tensor =>
  op.reshape(x, [
    x.shape[0] as number,
    groups,
    1,
    (x.shape[1] as number) / groups,
    ...x.shape.slice(2),
  ]);

/** Σ over input channels and taps: windows [N, G, 1, C, ...o, ...k] · weights [G, O, C, ...k] -> [N, G·O, ...o] */
function correlate(windows: Tensor, weights: Tensor, d: number): Tensor {
  const k = weights.shape.slice(3);
  const taps = op.reshape(weights, [
    ...weights.shape.slice(0, 3),
    ...new Array<number>(d).fill(1),
    ...k,
  ]);
  const summed = [-2 * d - 1, ...k.map((_, i) => i - d)];
  const y = op.contract(windows, taps, summed);
  const [groups, out] = weights.shape as [number, number];
  return op.reshape(y, [
    windows.shape[0] as number,
    groups * out,
    ...windows.shape.slice(4, 4 + d),
  ]);
}

function groupsOf(who: string, groups: number | undefined): number {
  return whole(who, 'the number of groups', groups ?? 1, 1);
}

function convolve(
  who: string,
  d: number,
  x: TensorLike,
  weight: TensorLike,
  o: ConvOptions,
): Tensor {
  const { t, w, single } = operands(who, d, x, weight);
  const groups = groupsOf(who, o.groups);
  const [channels, out, own] = [t.shape[1], w.shape[0], w.shape[1]] as [number, number, number];
  if (own * groups !== channels || out % groups !== 0)
    throw new ShapeError(
      `${who}: weight ${formatShape(w.shape)} does not fit ${channels} input channels in ${groups} group(s), x is ${formatShape(t.shape)}; it is [out, in / groups, ...kernel]`,
    );
  const windows: Windows = {
    size: w.shape.slice(2),
    stride: perAxis(who, 'stride', o.stride ?? 1, d, 1),
    dilation: perAxis(who, 'dilation', o.dilation ?? 1, d, 1),
  };
  const image = t.shape.slice(2);
  const pads = paddings(who, image, windows, o.padding ?? 0);
  const full = image.map((n, i) => n + sizeSum(pads[i] as [number, number]));
  if (windows.size.includes(0) || full.some((n, i) => positions(n, windows, i) < 1))
    throw new ShapeError(
      `${who}: the kernel ${formatShape(windows.size)} does not fit into ${formatShape(full)} (with padding), x is ${formatShape(t.shape)}; pad more`,
    );
  const padded = pads.reduce((y, [low, high], i) => op.pad(y, i - d, low, high), t);
  const weights = op.reshape(w, [groups, out / groups, own, ...windows.size]);
  const y = correlate(windowsOf(grouped(padded, groups), windows), weights, d);
  return finish(who, y, o.bias, single);
}

const sizeSum = ([low, high]: readonly [number, number]): number => low + high;

/**
 * Cross-correlation of `x [N, C, L]` (or `[C, L]`) with `weight [O, C / groups, k]`: `[N, O, L']`, where
 * L' = floor((L + padding - dilation·(k - 1) - 1) / stride) + 1.
 *
 * @throws ShapeError when the sizes do not fit
 */
export const conv1d = named(
  'conv1d',
  (x: TensorLike, weight: TensorLike, options: ConvOptions = {}): Tensor =>
    convolve('conv1d', 1, x, weight, options),
);

/**
 * Cross-correlation of `x [N, C, H, W]` (or `[C, H, W]`) with `weight [O, C / groups, kh, kw]`:
 * `[N, O, H', W']`, each axis as in `conv1d`.
 *
 * @throws ShapeError when the sizes do not fit
 */
export const conv2d = named(
  'conv2d',
  (x: TensorLike, weight: TensorLike, options: ConvOptions = {}): Tensor =>
    convolve('conv2d', 2, x, weight, options),
);

/**
 * Cross-correlation of `x [N, C, D, H, W]` (or `[C, D, H, W]`) with `weight [O, C / groups, kd, kh, kw]`,
 * each axis as in `conv1d`.
 *
 * @throws ShapeError when the sizes do not fit
 */
export const conv3d = named(
  'conv3d',
  (x: TensorLike, weight: TensorLike, options: ConvOptions = {}): Tensor =>
    convolve('conv3d', 3, x, weight, options),
);

export interface ConvTransposeOptions {
  /** `[out]` */
  readonly bias?: TensorLike;
  /** default 1 */
  readonly stride?: PerAxis;
  /** what the convolution padded: taken away from both sides; default 0 */
  readonly padding?: PerAxis;
  /** further elements at the end of each axis; default 0 */
  readonly outputPadding?: PerAxis;
  /** default 1 */
  readonly dilation?: PerAxis;
  /** default 1 */
  readonly groups?: number;
}

/** Zeros between the elements and around them, then a convolution with the flipped kernel. */
function convolveTransposed(
  who: string,
  d: number,
  x: TensorLike,
  weight: TensorLike,
  o: ConvTransposeOptions,
): Tensor {
  const { t, w, single } = operands(who, d, x, weight);
  const groups = groupsOf(who, o.groups);
  const [channels, inputs, own] = [t.shape[1], w.shape[0], w.shape[1]] as [number, number, number];
  const kernel = w.shape.slice(2);
  if (inputs !== channels || channels % groups !== 0)
    throw new ShapeError(
      `${who}: weight ${formatShape(w.shape)} does not fit ${channels} input channels in ${groups} group(s), x is ${formatShape(t.shape)}; it is [in, out / groups, ...kernel]`,
    );
  const stride = perAxis(who, 'stride', o.stride ?? 1, d, 1);
  const dilation = perAxis(who, 'dilation', o.dilation ?? 1, d, 1);
  const padding = perAxis(who, 'padding', o.padding ?? 0, d, 0);
  const extra = perAxis(who, 'outputPadding', o.outputPadding ?? 0, d, 0);
  extra.forEach((n, i) => {
    if (n >= Math.max(stride[i] as number, dilation[i] as number))
      throw new ShapeError(
        `${who}: outputPadding is smaller than stride or dilation, got [${extra.join()}] with stride [${stride.join()}]; pad the result instead`,
      );
  });
  let y = t;
  for (let i = 0; i < d; i++) {
    const axis = i - d;
    const [s, p] = [stride[i] as number, padding[i] as number];
    const reach = ((kernel[i] as number) - 1) * (dilation[i] as number);
    const n = t.shape[i + 2] as number;
    const length = (n - 1) * s + 1 + 2 * (reach - p) + (extra[i] as number);
    if (n === 0 || kernel[i] === 0 || length - reach < 1)
      throw new ShapeError(
        `${who}: there is nothing left of axis ${i + 2} of ${formatShape(t.shape)} with padding ${p}; pad less`,
      );
    // zeros first, then what the padding takes away
    const wide = op.pad(y, axis, reach, reach + (extra[i] as number), s - 1);
    y = op.slice(wide, axis, p, length);
  }
  const windows: Windows = { size: kernel, stride: kernel.map(() => 1), dilation };
  const flipped = kernel.reduce((v, _, i) => op.flip(v, i - d), w);
  // [in, out / g, ...] -> [g, in / g, out / g, ...] -> [g, out / g, in / g, ...]
  const apart = op.reshape(flipped, [groups, channels / groups, own, ...kernel]);
  const weights = op.swap(apart, -d - 1, -d - 2);
  const z = correlate(windowsOf(grouped(y, groups), windows), weights, d);
  return finish(who, z, o.bias, single);
}

/**
 * The adjoint of `conv1d`: `x [N, C, L]` (or `[C, L]`), `weight [C, O / groups, k]` -> `[N, O, L']`, where
 * L' = (L - 1)·stride - 2·padding + dilation·(k - 1) + outputPadding + 1.
 *
 * @throws ShapeError when the sizes do not fit
 */
export const convTranspose1d = named(
  'convTranspose1d',
  (x: TensorLike, weight: TensorLike, options: ConvTransposeOptions = {}): Tensor =>
    convolveTransposed('convTranspose1d', 1, x, weight, options),
);

/**
 * The adjoint of `conv2d`: `x [N, C, H, W]` (or `[C, H, W]`), `weight [C, O / groups, kh, kw]` ->
 * `[N, O, H', W']`, each axis as in `convTranspose1d`.
 *
 * @throws ShapeError when the sizes do not fit
 */
export const convTranspose2d = named(
  'convTranspose2d',
  (x: TensorLike, weight: TensorLike, options: ConvTransposeOptions = {}): Tensor =>
    convolveTransposed('convTranspose2d', 2, x, weight, options),
);

/** `convTranspose2d` over three spatial axes, for networks of other formats. */
export const convTranspose3d = named(
  'convTranspose3d',
  (x: TensorLike, weight: TensorLike, options: ConvTransposeOptions = {}): Tensor =>
    convolveTransposed('convTranspose3d', 3, x, weight, options),
);
