// TensorFlow.js has no Jacobian. The best way it has: the input repeated once for each output, and one
// gradient of the outputs weighed by the rows of an identity.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-backend-webgpu';
import type { CourseId } from '../courses.ts';
import type { Prepare } from './task.ts';

type Weights = (name: string) => tf.Tensor;
/** `[N, inputs]` -> `[N, outputs]` */
type Batched = (x: tf.Tensor2D) => tf.Tensor;

const dense = (x: tf.Tensor, w: Weights, name: string): tf.Tensor =>
  tf.add(tf.matMul(x, w(`${name}.weight`), false, true), w(`${name}.bias`));

const gelu = (x: tf.Tensor): tf.Tensor =>
  tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

/** Convolution, batch norm, ReLU and pooling, channels last. */
function block(x: tf.Tensor4D, w: Weights, i: 1 | 2): tf.Tensor4D {
  const kernel = tf.transpose(w(`c${i}.weight`), [2, 3, 1, 0]) as tf.Tensor4D;
  const y = tf.add(tf.conv2d(x, kernel, 1, 'same'), w(`c${i}.bias`));
  const [mean, variance] = [w(`b${i}.running_mean`), w(`b${i}.running_var`)];
  const normal = tf.div(tf.sub(y, mean), tf.sqrt(tf.add(variance, 1e-5)));
  const shifted = tf.add(tf.mul(normal, w(`b${i}.weight`)), w(`b${i}.bias`));
  return tf.maxPool(tf.relu(shifted) as tf.Tensor4D, 2, 2, 'valid');
}

const functions: Readonly<Record<CourseId, (w: Weights) => Batched>> = {
  mlp: (w) => (x) => dense(gelu(dense(gelu(dense(x, w, 'fc1')), w, 'fc2')), w, 'fc3'),
  decoder: (w) => (x) => tf.sigmoid(dense(tf.elu(dense(x, w, 'fc1')), w, 'fc2')),
  cnn: (w) => (x) => {
    const image = tf.reshape<tf.Rank.R4>(x, [x.shape[0], 28, 28, 1]);
    const features = tf.transpose(block(block(image, w, 1), w, 2), [0, 3, 1, 2]);
    return dense(tf.reshape(features, [x.shape[0], 1176]), w, 'fc');
  },
  pendulum: () => (x) => {
    const g = 9.81;
    const [p, q, u, v] = tf.unstack(x, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const d = tf.sub(p, q);
    const [w1, w2] = [tf.square(u), tf.square(v)];
    const n = tf.sub(3, tf.cos(tf.mul(d, 2)));
    const pull = tf.mul(tf.mul(tf.sin(d), 2), tf.add(w2, tf.mul(w1, tf.cos(d))));
    const fall = tf.add(tf.mul(tf.sin(p), 3 * g), tf.mul(tf.sin(tf.sub(p, tf.mul(q, 2))), g));
    const a1 = tf.div(tf.neg(tf.add(fall, pull)), n);
    const push = tf.addN([tf.mul(w1, 2), tf.mul(tf.cos(p), 2 * g), tf.mul(w2, tf.cos(d))]);
    const a2 = tf.div(tf.mul(tf.mul(tf.sin(d), 2), push), n);
    return tf.stack([u, v, a1, a2], 1);
  },
};

export const prepare: Prepare = async ({ course, x, outputs, parameters }) => {
  if (!(await tf.setBackend('webgpu'))) throw new Error('it found no WebGPU');
  await tf.ready();
  const held = new Map(
    Object.entries(parameters).map(([name, { data, shape }]) => [
      name,
      tf.tensor(data, [...shape]),
    ]),
  );
  const f = functions[course]((name) => held.get(name) as tf.Tensor);
  const weighed = (repeated: tf.Tensor): tf.Tensor =>
    tf.sum(tf.mul(f(repeated as tf.Tensor2D), tf.eye(outputs)));
  const jacobian = tf.grad(weighed);
  return {
    way: 'input repeated for each output, one gradient',
    run: async () => {
      const J = tf.tidy(() => jacobian(tf.tile(tf.tensor2d(x, [1, x.length]), [outputs, 1])));
      const data = await J.data<'float32'>();
      J.dispose();
      return data;
    },
  };
};
