import { valueFlops } from '../flops.ts';
import { byName, denseLayers, mlp } from '../mlp.ts';
import { random, type Subject } from '../subject.ts';

const widths = [784, 512, 512, 10];
const layers = denseLayers(widths);
const network = mlp(layers);

const subject: Subject = {
  name: 'hvp',
  title: `Hessian times a vector, log-sum-exp of MLP ${widths.join('-')}, tanh: [${widths[0]}]`,
  derivative: 'hvp',
  parameters: byName(layers),
  f: (x) => network(x).logsumexp(),
  inputs: [random([784], 1, 77), random([784], 1, 78)],
  shape: [784],
  // value and gradient, and a tangent of both
  flops: 4 * valueFlops(widths),
  peer: { name: 'mlp-logsumexp', settings: { layers: layers.length } },
};
export default subject;
