import { encode } from 'fast-png';
import { UsageError } from './usage.ts';

/** Screen pixels for each input pixel, and between two maps. */
const zoom = 6;
const gap = 6;

/** Width and height of the picture that an input of this shape is. */
function pictureSize(shape: readonly number[]): [width: number, height: number] {
  if (shape.length >= 2) return [shape.at(-1) as number, shape.at(-2) as number];
  const side = Math.sqrt(shape[0] ?? 1);
  if (!Number.isInteger(side))
    throw new UsageError(`--png: an input of shape [${shape.join()}] is not a square picture`);
  return [side, side];
}

/**
 * A PNG of the rows of a Jacobian as pictures, side by side, twice as many across as down.
 *
 * Blue is negative, white zero, red positive; all maps share one scale.
 *
 * @param jacobian row-major, `[outputs, ...shape]`
 * @param shape of the input
 */
export function saliencyPng(jacobian: Float32Array, shape: readonly number[]): Uint8Array {
  const [width, height] = pictureSize(shape);
  const maps = jacobian.length / (width * height);
  const columns = Math.ceil(Math.sqrt(2 * maps));
  const rows = Math.ceil(maps / columns);
  const across = columns * (width * zoom + gap) + gap;
  const down = rows * (height * zoom + gap) + gap;
  const data = new Uint8Array(across * down * 3).fill(96);
  const scale = jacobian.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1;

  for (let map = 0; map < maps; map++) {
    const left = gap + (map % columns) * (width * zoom + gap);
    const top = gap + Math.floor(map / columns) * (height * zoom + gap);
    for (let y = 0; y < height * zoom; y++)
      for (let x = 0; x < width * zoom; x++) {
        const row = map * height + Math.floor(y / zoom);
        const value = jacobian[row * width + Math.floor(x / zoom)] as number;
        data.set(diverging(value / scale), ((top + y) * across + left + x) * 3);
      }
  }
  return encode({ width: across, height: down, channels: 3, data });
}

/** -1 is blue, 0 white, 1 red. */
function diverging(value: number): [number, number, number] {
  const pale = Math.round(255 * (1 - Math.min(1, Math.abs(value))));
  return value < 0 ? [pale, pale, 255] : [255, pale, pale];
}
