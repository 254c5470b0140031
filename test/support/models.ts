import {
  array,
  batchNorm,
  conv2d,
  linear,
  maxPool2d,
  type HostArray,
  type Tensor,
} from '../../src/index.ts';
import { readWeights } from './reference.ts';

/** Weight and bias of a layer, and the running statistics of a batch norm. */
export interface Layer<T> {
  readonly weight: T;
  readonly bias: T;
}
export interface Norm<T> extends Layer<T> {
  readonly running_mean: T;
  readonly running_var: T;
}

/** Parameters of a network: layers by name. */
export type Layers = Readonly<Record<string, Readonly<Record<string, HostArray>>>>;

/** The parameters of `models/NAME.weights.json` as a tree: `fc1.weight` is `params.fc1.weight`. */
export async function readParams(name: string): Promise<Layers> {
  const layers: Record<string, Record<string, HostArray>> = {};
  for (const [key, { shape, data }] of await readWeights(name)) {
    const [layer, what] = key.split('.') as [string, string];
    (layers[layer] ??= {})[what] = array(data, shape);
  }
  return layers;
}

type Three<T> = Record<'fc1' | 'fc2' | 'fc3', Layer<T>>;

/** Digit classifier: x [..., 784] -> logits [..., 10]. */
export function mlp({ fc1, fc2, fc3 }: Three<Tensor>, x: Tensor): Tensor {
  const h1 = linear(x, fc1.weight, fc1.bias).gelu();
  const h2 = linear(h1, fc2.weight, fc2.bias).gelu();
  return linear(h2, fc3.weight, fc3.bias);
}

type Cnn<T> = Record<'c1' | 'c2' | 'fc', Layer<T>> & Record<'b1' | 'b2', Norm<T>>;

const normed = (x: Tensor, { weight, bias, running_mean, running_var }: Norm<Tensor>): Tensor =>
  batchNorm(x, running_mean, running_var, { weight, bias });

/** Convolutional digit classifier: x [B, 1, 28, 28] -> logits [B, 10]. */
export function cnn({ c1, b1, c2, b2, fc }: Cnn<Tensor>, x: Tensor): Tensor {
  const h1 = conv2d(x, c1.weight, { bias: c1.bias, padding: 1 });
  const p1 = maxPool2d(normed(h1, b1).relu(), 2);
  const h2 = conv2d(p1, c2.weight, { bias: c2.bias, padding: 2 });
  const p2 = maxPool2d(normed(h2, b2).relu(), 2);
  return linear(p2.flatten(1), fc.weight, fc.bias);
}

type Encoder<T> = Record<'fc1' | 'mu' | 'lv', Layer<T>>;

/** VAE encoder: x [..., 784] -> mean and log variance of the latents, [..., 16] each. */
export function encoder({ fc1, mu, lv }: Encoder<Tensor>, x: Tensor) {
  const h = linear(x, fc1.weight, fc1.bias).silu();
  return { mu: linear(h, mu.weight, mu.bias), logvar: linear(h, lv.weight, lv.bias) };
}

type Decoder<T> = Record<'fc1' | 'fc2', Layer<T>>;

/** VAE decoder: z [..., 16] -> pixels [..., 784]. */
export function decoder({ fc1, fc2 }: Decoder<Tensor>, z: Tensor): Tensor {
  const h = linear(z, fc1.weight, fc1.bias).elu();
  return linear(h, fc2.weight, fc2.bias).sigmoid();
}

/** The four networks, each a function of its parameters and its input. */
export interface Networks {
  readonly mlp: typeof mlp;
  readonly cnn: typeof cnn;
  readonly encoder: typeof encoder;
  readonly decoder: typeof decoder;
}

/** The networks written with the library's functions. */
export const networks: Networks = { mlp, cnn, encoder, decoder };
