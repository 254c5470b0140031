import { loadOnnx, type OnnxModel } from '../../src/onnx.ts';
import { zeros, type Tensor } from '../../src/index.ts';
import cnn from '../models/mnist-cnn.onnx?url';
import mlp from '../models/mnist-mlp.onnx?url';
import decoder from '../models/mnist-vae-decoder.onnx?url';
import type { ModelFacts, Parameters, Port } from './api.ts';

const shipped: Readonly<Record<string, string>> = { mlp, cnn, decoder };

type Outputs = Tensor | Readonly<Record<string, Tensor>>;
const models = new Map<string, Promise<OnnxModel<Outputs>>>();

async function fetchModel(id: string): Promise<OnnxModel<Outputs>> {
  const url = shipped[id];
  if (!url) throw new Error(`there is no model ${JSON.stringify(id)}; drop its file again`);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${id}: ${response.status} ${response.statusText}`);
  return loadOnnx<Outputs>(await response.arrayBuffer());
}

/** The model of this name: one that is shipped, fetched once, or one that was dropped. */
export function modelOf(id: string): Promise<OnnxModel<Outputs>> {
  let model = models.get(id);
  if (!model) {
    model = fetchModel(id);
    models.set(id, model);
    model.catch(() => models.delete(id));
  }
  return model;
}

/** Keeps the model of a visitor's file. @throws FormatError for what is no model */
export async function addModel(id: string, bytes: ArrayBuffer): Promise<void> {
  const model = await loadOnnx<Outputs>(bytes);
  models.set(id, Promise.resolve(model));
}

const portOf = (info: { name: string; shape?: readonly unknown[] | undefined }): Port => ({
  name: info.name,
  shape: (info.shape ?? []).map((n) => (typeof n === 'number' && n > 0 ? n : 1)),
});

export async function factsOf(id: string): Promise<ModelFacts> {
  const { inputs, outputs, params } = await modelOf(id);
  return {
    id,
    inputs: inputs.map(portOf),
    outputs: outputs.map(portOf),
    parameters: Object.values(params).reduce((n, p) => n + p.data.length, 0),
  };
}

/** The parameters of a model. */
export async function parametersOf(id: string): Promise<Parameters> {
  const { params } = await modelOf(id);
  return Object.fromEntries(
    Object.entries(params).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
}

/** The model as a function of a vector: other inputs are zeros, batch axes are of length 1. */
export async function modelFunction(
  id: string,
  inputName?: string,
  outputName?: string,
): Promise<(x: Tensor) => Tensor> {
  const model = await modelOf(id);
  const { inputs, outputs } = await factsOf(id);
  const input = inputs.find((p) => p.name === inputName) ?? inputs[0];
  const output = outputs.find((p) => p.name === outputName) ?? outputs[0];
  if (!input || !output) throw new Error('the model has no inputs');
  const others = inputs.filter((p) => p !== input);
  return (x) => {
    const given: Record<string, Tensor> = { [input.name]: x.reshape(input.shape) };
    for (const p of others) given[p.name] = zeros(p.shape);
    const y = model.call(given);
    const chosen =
      outputs.length === 1 ? (y as Tensor) : (y as Record<string, Tensor>)[output.name];
    return (chosen as Tensor).reshape([-1]);
  };
}
