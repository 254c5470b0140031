import { distinct, floats, integers, test, type OpCase } from '../case.ts';

const image = () => floats([2, 3, 5, 6]);
const padded = { pads: [1, 0, 2, 1] };

const convolutions: OpCase[] = [
  test('Conv', [image(), floats([4, 3, 3, 2]), floats([4])]),
  test('Conv', [image(), floats([4, 3, 3, 2])], {
    title: 'strides, uneven pads, dilations',
    attributes: { strides: [2, 1], dilations: [1, 2], ...padded, kernel_shape: [3, 2] },
  }),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) =>
    test('Conv', [image(), floats([2, 3, 2, 3])], {
      title: auto_pad,
      attributes: { auto_pad, strides: [2, 2] },
    }),
  ),
  test('Conv', [floats([1, 4, 5, 5]), floats([6, 2, 3, 3])], {
    title: 'groups',
    attributes: { group: 2 },
  }),
  test('Conv', [floats([2, 2, 7]), floats([3, 2, 3])], {
    title: '1 axis',
    attributes: { pads: [1, 1] },
  }),
  test('Conv', [floats([1, 2, 3, 4, 3]), floats([2, 2, 2, 2, 2])], { title: '3 axes' }),
  test('ConvTranspose', [floats([1, 3, 3, 4]), floats([3, 2, 3, 2]), floats([2])]),
  test('ConvTranspose', [floats([1, 3, 3, 4]), floats([3, 2, 3, 3])], {
    title: 'strides, pads, output_padding',
    attributes: { strides: [2, 3], pads: [1, 0, 1, 2], output_padding: [1, 2] },
  }),
  test('ConvTranspose', [floats([1, 2, 2, 3, 2]), floats([2, 2, 2, 3, 2]), floats([2])], {
    title: 'a volume',
    attributes: { strides: [2, 1, 2], pads: [0, 1, 0, 1, 1, 0] },
  }),
  test('ConvTranspose', [floats([1, 3, 3, 4]), floats([3, 2, 3, 3])], {
    title: 'dilations',
    attributes: { dilations: [2, 1] },
  }),
  test('ConvTranspose', [floats([1, 4, 3, 3]), floats([4, 1, 2, 2])], {
    title: 'groups',
    attributes: { group: 2 },
  }),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) =>
    test('ConvTranspose', [floats([1, 2, 3, 3]), floats([2, 2, 3, 3])], {
      title: auto_pad,
      attributes: { auto_pad, strides: [2, 2] },
    }),
  ),
  test('ConvTranspose', [floats([1, 2, 3, 3]), floats([2, 2, 3, 3])], {
    title: 'output_shape',
    attributes: { strides: [3, 2], output_shape: [10, 8] },
  }),
  test('ConvTranspose', [floats([1, 2, 4]), floats([2, 3, 3])], {
    title: '1 axis',
    attributes: { strides: [2] },
  }),
];

const window = { kernel_shape: [3, 2] };
const pools: OpCase[] = ['MaxPool', 'AveragePool', 'LpPool'].flatMap((op) => {
  const x = (shape = [2, 2, 5, 6]) => (op === 'MaxPool' ? distinct(shape) : floats(shape, 0.1, 2));
  const cases = [
    test(op, [x()], { attributes: window }),
    test(op, [x()], {
      title: 'strides, pads',
      attributes: { ...window, strides: [2, 2], pads: [1, 0, 1, 1] },
    }),
    test(op, [x()], {
      title: 'SAME_UPPER',
      attributes: { ...window, strides: [2, 2], auto_pad: 'SAME_UPPER' },
    }),
    test(op, [x()], { title: 'SAME_LOWER', attributes: { ...window, auto_pad: 'SAME_LOWER' } }),
    test(op, [x([1, 2, 7])], { title: '1 axis', attributes: { kernel_shape: [3], strides: [2] } }),
    test(op, [x([1, 1, 4, 3, 4])], { title: '3 axes', attributes: { kernel_shape: [2, 2, 3] } }),
  ];
  if (op === 'LpPool')
    return [...cases, test(op, [x()], { title: 'p 3', attributes: { ...window, p: 3 } })];
  return [
    ...cases,
    test(op, [x()], {
      title: 'ceil_mode',
      attributes: { ...window, strides: [2, 4], ceil_mode: 1 },
    }),
    test(op, [x([1, 1, 6, 6])], {
      title: 'ceil_mode, pads',
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
    }),
    test(op, [x()], {
      opset: 19,
      title: 'dilations',
      attributes: { ...window, dilations: [2, 3] },
    }),
  ];
});

