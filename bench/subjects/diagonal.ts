import { random, type Subject } from '../subject.ts';

const n = 1_000_000;

const subject: Subject = {
  name: 'diagonal',
  title: `x e^-x² + tanh(sin x) of 10⁶ numbers: diagonal of J`,
  derivative: 'diagonal',
  parameters: {},
  f: (x) => x.mul(x.square().neg().exp()).add(x.sin().tanh()),
  inputs: [random([n], 2, 77)],
  shape: [n],
  flops: 0,
  peer: { name: 'elementwise' },
};
export default subject;
