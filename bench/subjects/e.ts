import { productFlops, valueFlops } from '../flops.ts';
import { random, type Subject } from '../subject.ts';
import { byName, denseLayers, mlp } from '../mlp.ts';

const widths = [64, 64, 64, 1];
const layers = denseLayers(widths);
const network = mlp(layers);

const subject: Subject = {
  name: 'E',
  title: 'Hessian of MLP 64-64-64-1, tanh: H [64,64]',
  derivative: 'hessian',
  parameters: byName(layers),
  f: (x) => network(x).sum(),
  inputs: [random([64], 1, 77)],
  shape: [64, 64],
  // the gradient twice over, pushed forward with 64 tangents: two products there, two back
  flops: 2 * valueFlops(widths) + 3 * productFlops(64, 64, 64),
  peer: { name: 'mlp-sum', settings: { layers: layers.length } },
};
export default subject;
