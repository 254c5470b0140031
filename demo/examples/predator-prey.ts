import { example } from './example.ts';

export default example(
  'Foxes and rabbits',
  'Four steps of time of predators and prey, differentiated through all of them.',
  [1, 0.6],
  `h = 0.1
step1 = x + h * [x[0] * (1 - x[1]), x[1] * (x[0] - 1)]
a = step1 + h * [step1[0] * (1 - step1[1]), step1[1] * (step1[0] - 1)]
b = a + h * [a[0] * (1 - a[1]), a[1] * (a[0] - 1)]
b + h * [b[0] * (1 - b[1]), b[1] * (b[0] - 1)]`,
);
