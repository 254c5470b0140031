import type { Tensor } from '../../src/index.ts';
import { loadOnnx, type OnnxModel } from '../../src/onnx.ts';
import { readFixture } from './fixtures.ts';
import type { Networks } from './models.ts';

/** Parameters of a network by layer: `params.fc1.weight` is the model's `fc1.weight`. */
type Nested = Readonly<Record<string, Readonly<Record<string, Tensor>>>>;

const flat = (params: Nested): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(params).flatMap(([layer, parts]) =>
      Object.entries(parts).map(([part, value]) => [`${layer}.${part}`, value]),
    ),
  );

/** A model of test/fixtures/models. */
export async function readModel<Y = Tensor>(name: string): Promise<OnnxModel<Y>> {
  return loadOnnx<Y>(await readFixture(`models/${name}.onnx`));
}

/** A function of a batch `[N, n]` as one of `x [..., n]`. */
function anyRank<Y>(f: (x: Tensor) => Y, squeeze: (y: Y) => Y): (x: Tensor) => Y {
  return (x) => (x.rank === 1 ? squeeze(f(x.expandDims(0))) : f(x));
}

const first = (y: Tensor): Tensor => y.squeeze(0);

/** The four networks, from their `.onnx` files. */
export async function onnxNetworks(): Promise<Networks> {
  const mlp = await readModel('mnist-mlp');
  const cnn = await readModel('mnist-cnn');
  const encoder = await readModel<{ mu: Tensor; logvar: Tensor }>('mnist-vae-encoder');
  const decoder = await readModel('mnist-vae-decoder');
  return {
    mlp: (params, x) => anyRank((v) => mlp.call(v, flat(params as never)), first)(x),
    cnn: (params, x) => cnn.call({ x }, flat(params as never)),
    encoder: (params, x) =>
      anyRank(
        (v) => encoder.call({ x: v }, flat(params as never)),
        ({ mu, logvar }) => ({ mu: first(mu), logvar: first(logvar) }),
      )(x),
    decoder: (params, z) => anyRank((v) => decoder.call({ z: v }, flat(params as never)), first)(z),
  };
}
