import { conv2d } from '../../src/node.ts';
import { convolutionFlops, productFlops } from '../flops.ts';
import { random, type Subject } from '../subject.ts';

const parameters = {
  w0: random([8, 1, 3, 3], 0.5, 1),
  w1: random([16, 8, 3, 3], 0.2, 2),
  w2: random([16 * 12 * 12, 10], 0.03, 3),
};
const { w0, w1, w2 } = parameters;
const first = convolutionFlops({ positions: 26 * 26, inputs: 1, outputs: 8, taps: 9 });
const second = convolutionFlops({ positions: 12 * 12, inputs: 8, outputs: 16, taps: 9 });
const dense = productFlops(1, 16 * 12 * 12, 10);

const subject: Subject = {
  name: 'D',
  title: 'CNN 1x28x28 -> 8@3x3 -> 16@3x3/2 -> 10, relu, batch 16: J [16,10,1,28,28]',
  derivative: 'batch jacobian',
  parameters,
  f: (x) => conv2d(conv2d(x, w0).relu(), w1, { stride: 2 }).relu().flatten().matmul(w2),
  inputs: [random([16, 1, 28, 28], 1, 77)],
  shape: [16, 10, 1, 28, 28],
  // backward: both convolutions for ten rows
  flops: 16 * (first + second + dense + 10 * (first + second)),
  peer: { name: 'cnn' },
};
export default subject;
