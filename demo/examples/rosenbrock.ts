import { example } from './example.ts';

export default example(
  'Rosenbrock valley',
  'A scalar of ten variables: its Hessian is a band of three diagonals.',
  [-1.2, 1, -0.5, 0.8, 0.3, 0.1, 1.1, 0.9, -0.2, 0.4],
  `a = x[1:] - x[:-1] ** 2
sum(100 * a ** 2 + (1 - x[:-1]) ** 2)`,
);
