import { distinct, floats, integers, stored, test, type OpCase } from '../case.ts';

const sums = ['ReduceSum', 'ReduceMean', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'];
const others = ['ReduceMax', 'ReduceMin', 'ReduceLogSumExp', 'ReduceLogSum'];
const x = (op: string) =>
  op === 'ReduceLogSum'
    ? floats([2, 3, 4], 0.2, 2)
    : /Max|Min/.test(op)
      ? distinct([2, 3, 4])
      : floats([2, 3, 4]);

export const reduction: OpCase[] = [
  ...[...sums, ...others].flatMap((op) => [
    test(op, [x(op), stored([0, -1])], { opset: 18 }),
    test(op, [x(op)], { opset: 18, title: 'all axes', attributes: { keepdims: 0 } }),
    ...(op === 'ReduceSum'
      ? [test(op, [x(op), stored([1])], { opset: 13, title: 'opset 13' })]
      : [test(op, [x(op)], { opset: 13, title: 'axes by attribute', attributes: { axes: [1] } })]),
  ]),
  test('ReduceSum', [floats([2, 3])], {
    opset: 18,
    title: 'no axes',
    attributes: { noop_with_empty_axes: 1 },
  }),
  test(
    'ReduceMax',
    [
      integers([
        [1, 5],
        [7, 2],
      ]),
      stored([1]),
    ],
    { opset: 18, title: 'integers' },
  ),
  test(
    'ReduceMean',
    [
      integers([
        [1, 4],
        [7, 2],
      ]),
      stored([1]),
    ],
    { opset: 18, title: 'integers' },
  ),
  ...['ArgMax', 'ArgMin'].flatMap((op) => [
    test(op, [distinct([3, 4])]),
    test(op, [distinct([3, 4])], { title: 'axis -1', attributes: { axis: -1, keepdims: 0 } }),
    test(
      op,
      [
        integers([
          [1, 5, 5],
          [2, 1, 1],
        ]),
      ],
      {
        title: 'the last of equal ones',
        attributes: { axis: 1, select_last_index: 1 },
        alone: true,
      },
    ),
  ]),
  ...[{}, { exclusive: 1 }, { reverse: 1 }, { exclusive: 1, reverse: 1 }].map((attributes) =>
    test('CumSum', [floats([2, 4]), stored(1, 'int32')], {
      attributes,
      title: Object.keys(attributes).join(),
    }),
  ),
  test('CumSum', [floats([3, 2]), stored(0)], { title: 'axis 0' }),
  ...[{}, { exclusive: 1, reverse: 1 }].map((attributes) =>
    test('CumProd', [floats([2, 4]), stored(1)], { opset: 26, attributes, alone: true }),
  ),
  test('TopK', [distinct([3, 6]), stored([4])], { outputs: 2 }),
  test('TopK', [distinct([6, 3]), stored([2])], {
    outputs: 2,
    title: 'smallest, axis 0',
    attributes: { axis: 0, largest: 0 },
  }),
  test('TopK', [integers([[3, 1, 3, 1, 2]]), stored([4])], { outputs: 2, title: 'ties' }),
  test('TopK', [distinct([2, 5])], {
    opset: 7,
    outputs: 2,
    title: 'opset 7',
    attributes: { k: 2 },
  }),
];
