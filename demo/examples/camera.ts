import { example } from './example.ts';

export default example(
  'Camera',
  'A point in space, turned about an axis and seen through a pinhole: how the picture moves.',
  [0.5, -0.3, 4, 0.2],
  `# x = [point in space, angle of the camera]
c = cos(x[3])
s = sin(x[3])
p = [c * x[0] + s * x[2], x[1], c * x[2] - s * x[0]]
[p[0] / p[2], p[1] / p[2]]`,
);
