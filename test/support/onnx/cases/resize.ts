import { floats, inFile, given, stored, test, type OpCase } from '../case.ts';
import type { Attributes, Operand } from '../build.ts';

const image = () => floats([1, 2, 4, 5]);
const scales = (...values: number[]): Operand => inFile(given([1, 1, ...values]));

const byScale = (title: string, factors: number[], attributes: Attributes): OpCase =>
  test('Resize', [image(), null, scales(...factors)], { title, attributes });

const bySize = (title: string, sizes: number[], attributes: Attributes): OpCase =>
  test('Resize', [image(), null, null, stored([1, 2, ...sizes])], { title, attributes });

const coordinates = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];

export const resize: OpCase[] = [
  test('Upsample', [image(), scales(2, 3)], { opset: 9 }),
  test('Upsample', [image(), scales(2, 1.5)], {
    opset: 9,
    title: 'linear',
    attributes: { mode: 'linear' },
  }),
  test('Upsample', [image()], {
    opset: 7,
    title: 'by attribute',
    attributes: { scales: { floats: [1, 1, 2, 2] } },
  }),
  test('Resize', [image(), scales(2, 2)], { opset: 10, title: 'opset 10' }),
  test('Resize', [image(), scales(2, 1.5)], {
    opset: 10,
    title: 'opset 10, linear',
    attributes: { mode: 'linear' },
  }),
  byScale('nearest', [2, 2], {}),
  byScale('nearest, as PyTorch exports it', [2, 2], {
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  }),
  ...['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'].flatMap((nearest_mode) => [
    byScale(`nearest ${nearest_mode}`, [1.7, 0.6], { nearest_mode }),
    bySize(`nearest ${nearest_mode}`, [7, 3], {
      nearest_mode,
      coordinate_transformation_mode: 'align_corners',
    }),
  ]),
  ...coordinates.flatMap((coordinate_transformation_mode) => [
    byScale(`linear ${coordinate_transformation_mode}`, [1.7, 0.6], {
      mode: 'linear',
      coordinate_transformation_mode,
    }),
    bySize(`cubic ${coordinate_transformation_mode}`, [7, 3], {
      mode: 'cubic',
      coordinate_transformation_mode,
    }),
  ]),
  bySize('linear, one element', [1, 1], { mode: 'linear' }),
  byScale('cubic, coefficient, outside excluded', [1.5, 2], {
    mode: 'cubic',
    cubic_coeff_a: { float: -0.5 },
    exclude_outside: 1,
  }),
  test(
    'Resize',
    [image(), inFile(given([0, 0, 0.2, 0.1, 1, 1, 0.8, 0.9])), null, stored([1, 2, 3, 4])],
    {
      title: 'crop',
      attributes: { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' },
    },
  ),
  test('Resize', [image(), null, null, stored([7, 9])], {
    opset: 18,
    title: 'axes',
    attributes: { mode: 'linear', axes: [2, 3] },
  }),
  ...['linear', 'cubic'].map((mode) =>
    test('Resize', [image(), null, inFile(given([1, 1, 0.6, 0.7]))], {
      opset: 18,
      title: `antialias ${mode}`,
      attributes: { mode, antialias: 1 },
    }),
  ),
  ...['not_larger', 'not_smaller'].map((keep_aspect_ratio_policy) =>
    test('Resize', [image(), null, null, stored([7, 7])], {
      opset: 18,
      title: keep_aspect_ratio_policy,
      attributes: { mode: 'linear', axes: [2, 3], keep_aspect_ratio_policy },
    }),
  ),
  test('Resize', [image(), null, inFile(given([1, 1, 1.3, 0.7]))], {
    opset: 19,
    title: 'half_pixel_symmetric',
    attributes: { mode: 'linear', coordinate_transformation_mode: 'half_pixel_symmetric' },
  }),
];
