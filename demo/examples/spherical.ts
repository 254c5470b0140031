import { example } from './example.ts';

export default example(
  'Spherical coordinates',
  'Radius and two angles to x, y, z. The columns are at right angles.',
  [2, 0.8, 0.5],
  `r = x[0]
[r * sin(x[1]) * cos(x[2]), r * sin(x[1]) * sin(x[2]), r * cos(x[1])]`,
);
