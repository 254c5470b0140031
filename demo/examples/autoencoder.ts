import { example } from './example.ts';

export default example(
  'Autoencoder with a waist',
  'Sixty-four numbers through a waist of three: the cheapest order mixes directions and multiplies at the waist.',
  Array.from({ length: 64 }, (_, i) => Number(Math.sin(i / 5).toFixed(2))),
  `wide = linspace(-1, 1, 64)
tall = linspace(-3, 3, 48)
waves = linspace(2, 6, 3)
A = cos(4 * outer(tall, wide) + 0.6) / 9
B = sin(outer(waves, tall) + 0.4) / 4
C = sin(outer(tall, waves) + 1)
D = cos(4 * outer(wide, tall) + 0.6) / 9
D @ tanh(C @ tanh(B @ tanh(A @ x)))`,
);
