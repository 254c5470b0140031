import { decodeNpy } from '../formats/npy.ts';
import { decodePng, type Picture } from '../formats/png.ts';
import { array } from '../node.ts';
import type { HostArray } from '../node.ts';
import type { ValueInfo } from '../onnx.ts';
import { readAs, readBytes } from './files.ts';
import { UsageError } from './usage.ts';

/** An input of a model, read from a file. */
export interface ReadInput {
  readonly value: HostArray;
  /** the file holds one sample, and the first axis of the input was added */
  readonly isSample: boolean;
}

type Shape = readonly number[];

const product = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

/** Whether `shape` is one that an input declared so takes. */
const fits = (shape: Shape, declared: readonly (number | string)[]): boolean =>
  shape.length === declared.length &&
  declared.every((d, i) => typeof d === 'string' || d === shape[i]);

/**
 * An input of a model: a `.npy` array, with or without the first axis where that is open, or a picture
 * with values from 0 to 1: its grey, or its channels where the input has as many.
 *
 * @throws UsageError if the sizes do not fit
 */
export async function readInput(path: string, input: ValueInfo): Promise<ReadInput> {
  const bytes = await readBytes(path);
  const declared = input.shape;
  const dtype = input.dtype ?? 'f32';
  const misfit = (what: string): UsageError =>
    new UsageError(
      `input ${path}: has ${what}, the model takes ${input.name} [${declared?.join(', ')}]`,
    );
  if (path.endsWith('.npy')) {
    const { data, shape } = await readAs(`input ${path}`, () => decodeNpy(bytes));
    if (!declared || fits(shape, declared))
      return { value: array(data, shape, dtype), isSample: false };
    const sample = sampleShape(declared);
    if (sample && (fits(shape, declared.slice(1)) || product(shape) === product(sample)))
      return { value: array(data, [1, ...sample], dtype), isSample: true };
    if (sample === undefined && product(shape) === product(declared as number[]))
      return { value: array(data, declared as number[], dtype), isSample: false };
    throw misfit(`shape [${shape.join(', ')}]`);
  }
  const picture = await readAs(`input ${path}, which is not .npy`, () => decodePng(bytes));
  const sample = declared && (sampleShape(declared) ?? declared.slice(1));
  const size = `${picture.width} x ${picture.height} pixels`;
  if (!sample || sample.some((d) => typeof d === 'string')) throw misfit(size);
  const data = pixels(picture, sample as Shape);
  if (data.length !== product(sample as Shape)) throw misfit(size);
  return { value: array(data, [1, ...(sample as Shape)], dtype), isSample: true };
}

/** The shape of one sample, where only the first axis is open. */
function sampleShape([first, ...rest]: readonly (number | string)[]): number[] | undefined {
  const ok = typeof first === 'string' && rest.every((d) => typeof d === 'number');
  return ok ? rest : undefined;
}

/** The values of a picture for an input of this shape: three channels one after another, or grey. */
function pixels({ width, height, channels, data }: Picture, shape: Shape): Float32Array {
  const count = width * height;
  const at = (pixel: number, c: number): number => data[pixel * channels + c] as number;
  if (shape.length >= 3 && shape[shape.length - 3] === 3)
    return Float32Array.from({ length: 3 * count }, (_, i) => {
      const [c, pixel] = [Math.floor(i / count), i % count];
      return at(pixel, channels < 3 ? 0 : c);
    });
  return Float32Array.from({ length: count }, (_, pixel) =>
    channels < 3 ? at(pixel, 0) : (at(pixel, 0) + at(pixel, 1) + at(pixel, 2)) / 3,
  );
}
