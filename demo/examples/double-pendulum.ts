import { example } from './example.ts';

export default example(
  'Double pendulum',
  'Angles and speeds in, their rates of change out: linearised, this is what a controller needs.',
  [1.2, -0.6, 0.3, 0.8],
  `# x = [angle 1, angle 2, speed 1, speed 2], unit masses and lengths
g = 9.81
d = x[0] - x[1]
w1 = x[2] ** 2
w2 = x[3] ** 2
n = 3 - cos(2 * d)
a1 = (-3 * g * sin(x[0]) - g * sin(x[0] - 2 * x[1]) - 2 * sin(d) * (w2 + w1 * cos(d))) / n
a2 = 2 * sin(d) * (2 * w1 + 2 * g * cos(x[0]) + w2 * cos(d)) / n
[x[2], x[3], a1, a2]`,
);
