import { array, matmul } from '../../src/node.ts';
import { productFlops } from '../flops.ts';
import { noise, random, type Subject } from '../subject.ts';

const [samples, features] = [512, 128];
const parameters = {
  data: random([samples, features], 1, 1),
  labels: array(
    noise(samples, 1, 2).map((v) => (v > 0 ? 1 : 0)),
    [samples],
  ),
};

const subject: Subject = {
  name: 'hessian',
  title: `Hessian of a logistic regression, ${samples} samples of ${features} features: H [${features},${features}]`,
  derivative: 'hessian',
  parameters,
  f: (w) => {
    const z = matmul(parameters.data, w);
    return z.softplus().sub(z.mul(parameters.labels)).sum();
  },
  inputs: [random([features], 0.2, 77)],
  shape: [features, features],
  // Xᵀ diag(σ') X
  flops: productFlops(1, features, samples) + productFlops(features, samples, features),
  peer: { name: 'logistic' },
};
export default subject;
