import url from '../models/digits.bin?url';

export const SIZE = 28;
export const PIXELS = SIZE * SIZE;

/** What the shipped digits are. */
export const labels = [8, 4, 7, 0, 1, 5, 5, 9, 1, 0, 7, 6] as const;

let digits: Promise<Float32Array[]> | undefined;

/** The shipped digits, each 784 pixels from 0 to 1. */
export function loadDigits(): Promise<Float32Array[]> {
  digits ??= (async () => {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    return labels.map((_, i) =>
      Float32Array.from(bytes.subarray(i * PIXELS, (i + 1) * PIXELS), (v) => v / 255),
    );
  })();
  return digits;
}
