import { strToU8, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import {
  decodeNpz,
  decodeSafetensors,
  encodeNpz,
  encodeSafetensors,
  FormatError,
  type NamedArrays,
} from '../../src/formats.ts';

const arrays: NamedArrays = {
  'fc1.weight': { shape: [2, 3], data: Float32Array.of(1, -2, 3, NaN, Infinity, 6) },
  mask: { shape: [3], data: Uint8Array.of(1, 0, 1) },
  ids: { shape: [], data: Int32Array.of(-7) },
  counts: { shape: [1, 2], data: Uint32Array.of(0, 4294967295) },
  precise: { shape: [2], data: Float64Array.of(Math.PI, 1e300) },
  empty: { shape: [2, 0], data: new Float32Array(0) },
};

const plain = (named: NamedArrays): unknown => ({ ...named });

describe('npz', () => {
  test.each([false, true])('arrays are read as they were written (compressed: %s)', (compress) => {
    const bytes = encodeNpz(arrays, { compress });
    expect(plain(decodeNpz(bytes))).toEqual(arrays);
  });

  test('a name may be anything', () => {
    const one = { shape: [1], data: Float32Array.of(1) };
    const named = Object.fromEntries([['__proto__', one]]);
    const got = decodeNpz(encodeNpz(named));
    expect(Object.keys(got)).toEqual(['__proto__']);
  });

  test.each<[string, Uint8Array, string]>([
    ['something else', strToU8('no zip file at all, and quite some text'), 'not a whole zip file'],
    ['an empty file', new Uint8Array(0), 'not a whole zip file'],
    ['a zip of something else', zipSync({ 'a.txt': strToU8('x') }), 'not a file that numpy.savez'],
    ['an array that is none', zipSync({ 'a.npy': strToU8('x') }), 'npz: "a": npy: not a .npy file'],
    ['a file cut short', encodeNpz(arrays).subarray(0, 300), 'not a whole zip file'],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => decodeNpz(bytes)).toThrow(FormatError);
    expect(() => decodeNpz(bytes)).toThrow(message);
  });

  test('a file that would unpack to too much is refused before it is unpacked', () => {
    const bytes = zipSync({ 'a.npy': new Uint8Array(5_000_000) });
    expect(bytes.length).toBeLessThan(10_000);
    expect(() => decodeNpz(bytes, { maxBytes: 1_000_000 })).toThrow('more than 1000000 bytes');
  });
});

describe('safetensors', () => {
  test('arrays and metadata are read as they were written', () => {
    const got = decodeSafetensors(encodeSafetensors(arrays, { format: 'pt' }));
    expect(plain(got.arrays)).toEqual(arrays);
    expect({ ...got.metadata }).toEqual({ format: 'pt' });
  });

  /** A file with this header and data. */
  function file(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
    const text = strToU8(typeof header === 'string' ? header : JSON.stringify(header));
    const bytes = new Uint8Array(8 + text.length + data.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    bytes.set(data, 8 + text.length);
    return bytes;
  }

  test('half precision and 64-bit integers', () => {
    const data = new Uint8Array(12);
    const view = new DataView(data.buffer);
    view.setUint16(0, 0xc000, true);
    view.setUint16(2, 0x3f80, true);
    view.setBigInt64(4, -3n, true);
    const { arrays: got } = decodeSafetensors(
      file(
        {
          h: { dtype: 'F16', shape: [1], data_offsets: [0, 2] },
          b: { dtype: 'BF16', shape: [1], data_offsets: [2, 4] },
          i: { dtype: 'I64', shape: [1], data_offsets: [4, 12] },
        },
        data,
      ),
    );
    expect(got['h']?.data).toEqual(Float32Array.of(-2));
    expect(got['b']?.data).toEqual(Float32Array.of(1));
    expect(got['i']?.data).toEqual(Int32Array.of(-3));
  });

  const four = new Uint8Array(4);
  const entry = (part: object): object => ({
    w: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...part },
  });

  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'not even the 8 bytes'],
    ['a header longer than the file', new Uint8Array(8).fill(255), 'announces a header'],
    ['a header that is no JSON', file('{"w":'), 'not JSON'],
    ['a header that is a list', file([1]), 'not an object'],
    ['an unknown type', file(entry({ dtype: 'F8' }), four), 'elements are "F8"'],
    ['a type that is none', file(entry({ dtype: 7 }), four), 'elements are 7'],
    ['a negative length', file(entry({ shape: [-1] }), four), 'impossible shape'],
    ['a huge shape', file(entry({ shape: [2 ** 30, 2 ** 30] }), four), 'impossible shape'],
    ['a shape that is none', file(entry({ shape: '1' }), four), 'has no shape'],
    ['offsets that do not fit', file(entry({ data_offsets: [0, 3] }), four), 'takes 4 bytes'],
    ['offsets beyond the end', file(entry({ data_offsets: [0, 4] })), 'the arrays take 4 bytes'],
    ['a hole', file(entry({ data_offsets: [4, 8] }), new Uint8Array(8)), 'expected 0'],
    ['bytes that no array has', file(entry({}), new Uint8Array(8)), 'the file has 8'],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), 'not a text'],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(FormatError);
    expect(() => decodeSafetensors(bytes)).toThrow(message);
  });
});
