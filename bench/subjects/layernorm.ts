import { layerNorm } from '../../src/node.ts';
import { random, type Subject } from '../subject.ts';

const [batch, n] = [64, 256];
const parameters = { weight: random([n], 1, 1), bias: random([n], 1, 2) };

const subject: Subject = {
  name: 'layernorm',
  title: `layerNorm of ${n}, batch ${batch}: J [${batch},${n},${n}]`,
  derivative: 'batch jacobian',
  parameters,
  f: (x) => layerNorm(x, 1, parameters),
  inputs: [random([batch, n], 2, 77)],
  shape: [batch, n, n],
  flops: 0,
  peer: { name: 'layernorm' },
};
export default subject;
