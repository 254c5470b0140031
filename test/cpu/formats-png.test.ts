import { encode } from 'fast-png';
import { zlibSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { decodePng } from '../../src/formats/png.ts';
import { FormatError } from '../../src/util/errors.ts';

const picture = (channels: number, data: Uint8Array | Uint16Array): Uint8Array =>
  encode({
    ...{ width: 2, height: 1, channels: channels, data },
    depth: data instanceof Uint16Array ? 16 : 8,
  });

describe('png', () => {
  test.each<[string, number, Uint8Array | Uint16Array, number]>([
    ['grey', 1, Uint8Array.of(0, 255), 255],
    ['grey, 16 bits', 1, Uint16Array.of(1, 65535), 65535],
    ['colours', 3, Uint8Array.of(0, 51, 102, 153, 204, 255), 255],
    ['colours and opacity', 4, Uint8Array.of(0, 51, 102, 255, 153, 204, 255, 0), 255],
  ])('%s', (_, channels, data, white) => {
    const got = decodePng(picture(channels, data));
    expect([got.width, got.height, got.channels]).toEqual([2, 1, channels]);
    expect(got.data).toEqual(Float32Array.from(data, (v) => v / white));
  });

  const good = picture(1, Uint8Array.of(0, 255));
  const changed = (change: (bytes: Uint8Array, view: DataView) => void): Uint8Array => {
    const bytes = good.slice();
    change(bytes, new DataView(bytes.buffer));
    return bytes;
  };

  /** A picture whose header says one size and whose data is another. */
  function bomb(): Uint8Array {
    const data = zlibSync(new Uint8Array(20_000_000));
    const end = good.indexOf(0x49, 37); // of IDAT
    const head = good.slice(0, end - 4);
    const bytes = new Uint8Array(head.length + 12 + data.length + 12);
    bytes.set(head);
    const view = new DataView(bytes.buffer);
    view.setUint32(head.length, data.length);
    bytes.set([0x49, 0x44, 0x41, 0x54], head.length + 4);
    bytes.set(data, head.length + 8);
    bytes.set([0x49, 0x45, 0x4e, 0x44], head.length + 12 + data.length + 4);
    return bytes;
  }

  test.each<[string, Uint8Array, string]>([
    ['something else', new TextEncoder().encode('hello'), 'not a PNG file'],
    ['an empty file', new Uint8Array(0), 'not a PNG file'],
    ['a file cut short', good.subarray(0, good.length - 5), 'reaches beyond the end'],
    ['a changed byte', changed((bytes) => (bytes[45] = (bytes[45] as number) ^ 1)), 'damaged'],
    ['a huge picture', changed((_, view) => view.setUint32(16, 2 ** 31)), 'pixels; from 1 to'],
    ['no pixels', changed((_, view) => view.setUint32(16, 0)), '0 x 1 pixels'],
    ['more data than pixels', bomb(), 'more than the picture takes'],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => decodePng(bytes)).toThrow(FormatError);
    expect(() => decodePng(bytes)).toThrow(message);
  });
});
