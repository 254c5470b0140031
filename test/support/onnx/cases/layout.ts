import { floats, given, inFile, integers, stored, test, type OpCase } from '../case.ts';

const x = () => floats([2, 3, 4]);

export const layout: OpCase[] = [
  test('Identity', [x()]),
  test('Dropout', [x()], { outputs: 2 }),
  test('Dropout', [x()], { opset: 7 }),
  test('Reshape', [x(), stored([4, -1])]),
  test('Reshape', [x(), stored([0, -1, 2])], { title: 'copies an axis' }),
  test('Reshape', [floats([0, 3]), stored([3, 0])], {
    title: 'allowzero',
    attributes: { allowzero: 1 },
  }),
  test('Flatten', [x()]),
  test('Flatten', [x()], { title: 'axis 0', attributes: { axis: 0 } }),
  test('Flatten', [x()], { title: 'axis 3', attributes: { axis: 3 } }),
  test('Flatten', [x()], { title: 'axis -1', attributes: { axis: -1 } }),
  test('Transpose', [x()]),
  test('Transpose', [x()], { title: 'perm', attributes: { perm: [1, 2, 0] } }),
  test('Squeeze', [floats([1, 3, 1]), stored([0])]),
  test('Squeeze', [floats([1, 3, 1])], { title: 'all' }),
  test('Squeeze', [floats([1, 3, 1])], {
    opset: 11,
    title: 'by attribute',
    attributes: { axes: [-1] },
  }),
  test('Unsqueeze', [floats([3, 2]), stored([0, -1])]),
  test('Unsqueeze', [floats([3, 2])], {
    opset: 11,
    title: 'by attribute',
    attributes: { axes: [1, 3] },
  }),
  test('Expand', [floats([3, 1]), stored([2, 1, 4])]),
  test('Expand', [floats([3, 1]), stored([1])], { title: 'fewer axes' }),
  test('Tile', [floats([2, 3]), stored([2, 3])]),
  test('Concat', [floats([2, 1]), floats([2, 3])], { attributes: { axis: 1 } }),
  test('Concat', [floats([1, 2]), floats([2, 2]), floats([1, 2])], {
    title: 'three',
    attributes: { axis: -2 },
  }),
  test('Concat', [integers([1, 2]), integers([3])], { title: 'integers', attributes: { axis: 0 } }),
  test('Split', [floats([2, 6])], { outputs: 3, attributes: { axis: 1 } }),
  test('Split', [floats([2, 6]), stored([1, 5])], {
    outputs: 2,
    title: 'sizes',
    attributes: { axis: -1 },
  }),
  test('Split', [floats([5])], {
    opset: 18,
    outputs: 2,
    title: 'uneven',
    attributes: { num_outputs: 2 },
  }),
  test('Split', [floats([5])], {
    opset: 11,
    outputs: 2,
    title: 'by attribute',
    attributes: { split: [2, 3] },
  }),
  test('Slice', [x(), stored([1, 0]), stored([3, 2]), stored([1, 2])]),
  test('Slice', [x(), stored([-1, 3]), stored([-100, -5]), stored([1, 2]), stored([-1, -2])], {
    title: 'backwards',
  }),
  test('Slice', [x(), stored([0]), stored([2 ** 53]), stored([-1]), stored([2])], {
    title: 'to the end',
  }),
  test('Slice', [x()], {
    opset: 9,
    title: 'by attributes',
    attributes: { starts: [1, 0], ends: [9, -1], axes: [1, 2] },
  }),
  test('Pad', [floats([2, 3]), stored([1, 0, 0, 2]), inFile(given(0.5))]),
  test('Pad', [floats([4, 3]), stored([-1, 0, 0, -1])], { title: 'negative' }),
  test('Pad', [floats([2, 3]), stored([0, 2, 1, 1])], {
    title: 'reflect',
    attributes: { mode: 'reflect' },
  }),
  test('Pad', [floats([2, 3]), stored([1, 2, 0, 3])], {
    title: 'edge',
    attributes: { mode: 'edge' },
  }),
  test('Pad', [floats([2, 3]), stored([0, 2, 1, 1])], {
    opset: 19,
    title: 'wrap',
    attributes: { mode: 'wrap' },
  }),
  test('Pad', [floats([2, 3]), stored([1, 2]), null, stored([-1])], { opset: 18, title: 'axes' }),
  test('Pad', [floats([2, 3])], {
    opset: 7,
    title: 'by attributes',
    attributes: { pads: [0, 1, 1, 0], value: { float: 2 } },
  }),
  test('CenterCropPad', [floats([5, 4]), stored([2, 7])], { opset: 18 }),
  test('CenterCropPad', [floats([5, 4]), stored([3])], {
    opset: 18,
    title: 'axes',
    attributes: { axes: [1] },
  }),
  test('DepthToSpace', [floats([2, 8, 2, 3])], { attributes: { blocksize: 2 } }),
  test('DepthToSpace', [floats([2, 8, 2, 3])], {
    title: 'CRD',
    attributes: { blocksize: 2, mode: 'CRD' },
  }),
  test('SpaceToDepth', [floats([2, 2, 4, 6])], { attributes: { blocksize: 2 } }),
];
