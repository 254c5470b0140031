import { convertIndexedToRgb, decode } from 'fast-png';
import { array, FormatError } from '../node.ts';
import type { HostArray } from '../node.ts';
import { decodeNpy } from '../formats/npy.ts';
import { readBytes } from './files.ts';
import { UsageError } from './usage.ts';

/**
 * The input of a model: a `.npy` array as it is, or a picture as grey values from 0 to 1.
 *
 * @param shape what the model takes
 * @throws UsageError if the sizes do not fit
 */
export async function readInput(path: string, shape: readonly number[]): Promise<HostArray> {
  const bytes = await readBytes(path);
  const { data, size } = path.endsWith('.npy') ? numbersOf(bytes) : pixelsOf(path, bytes);
  const length = shape.reduce((product, n) => product * n, 1);
  if (data.length !== length)
    throw new UsageError(
      `input ${path}: has ${data.length} values (${size}), the model takes ${length} ([${shape.join()}])`,
    );
  return array(data, [...shape]);
}

interface Values {
  readonly data: Float32Array;
  /** for messages */
  readonly size: string;
}

function numbersOf(bytes: Uint8Array): Values {
  const { data, shape } = decodeNpy(bytes);
  return { data: Float32Array.from(data), size: `[${shape.join()}]` };
}

/** Grey is the mean of red, green and blue; transparency is not looked at. */
function pixelsOf(path: string, bytes: Uint8Array): Values {
  let png;
  try {
    png = decode(bytes);
  } catch (e) {
    throw new FormatError(`input ${path}: neither .npy nor a PNG file`, { cause: e });
  }
  if (png.depth < 8 && !png.palette)
    throw new FormatError(`input ${path}: ${png.depth} bits per pixel; save it with 8 or 16`);
  const samples = png.palette ? convertIndexedToRgb(png) : png.data;
  const pixels = png.width * png.height;
  const channels = samples.length / pixels;
  const colours = channels < 3 ? 1 : 3;
  const white = png.depth === 16 ? 65535 : 255;
  const data = Float32Array.from({ length: pixels }, (_, pixel) => {
    let sum = 0;
    for (let c = 0; c < colours; c++) sum += samples[pixel * channels + c] as number;
    return sum / colours / white;
  });
  return { data, size: `${png.width} x ${png.height} pixels` };
}
