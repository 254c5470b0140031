import { example } from './example.ts';

export default example(
  'Lorenz system',
  'The rates of the famous weather model; the Jacobian tells where chaos stretches.',
  [1.5, -0.7, 22],
  `[10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]]`,
);
