import { batchNorm, conv2d } from '../../src/node.ts';
import { convolutionFlops } from '../flops.ts';
import { array } from '../../src/node.ts';
import { noise, random, type Subject } from '../subject.ts';

const [channels, size] = [8, 16];
const positive = (seed: number) =>
  array(
    noise(channels, 0.5, seed).map((v) => 1 + v),
    [channels],
  );
const parameters = {
  w0: random([channels, channels, 3, 3], 0.2, 1),
  w1: random([channels, channels, 3, 3], 0.2, 2),
  mean0: random([channels], 0.2, 3),
  mean1: random([channels], 0.2, 4),
  variance0: positive(5),
  variance1: positive(6),
  weight0: positive(7),
  weight1: positive(8),
  bias0: random([channels], 0.2, 9),
  bias1: random([channels], 0.2, 10),
};
const p = parameters;
const one = convolutionFlops({
  positions: size * size,
  inputs: channels,
  outputs: channels,
  taps: 9,
});
const n = channels * size * size;

const subject: Subject = {
  name: 'resnet',
  title: `residual block of two 3x3 convolutions with batch norm, ${channels}x${size}x${size}: J [${channels},${size},${size},${channels},${size},${size}]`,
  derivative: 'jacobian',
  parameters,
  f: (x) => {
    const h = batchNorm(
      conv2d(x.reshape([1, channels, size, size]), p.w0, { padding: 1 }),
      p.mean0,
      p.variance0,
      { weight: p.weight0, bias: p.bias0 },
    ).relu();
    return batchNorm(conv2d(h, p.w1, { padding: 1 }), p.mean1, p.variance1, {
      weight: p.weight1,
      bias: p.bias1,
    })
      .reshape([channels, size, size])
      .add(x)
      .relu();
  },
  inputs: [random([channels, size, size], 1, 77)],
  shape: [channels, size, size, channels, size, size],
  // one of the two convolutions for each row: the other is the Jacobian of its segment
  flops: 2 * one + n * one,
  peer: { name: 'resnet' },
};
export default subject;
