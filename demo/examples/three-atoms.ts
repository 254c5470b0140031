import { example } from './example.ts';

export default example(
  'Three atoms',
  'The energy of three atoms in a plane; the Hessian holds the springs between them.',
  [0, 0, 1.1, 0.1, 0.4, 1],
  `a = x[0:2]
b = x[2:4]
c = x[4:6]
r = [norm(a - b), norm(b - c), norm(c - a)]
sum(4 * (r ** -12 - r ** -6))`,
);
