import { floats, given, inFile, integers, stored, test, type OpCase } from '../case.ts';

const rows = () => floats([4, 3]);
const either = (title: string, make: (index: typeof stored) => OpCase): OpCase[] => [
  { ...make((v) => stored(v)), title: `${title} stored` },
  { ...make((v) => integers(v)), title: `${title} given` },
];

export const indexing: OpCase[] = [
  ...either('indices', (index) =>
    test('Gather', [
      rows(),
      index([
        [0, -1],
        [2, 2],
      ]),
    ]),
  ),
  ...either('one index', (index) =>
    test('Gather', [rows(), index(-2)], { attributes: { axis: 1 } }),
  ),
  ...either('indices', (index) =>
    test(
      'GatherElements',
      [
        rows(),
        index([
          [0, -1],
          [2, 1],
        ]),
      ],
      { attributes: { axis: 1 } },
    ),
  ),
  ...either('axis 0', (index) => test('GatherElements', [rows(), index([[3, -4, 1]])])),
  ...either('tuples', (index) =>
    test('GatherND', [
      floats([2, 3, 2]),
      index([
        [0, 1],
        [-1, 2],
      ]),
    ]),
  ),
  ...either('whole tuples', (index) =>
    test('GatherND', [floats([2, 3]), index([[[0, 1]], [[1, 2]]])]),
  ),
  ...either('batch', (index) =>
    test('GatherND', [floats([2, 3, 2]), index([[1], [0]])], { attributes: { batch_dims: 1 } }),
  ),
  ...either('rows', (index) => test('ScatterND', [rows(), index([[2], [-4]]), floats([2, 3])])),
  ...either('elements', (index) =>
    test('ScatterND', [
      rows(),
      index([
        [2, 1],
        [0, 0],
      ]),
      floats([2]),
    ]),
  ),
  ...either('tuples that count rows', (index) =>
    test('GatherND', [
      floats([3, 4, 2]),
      index([
        [0, 3],
        [1, -1],
        [2, 0],
      ]),
    ]),
  ),
  ...either('tuples that count rows', (index) =>
    test('ScatterND', [
      floats([3, 4, 2]),
      index([
        [
          [0, 3],
          [0, 1],
        ],
        [
          [1, 0],
          [1, -1],
        ],
        [
          [2, 2],
          [2, 0],
        ],
      ]),
      floats([3, 2, 2]),
    ]),
  ),
  ...either('added', (index) =>
    test('ScatterND', [rows(), index([[2], [2]]), floats([2, 3])], {
      attributes: { reduction: 'add' },
    }),
  ),
  ...either('axis 1', (index) =>
    test(
      'ScatterElements',
      [
        rows(),
        index([
          [0, -1],
          [2, 1],
        ]),
        floats([2, 2]),
      ],
      { attributes: { axis: 1 } },
    ),
  ),
  ...either('added', (index) =>
    test(
      'ScatterElements',
      [
        rows(),
        index([
          [0, 1, 1],
          [0, 1, 3],
        ]),
        floats([2, 3]),
      ],
      {
        attributes: { reduction: 'add' },
      },
    ),
  ),
  ...either('fewer rows, axis in the middle', (index) =>
    test(
      'ScatterElements',
      [
        floats([2, 4, 3]),
        index([
          [
            [3, 0],
            [1, 2],
          ],
        ]),
        floats([1, 2, 2]),
      ],
      {
        attributes: { axis: 1 },
      },
    ),
  ),
  test('Scatter', [rows(), integers([[1, 0, 2]]), floats([1, 3])], { opset: 10 }),
  test('Compress', [rows(), inFile(given([1, 0, 1], 'bool'))], { attributes: { axis: 1 } }),
  test('Compress', [rows(), inFile(given([0, 1, 1, 0, 1], 'bool'))], { title: 'flattened' }),
  ...either('time first', (index) =>
    test('ReverseSequence', [floats([4, 3]), index([1, 4, 2])], {
      attributes: { time_axis: 0, batch_axis: 1 },
    }),
  ),
  test('ReverseSequence', [floats([2, 4, 2]), integers([3, 4])], {
    title: 'batch first',
    attributes: { time_axis: 1, batch_axis: 0 },
  }),
  ...either('last axis', (index) => test('OneHot', [index([1, -1, 4]), stored(4), floats([2])])),
  test('OneHot', [integers([[1, 0]]), stored([3]), floats([2])], {
    title: 'axis 0',
    attributes: { axis: 0 },
  }),
];
