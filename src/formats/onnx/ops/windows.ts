import type { Call } from '../call.ts';

/** Sliding windows of a convolution or a pool, along each spatial axis. */
export interface Window {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  /** elements added before and after the image; negative ones are taken away */
  readonly before: number;
  readonly after: number;
}

/** A list of one whole number for each spatial axis. */
export function perAxis(
  n: Call,
  name: string,
  count: number,
  otherwise: number,
  least = -(2 ** 31),
): readonly number[] {
  const list = n.ints(name) ?? new Array<number>(count).fill(otherwise);
  if (list.length !== count || !list.every((v) => v >= least && v < 2 ** 31))
    n.fail(
      `${name} is [${list.join()}], expected ${count} numbers${least > -1 ? ` >= ${least}` : ''}`,
    );
  return list;
}

/** Elements that a dilated window spans. */
export const reach = ({ size, dilation }: { size: number; dilation: number }): number =>
  (size - 1) * dilation + 1;

/**
 * The windows that a node asks for.
 *
 * @param image lengths of the spatial axes
 * @param sizes of the windows along them
 */
export function windowsOf(n: Call, image: readonly number[], sizes: readonly number[]): Window[] {
  const d = image.length;
  const strides = perAxis(n, 'strides', d, 1, 1);
  const dilations = perAxis(n, 'dilations', d, 1, 1);
  const automatic = n.choice('auto_pad', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID');
  const pads = automatic === 'NOTSET' ? perAxis(n, 'pads', 2 * d, 0) : [];
  return image.map((length, i) => {
    const window = {
      size: sizes[i] as number,
      stride: strides[i] as number,
      dilation: dilations[i] as number,
    };
    if (automatic === 'NOTSET')
      return { ...window, before: pads[i] as number, after: pads[d + i] as number };
    if (automatic === 'VALID') return { ...window, before: 0, after: 0 };
    const windows = Math.ceil(length / window.stride);
    const total = Math.max(0, (windows - 1) * window.stride + reach(window) - length);
    const [less, more] = [total >> 1, total - (total >> 1)];
    return automatic === 'SAME_UPPER'
      ? { ...window, before: less, after: more }
      : { ...window, before: more, after: less };
  });
}
