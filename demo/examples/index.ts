import autoencoder from './autoencoder.ts';
import camera from './camera.ts';
import doublePendulum from './double-pendulum.ts';
import type { Example } from './example.ts';
import heatRod from './heat-rod.ts';
import lennardJones from './three-atoms.ts';
import logistic from './logistic.ts';
import lorenz from './lorenz.ts';
import predatorPrey from './predator-prey.ts';
import robotArm from './robot-arm.ts';
import rosenbrock from './rosenbrock.ts';
import smallNetwork from './small-network.ts';
import softmax from './softmax.ts';
import spherical from './spherical.ts';

/** The examples of the playground by the name that a URL uses. */
export const examples: Readonly<Record<string, Example>> = {
  'robot-arm': robotArm,
  'double-pendulum': doublePendulum,
  softmax,
  rosenbrock,
  spherical,
  lorenz,
  'heat-rod': heatRod,
  'small-network': smallNetwork,
  camera,
  'three-atoms': lennardJones,
  'logistic-regression': logistic,
  'foxes-and-rabbits': predatorPrey,
  autoencoder,
};
