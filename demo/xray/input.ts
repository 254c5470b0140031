import type { Port } from '../worker/api.ts';
import { SIZE } from './digits.ts';

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** How the input of a model is shown: as a picture where its shape is one. */
export function pictureOf({ shape }: Port): { width: number; height: number; size: number } {
  const size = sizeOf(shape);
  const [height, width] = shape.slice(-2) as [number | undefined, number | undefined];
  if (width !== undefined && height !== undefined && width > 1 && height > 1)
    return { width, height, size };
  const side = Math.round(Math.sqrt(size));
  return side * side === size
    ? { width: side, height: side, size }
    : { width: size, height: 1, size };
}

/** What is drawn, as an input of this model: stretched to its picture, the same in each channel. */
export function inputOf(port: Port, pixels: Float32Array): Float32Array {
  const { width, height, size } = pictureOf(port);
  if (size === pixels.length) return pixels;
  const at = (i: number): number => {
    const x = Math.floor(((i % width) * SIZE) / width);
    const y = Math.floor(((Math.floor(i / width) % height) * SIZE) / height);
    return pixels[y * SIZE + x] as number;
  };
  return Float32Array.from({ length: size }, (_, i) => at(i));
}
