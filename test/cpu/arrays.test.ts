import { expect, test } from 'vitest';
import { array, DTypeError, ShapeError, type ArrayData } from '../../src/index.ts';

test('bytes are bools only if they are 0 and 1: pixels are not silently lost', () => {
  expect(array(Uint8Array.of(0, 1, 1)).dtype).toBe('bool');
  const pixels = Uint8Array.of(0, 128, 255);
  expect(() => array(pixels)).toThrow(DTypeError);
  expect(() => array(pixels)).toThrow(/Uint8Array.*128.*"f32"/);
  expect(array(pixels, [3], 'f32').data).toEqual(Float32Array.of(0, 128, 255));
  expect(array(pixels, [3], 'bool').data).toEqual(Uint8Array.of(0, 1, 1));
  expect(array(Uint8ClampedArray.from(pixels) as unknown as Uint8Array).data).toEqual(
    Float32Array.of(0, 128, 255),
  );
});

test('data without a dtype, dtypes and shapes that there are not, are refused in words', () => {
  const wide = BigInt64Array.of(1n) as unknown as ArrayData;
  expect(() => array(wide)).toThrow(DTypeError);
  expect(() => array(wide)).toThrow(/BigInt64Array.*Int32Array/);
  expect(() => array([1], [1], 'f64' as 'f32')).toThrow(DTypeError);
  expect(() => array([1], [1], 'f64' as 'f32')).toThrow(/"f64".*f32, i32, u32, bool/);
  expect(() => array([1, 2], 2 as unknown as number[])).toThrow(ShapeError);
  expect(() => array([1, 2], 2 as unknown as number[])).toThrow(/list.*2/);
});
