import { example } from './example.ts';

export default example(
  'A small network',
  'Two layers with fixed weights: five inputs, four outputs, tanh between.',
  [0.3, -0.8, 0.5, 1.1, -0.2],
  `W1 = [[sin(3 * i + 1), cos(2 * i), sin(5 * i + 2), cos(i + 1), sin(i)] for i in range(8)]
W2 = [[cos(i + j) for j in range(8)] for i in range(4)]
W2 @ tanh(W1 @ x)`,
);
