import { example } from './example.ts';

export default example(
  'Autoencoder with a waist',
  'Sixty-four numbers through a waist of three: the cheapest order mixes directions and multiplies at the waist.',
  Array.from({ length: 64 }, (_, i) => Number(Math.sin(i / 5).toFixed(2))),
  `wide = arange(64) + 1
tall = arange(48) + 1
A = sin(outer(tall, wide) / 9) / 6
B = cos(outer(arange(3) + 1, tall) / 7) / 4
C = sin(outer(tall, arange(3) + 1) / 5)
D = cos(outer(wide, tall) / 8) / 6
D @ tanh(C @ tanh(B @ tanh(A @ x)))`,
);
