import { example } from './example.ts';

export default example(
  'Softmax',
  'Raising one score lowers every other probability: the rows add up to zero.',
  [2, 1, 0.1, -1, 0.5, -0.3],
  `softmax(x)`,
);
