import { example } from './example.ts';

export default example(
  'Robot arm',
  'Where the hand of a three-jointed arm is, and how each joint moves it.',
  [0.6, -0.4, 0.9],
  `# three joints: angles x, links of length 3, 2 and 1
a = cumsum(x)
l = [3, 2, 1]
[dot(l, cos(a)), dot(l, sin(a)), a[2]]`,
);
