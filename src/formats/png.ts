import { convertIndexedToRgb, decode } from 'fast-png';
import { Unzlib } from 'fflate';
import { FormatError } from '../util/errors.ts';

/** A picture: rows of pixels of `channels` values, from 0 to 1. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and opacity, 3 colours, 4 colours and opacity */
  readonly channels: number;
  readonly data: Float32Array;
}

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/** The chunks that pixels depend on. */
const needed = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'];

/** Most pixels of a picture. */
const MOST_PIXELS = 2 ** 26;

interface Chunk {
  readonly type: string;
  /** with its length, type and checksum */
  readonly bytes: Uint8Array;
  readonly data: Uint8Array;
}

/**
 * Reads a PNG file, 8 or 16 bits for each value or with a palette.
 *
 * @throws FormatError for anything else
 */
export function decodePng(bytes: Uint8Array): Picture {
  const chunks = chunksOf(bytes).filter(({ type }) => needed.includes(type));
  checkSizes(chunks);
  let png;
  try {
    png = decode(joined(chunks), { checkCrc: true });
  } catch (cause) {
    throw new FormatError(`png: damaged (${(cause as Error).message})`, { cause });
  }
  if (png.depth < 8 && !png.palette)
    throw new FormatError(`png: ${png.depth} bits per pixel; save it with 8 or 16`);
  const pixels = png.width * png.height;
  const samples = png.palette ? indexed(png) : png.data;
  const white = png.depth === 16 ? 65535 : 255;
  const data = Float32Array.from(samples, (v) => v / white);
  return { width: png.width, height: png.height, channels: data.length / pixels, data };
}

function indexed(png: Parameters<typeof convertIndexedToRgb>[0]): ArrayLike<number> {
  try {
    return convertIndexedToRgb(png);
  } catch (cause) {
    throw new FormatError('png: a pixel has a colour that the palette has not', { cause });
  }
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw new FormatError('png: not a PNG file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let at = SIGNATURE.length;
  while (chunks[chunks.length - 1]?.type !== 'IEND') {
    const length = at + 12 > bytes.length ? Infinity : view.getUint32(at);
    if (at + 12 + length > bytes.length)
      throw new FormatError(`png: a part at byte ${at} reaches beyond the end of the file`);
    const end = at + 12 + length;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, bytes: bytes.subarray(at, end), data: bytes.subarray(at + 8, end - 4) });
    at = end;
  }
  return chunks;
}

/** That the picture is of a size that its data can fill, and that its data does not fill more. */
function checkSizes(chunks: readonly Chunk[]): void {
  const header = chunks[0];
  if (header?.type !== 'IHDR' || header.data.length !== 13)
    throw new FormatError('png: does not begin with a header');
  const view = new DataView(header.data.buffer, header.data.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  if (width === 0 || height === 0 || width * height > MOST_PIXELS)
    throw new FormatError(`png: ${width} x ${height} pixels; from 1 to ${MOST_PIXELS} can be read`);
  // at most 4 values of 2 bytes for each pixel, and for each row one byte; interlaced up to 7 times as many
  const most = width * height * 8 + 14 * height + 64;
  let total = 0;
  const inflate = new Unzlib((chunk) => {
    total += chunk.length;
    if (total > most) throw new FormatError('png: its data is more than the picture takes');
  });
  try {
    for (const { type, data } of chunks)
      if (type === 'IDAT')
        for (let i = 0; i < data.length; i += 4096) inflate.push(data.subarray(i, i + 4096));
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`png: damaged (${(error as Error).message})`, { cause: error });
  }
}

function joined(chunks: readonly Chunk[]): Uint8Array {
  const parts = [Uint8Array.from(SIGNATURE), ...chunks.map((chunk) => chunk.bytes)];
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
