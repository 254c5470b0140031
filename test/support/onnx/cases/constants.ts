import { floats, given, inFile, integers, stored, test, type OpCase } from '../case.ts';

export const constants: OpCase[] = [
  test('Constant', [], { attributes: { value: { tensor: floats([2, 2]) } } }),
  test('Constant', [], { title: 'a float', attributes: { value_float: { float: 1.5 } } }),
  test('Constant', [], { title: 'an int', attributes: { value_int: 3 } }),
  test('Constant', [], { title: 'floats', attributes: { value_floats: { floats: [1.5, 2] } } }),
  test('Constant', [], { title: 'ints', attributes: { value_ints: [1, 2] } }),
  test('ConstantOfShape', [stored([2, 3])]),
  test('ConstantOfShape', [stored([2])], {
    title: 'value',
    attributes: { value: { tensor: integers([7]) } },
  }),
  test('Shape', [floats([2, 3, 4])]),
  test('Shape', [floats([2, 3, 4])], { title: 'part', attributes: { start: 1, end: -1 } }),
  test('Size', [floats([2, 3])]),
  test('Range', [stored(1), stored(10), stored(4)]),
  test('Range', [inFile(given(1)), inFile(given(-1)), inFile(given(-0.5))], { title: 'floats' }),
  test('EyeLike', [floats([3, 4])]),
  test('EyeLike', [floats([3, 4])], { title: 'above', attributes: { k: 2 } }),
  test('EyeLike', [floats([3, 4])], { title: 'below', attributes: { k: -1, dtype: 7 } }),
  test('EyeLike', [floats([3, 2])], { title: 'outside', attributes: { k: 5 } }),
  test('Cast', [floats([4])], { attributes: { to: 7 } }),
  test('Cast', [integers([0, 2])], { title: 'to float', attributes: { to: 1 } }),
  test('Cast', [given([0, 0.5])], { title: 'to bool', attributes: { to: 9 } }),
  test('CastLike', [floats([3]), integers([1])]),
  test('Trilu', [floats([3, 4])]),
  test('Trilu', [floats([3, 4]), stored(-1)], { title: 'lower', attributes: { upper: 0 } }),
  test('NonZero', [
    stored([
      [1, 0],
      [2, 3],
    ]),
  ]),
  ...['HannWindow', 'HammingWindow', 'BlackmanWindow'].flatMap((op) => [
    test(op, [stored(6)]),
    test(op, [stored(6)], { title: 'symmetric', attributes: { periodic: 0 } }),
  ]),
  test('DequantizeLinear', [given([1, 200, 7], 'uint8'), inFile(given(0.1)), stored(3, 'uint8')]),
  test(
    'DequantizeLinear',
    [
      given(
        [
          [1, 20],
          [7, 9],
        ],
        'uint8',
      ),
      floats([2], 0.1, 1),
    ],
    {
      title: 'by axis',
      attributes: { axis: 1 },
    },
  ),
];
