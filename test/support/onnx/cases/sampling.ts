import { floats, stored, test, type OpCase } from '../case.ts';
import type { Attributes } from '../build.ts';

const grid = (title: string, attributes: Attributes, opset = 20): OpCase =>
  test('GridSample', [floats([2, 2, 4, 3]), floats([2, 3, 2, 2], -1.7, 1.7)], {
    opset,
    title,
    attributes,
  });

const columns = (title: string, length: number, attributes: Attributes): OpCase =>
  test('Col2Im', [floats([2, 8, length]), stored([4, 5]), stored([2, 2])], {
    opset: 18,
    title,
    attributes,
  });

export const sampling: OpCase[] = [
  grid('', {}),
  ...['linear', 'nearest', 'cubic'].flatMap((mode) =>
    ['zeros', 'border', 'reflection'].flatMap((padding_mode) =>
      [0, 1].map((align_corners) =>
        grid(`${mode}, ${padding_mode}, align_corners ${align_corners}`, {
          mode,
          padding_mode,
          align_corners,
        }),
      ),
    ),
  ),
  ...['bilinear', 'bicubic'].map((mode) => grid(`${mode} of opset 16`, { mode }, 16)),
  test('GridSample', [floats([1, 2, 3, 2, 2]), floats([1, 2, 1, 2, 3], -1, 1)], {
    opset: 20,
    title: 'a volume',
  }),
  columns('', 12, {}),
  columns('strides and pads', 6, { strides: [2, 2], pads: [0, 1, 1, 0] }),
  columns('dilations', 4, { dilations: [2, 3] }),
];
