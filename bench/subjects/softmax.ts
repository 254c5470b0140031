import { random, type Subject } from '../subject.ts';

const [batch, n] = [64, 256];

const subject: Subject = {
  name: 'softmax',
  title: `softmax of ${n}, batch ${batch}: J [${batch},${n},${n}]`,
  derivative: 'batch jacobian',
  parameters: {},
  f: (x) => x.softmax(),
  inputs: [random([batch, n], 2, 77)],
  shape: [batch, n, n],
  flops: 0,
  peer: { name: 'softmax' },
};
export default subject;
