import { describe, expect, test } from 'vitest';
import { decodeNpy, encodeNpy, FormatError, type FileArray } from '../../src/formats.ts';

/** A file of version 1 with this header text, as NumPy writes it. */
function file(header: string, data: ArrayBufferView): Uint8Array {
  const text = new TextEncoder().encode(header.padEnd(117) + '\n');
  const bytes = new Uint8Array(10 + text.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]);
  bytes.set(text, 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + text.length);
  return bytes;
}

describe('npy', () => {
  test.each<FileArray>([
    { shape: [2, 3], data: Float32Array.of(1, -2, 3, NaN, Infinity, 6) },
    { shape: [3], data: Float64Array.of(Math.PI, 1e300, -0) },
    { shape: [], data: Int32Array.of(-7) },
    { shape: [1, 2, 1], data: Uint32Array.of(0, 4294967295) },
    { shape: [2, 0], data: new Uint8Array(0) },
  ])('$shape is read as it was written', (array) => {
    const bytes = encodeNpy(array);
    expect(decodeNpy(bytes)).toEqual(array);
    // in the middle of another buffer, at an odd offset; a Buffer's own slice does not copy
    const inside = Buffer.alloc(bytes.length + 2);
    inside.set(bytes, 1);
    expect(decodeNpy(inside.subarray(1))).toEqual(array);
  });

  test('what is written begins its data at a multiple of 64 bytes', () => {
    const bytes = encodeNpy({ shape: [1], data: Float32Array.of(1) });
    expect((bytes.length - 4) % 64).toBe(0);
    expect(new TextDecoder('latin1').decode(bytes.subarray(1, 6))).toBe('NUMPY');
  });

  test('the header of NumPy is understood', () => {
    const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }";
    const { shape, data } = decodeNpy(file(header, Float64Array.of(0.1, 0.2)));
    expect(shape).toEqual([2, 1]);
    expect(data).toEqual(Float64Array.of(0.1, 0.2));
  });

  const oneOf = (descr: string, bytes: ArrayBufferView): FileArray =>
    decodeNpy(file(`{'descr': '${descr}', 'fortran_order': False, 'shape': (2,), }`, bytes));

  test.each<[string, ArrayBufferView, FileArray['data']]>([
    ['<f2', Uint16Array.of(0x3c00, 0xfc00), Float32Array.of(1, -Infinity)],
    ['>f4', Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0), Float32Array.of(1, -2)],
    ['|i1', Int8Array.of(-1, 127), Int32Array.of(-1, 127)],
    ['<u2', Uint16Array.of(1, 65535), Uint32Array.of(1, 65535)],
    ['>i2', Uint8Array.of(0xff, 0xfe, 1, 0), Int32Array.of(-2, 256)],
    ['<i8', BigInt64Array.of(-5n, 7n), Int32Array.of(-5, 7)],
    ['<i8', BigInt64Array.of(1n << 40n, 7n), Float64Array.of(2 ** 40, 7)],
    ['|u1', Uint8Array.of(0, 255), Uint32Array.of(0, 255)],
    ['|b1', Uint8Array.of(0, 3), Uint8Array.of(0, 1)],
  ])('elements of type %s', (descr, bytes, want) => {
    expect(oneOf(descr, bytes).data).toEqual(want);
  });

  test('column-major order becomes row-major', () => {
    const header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 2), }";
    // element [i, j, k] is 100 i + 10 j + k, and the first index runs fastest in the file
    const stored = Float32Array.from({ length: 12 }, (_, at) => {
      const [i, j, k] = [at % 2, Math.floor(at / 2) % 3, Math.floor(at / 6)];
      return 100 * i + 10 * j + k;
    });
    const want = Float32Array.of(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121);
    expect(decodeNpy(file(header, stored))).toEqual({ shape: [2, 3, 2], data: want });
  });

  test.each([
    ['something else', new TextEncoder().encode('hello, this is no array'), 'not a .npy file'],
    ['an empty file', new Uint8Array(0), 'not a .npy file'],
    [
      'complex numbers',
      file("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", new Float64Array(2)),
      'elements are "<c16"',
    ],
    [
      'an impossible shape',
      file(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999), }",
        new Float32Array(4),
      ),
      'impossible shape',
    ],
    [
      'a header that does not end',
      Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 255, 255, 1, 2),
      'the header ends at byte 65545',
    ],
    [
      'a file cut short',
      file("{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }", new Float32Array(4)),
      'takes 36 bytes, the file has 16',
    ],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => decodeNpy(bytes)).toThrow(FormatError);
    expect(() => decodeNpy(bytes)).toThrow(message);
  });
});
