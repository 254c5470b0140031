import { example } from './example.ts';

export default example(
  'Logistic regression',
  'The loss of a small classifier by its weights. Newton needs this Hessian.',
  [0.4, -0.7, 0.2],
  `X = [[1, 0.2, 1.1], [1, -0.5, 0.3], [1, 1.4, -0.2], [1, 0.1, -0.9]]
y = [1, 0, 1, 0]
z = X @ x
mean(softplus(z) - y * z)`,
);
