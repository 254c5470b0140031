import { example } from './example.ts';

export default example(
  'Heat in a rod',
  'Twelve points of a rod that conducts and radiates: each feels its neighbours only.',
  [1, 0.9, 0.7, 0.4, 0.2, 0.1, 0.1, 0.2, 0.5, 0.8, 0.9, 1],
  `inner = x[2:] - 2 * x[1:-1] + x[:-2]
inner - 0.1 * x[1:-1] ** 4`,
);
