import type { RaceEntry } from '../worker/api.ts';

/** Libraries that do not run here, each with its reason. */
export const peers: readonly (RaceEntry & { readonly refused: string })[] = [
  {
    name: 'TensorFlow.js',
    refused:
      'Not on this page: it has no Jacobian, only one gradient at a time, which is "one backward pass per row".',
  },
  {
    name: 'jax-js',
    refused:
      'Not on this page: its jacrev throws unless there are as many outputs as inputs, and its jacfwd gives the transpose.',
  },
];
