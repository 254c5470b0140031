import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape, sizeOf } from '../../util/shape.ts';
import { perAxis, whole } from '../checks.ts';
import { named } from '../named.ts';
import { numeric } from '../operands.ts';
import * as op from '../primitives.ts';

/** A number for all axes, or one for each. */
export type PerAxis = number | readonly number[];

export interface PatchOptions {
  /** distance of neighbouring patches; default 1 */
  readonly stride?: PerAxis;
  /** zeros around the image; default 0 */
  readonly padding?: PerAxis;
  /** distance of neighbouring elements of a patch; default 1 */
  readonly dilation?: PerAxis;
}

/** Sliding windows along some axes, by axis. */
export interface Windows {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

/** Number of windows that fit into `n` elements. */
export const positions = (n: number, w: Windows, i: number): number =>
  Math.floor(
    (n - ((w.size[i] as number) - 1) * (w.dilation[i] as number) - 1) / (w.stride[i] as number),
  ) + 1;

/** Windows over the last axes of `x`: `[..., positions of each axis, taps of each axis]`. */
export function windowsOf(x: Tensor, w: Windows): Tensor {
  const d = w.size.length;
  let y = x;
  // each window appends its taps, so the next axis is again the d-th from the end
  for (let i = 0; i < d; i++) y = op.window(y, -d, w.size[i] as number, w.stride[i], w.dilation[i]);
  return y;
}

interface Patches extends Windows {
  readonly padding: readonly number[];
}

function patches(who: string, size: PerAxis, o: PatchOptions): Patches {
  return {
    size: perAxis(who, 'size', size, 2, 1),
    stride: perAxis(who, 'stride', o.stride ?? 1, 2, 1),
    dilation: perAxis(who, 'dilation', o.dilation ?? 1, 2, 1),
    padding: perAxis(who, 'padding', o.padding ?? 0, 2, 0),
  };
}

/** Patches along each axis of an image of the given lengths. @throws ShapeError when there is none */
function grid(who: string, image: readonly number[], p: Patches): number[] {
  return image.map((n, i) => {
    const count = positions(n + 2 * (p.padding[i] as number), p, i);
    if (count < 1)
      throw new ShapeError(
        `${who}: a patch of ${formatShape(p.size)} does not fit into ${formatShape(image)}; make it smaller or pad more`,
      );
    return count;
  });
}

/**
 * The patches of an image as columns: `[B, C, H, W]` -> `[B, C·kh·kw, L]`, L patches in row-major order
 * (torch's unfold, im2col).
 *
 * @throws ShapeError when a patch does not fit
 */
export const unfold = named(
  'unfold',
  (x: TensorLike, size: PerAxis, options: PatchOptions = {}): Tensor => {
    const t = toTensor(x, 'unfold');
    if (t.rank < 3)
      throw new ShapeError(
        `unfold: expected [..., channels, height, width], got shape ${formatShape(t.shape)}; reshape it first`,
      );
    const p = patches('unfold', size, options);
    const image = t.shape.slice(-2);
    const [oh, ow] = grid('unfold', image, p) as [number, number];
    const [ph, pw] = p.padding as [number, number];
    const taps = windowsOf(op.pad(op.pad(t, -2, ph, ph), -1, pw, pw), p);
    // [.., C, oh, ow, kh, kw] -> [.., C, kh, kw, oh, ow]
    const lead = taps.rank - 4;
    const order = [...t.shape.slice(0, -2).map((_, i) => i), lead + 2, lead + 3, lead, lead + 1];
    const columns = op.transpose(taps, order);
    const channels = t.shape[t.rank - 3] as number;
    return op.reshape(columns, [...t.shape.slice(0, -3), channels * sizeOf(p.size), oh * ow]);
  },
);

/**
 * The adjoint of `unfold`: patches `[B, C·kh·kw, L]` put back into an image `[B, C, H, W]`, where
 * overlaps add up.
 *
 * @throws ShapeError when the columns are not those of such an image
 */
export const fold = named(
  'fold',
  (x: TensorLike, image: PerAxis, size: PerAxis, options: PatchOptions = {}): Tensor => {
    const t = numeric('fold', x);
    const p = patches('fold', size, options);
    const [H, W] = perAxis('fold', 'the image size', image, 2, 1) as [number, number];
    const [oh, ow] = grid('fold', [H, W], p) as [number, number];
    const taps = sizeOf(p.size);
    const columns = t.shape[t.rank - 2] ?? -1;
    if (t.rank < 2 || columns % taps !== 0 || t.shape[t.rank - 1] !== oh * ow)
      throw new ShapeError(
        `fold: expected [..., channels·${taps}, ${oh * ow}] for an image ${formatShape([H, W])}, got shape ${formatShape(t.shape)}; pass the options of unfold`,
      );
    const head = [...t.shape.slice(0, -2), columns / taps];
    // [.., C, kh, kw, oh, ow] -> [.., C, oh, ow, kh, kw]
    const apart = op.reshape(t, [...head, ...p.size, oh, ow]);
    const at = head.length;
    const windows = op.transpose(apart, [...head.map((_, i) => i), at + 2, at + 3, at, at + 1]);
    const [ph, pw] = p.padding as [number, number];
    const along = (y: Tensor, i: number, n: number): Tensor =>
      op.fold(y, -2, n, p.stride[i], p.dilation[i]);
    const whole = along(along(windows, 1, W + 2 * pw), 0, H + 2 * ph);
    return op.slice(op.slice(whole, -2, ph, H), -1, pw, W);
  },
);

/** `[..., C·r², H, W]` -> `[..., C, H·r, W·r]`. @throws ShapeError when r² does not divide the channels */
export const pixelShuffle = named('pixelShuffle', (x: TensorLike, factor: number): Tensor => {
  const t = toTensor(x, 'pixelShuffle');
  const r = whole('pixelShuffle', 'the factor', factor, 1);
  const [channels, h, w] = image('pixelShuffle', t);
  if (channels % (r * r) !== 0)
    throw new ShapeError(
      `pixelShuffle: ${r}² does not divide the ${channels} channels of shape ${formatShape(t.shape)}; use another factor`,
    );
  const head = [...t.shape.slice(0, -3), channels / (r * r)];
  const n = head.length;
  const apart = op.reshape(t, [...head, r, r, h, w]);
  const order = [...head.map((_, i) => i), n + 2, n, n + 3, n + 1];
  return op.reshape(op.transpose(apart, order), [...head, h * r, w * r]);
});

/** `[..., C, H·r, W·r]` -> `[..., C·r², H, W]`. @throws ShapeError when r does not divide height and width */
export const pixelUnshuffle = named('pixelUnshuffle', (x: TensorLike, factor: number): Tensor => {
  const t = toTensor(x, 'pixelUnshuffle');
  const r = whole('pixelUnshuffle', 'the factor', factor, 1);
  const [channels, h, w] = image('pixelUnshuffle', t);
  if (h % r !== 0 || w % r !== 0)
    throw new ShapeError(
      `pixelUnshuffle: ${r} does not divide height and width of shape ${formatShape(t.shape)}; use another factor`,
    );
  const head = t.shape.slice(0, -2);
  const n = head.length;
  const apart = op.reshape(t, [...head, h / r, r, w / r, r]);
  const order = [...head.map((_, i) => i), n + 1, n + 3, n, n + 2];
  const shape = [...t.shape.slice(0, -3), channels * r * r, h / r, w / r];
  return op.reshape(op.transpose(apart, order), shape);
});

function image(who: string, x: Tensor): [number, number, number] {
  if (x.rank < 3)
    throw new ShapeError(
      `${who}: expected [..., channels, height, width], got shape ${formatShape(x.shape)}; reshape it first`,
    );
  return x.shape.slice(-3) as [number, number, number];
}