const normalizations: OpCase[] = [
  test('BatchNormalization', [image(), floats([3]), floats([3]), floats([3]), floats([3], 0.5, 2)]),
  test(
    'BatchNormalization',
    [image(), floats([3]), floats([3]), floats([3]), floats([3], 0.5, 2)],
    {
      title: 'epsilon, opset 9',
      opset: 9,
      attributes: { epsilon: { float: 0.1 } },
    },
  ),
  test(
    'BatchNormalization',
    [image(), floats([3]), floats([3]), floats([3]), floats([3], 0.5, 2)],
    {
      title: 'training',
      outputs: 3,
      attributes: { training_mode: 1, momentum: { float: 0.8 } },
      tolerance: 1e-4,
      step: 1e-4,
    },
  ),
  test('InstanceNormalization', [image(), floats([3]), floats([3])], { step: 1e-4 }),
  test('LayerNormalization', [floats([2, 3, 4]), floats([4]), floats([4])], { outputs: 3 }),
  test('LayerNormalization', [floats([2, 3, 4]), floats([3, 4])], {
    title: 'axis 1',
    attributes: { axis: 1 },
  }),
  test('RMSNormalization', [floats([2, 3, 4]), floats([4])], { opset: 23 }),
  test('GroupNormalization', [floats([2, 4, 3]), floats([4]), floats([4])], {
    opset: 21,
    attributes: { num_groups: 2 },
  }),
  test('GroupNormalization', [floats([2, 4, 3]), floats([2]), floats([2])], {
    opset: 18,
    title: 'a scale for each group',
    attributes: { num_groups: 2 },
  }),
  test('LpNormalization', [floats([3, 4])]),
  test('LpNormalization', [floats([3, 4])], {
    title: 'p 1, axis 0',
    attributes: { p: 1, axis: 0 },
  }),
  test('MeanVarianceNormalization', [floats([2, 2, 3, 3])]),
  test('LRN', [floats([1, 6, 2, 2])], {
    title: 'even',
    alone: true,
    attributes: { size: 4, alpha: { float: 0.5 }, beta: { float: 0.6 }, bias: { float: 1.5 } },
  }),
  test('LRN', [floats([1, 6, 2, 2])], {
    title: 'odd',
    attributes: { size: 3, alpha: { float: 0.5 } },
  }),
];

const classes = () => floats([3, 4]);
const losses: OpCase[] = ['SoftmaxCrossEntropyLoss', 'NegativeLogLikelihoodLoss'].flatMap((op) => [
  test(op, [classes(), integers([0, 3, 2])]),
  test(op, [classes(), integers([0, 3, 2]), floats([4], 0.2, 2)], { title: 'weights' }),
  test(op, [classes(), integers([0, -1, 2])], {
    title: 'ignored, sum',
    attributes: { ignore_index: -1, reduction: 'sum' },
  }),
  test(
    op,
    [
      floats([2, 3, 4]),
      integers([
        [0, 1, 2, 2],
        [1, 1, 0, 2],
      ]),
    ],
    {
      title: 'none',
      attributes: { reduction: 'none' },
    },
  ),
]);

export const networks: OpCase[] = [
  test('MatMul', [floats([2, 3]), floats([3, 4])]),
  test('MatMul', [floats([2, 1, 3, 4]), floats([5, 4, 2])], { title: 'broadcast' }),
  test('MatMul', [floats([3]), floats([3, 2])], { title: 'a vector' }),
  test('Gemm', [floats([2, 3]), floats([3, 4])]),
  test('Gemm', [floats([3, 2]), floats([4, 3]), floats([4])], {
    title: 'transposed, scaled',
    attributes: { transA: 1, transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } },
  }),
  test('Gemm', [floats([2, 3]), floats([3, 4]), floats([2, 1])], { title: 'a column' }),
  test('Einsum', [floats([2, 3]), floats([3, 4])], { attributes: { equation: 'ij, jk -> ik' } }),
  test('Einsum', [floats([2, 3, 3])], {
    title: 'diagonal',
    attributes: { equation: '...ii->...i' },
  }),
  ...convolutions,
  ...pools,
  test('GlobalAveragePool', [image()]),
  test('GlobalMaxPool', [distinct([2, 3, 2, 4])]),
  test('GlobalLpPool', [image()]),
  ...normalizations,
  ...losses,
];
