import { array, FormatError, gelu, linear, relu, sigmoid, tanh } from '../node.ts';
import type { HostArray, Tensor, TensorLike } from '../node.ts';
import { readArrayFile } from './arrays.ts';
import { UsageError } from './usage.ts';

/** A network of a file: a function of its input and its parameters. */
export interface Model {
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly params: ReadonlyMap<string, HostArray>;
  call(input: TensorLike, params: ReadonlyMap<string, TensorLike>): Tensor;
}

/**
 * Reads a model file.
 *
 * @throws UsageError for a kind of file it does not know, FormatError for one it cannot make out
 */
export async function loadModel(path: string): Promise<Model> {
  if (!path.endsWith('.weights.json'))
    throw new UsageError(`model ${path}: expected a .weights.json file`);
  const { header, arrays } = await readArrayFile(path);
  const params = new Map<string, HostArray>();
  for (const [name, { data, shape }] of arrays) params.set(name, array(data, [...shape]));
  return parseArchitecture(String(header.architecture), params, path);
}

type Layer = (x: TensorLike, params: ReadonlyMap<string, TensorLike>) => Tensor;

const activations: Record<string, (x: TensorLike) => Tensor> = {
  'GELU(erf)': (x) => gelu(x),
  ReLU: (x) => relu(x),
  sigmoid: (x) => sigmoid(x),
  tanh: (x) => tanh(x),
};

/** `x[784] -> Linear(fc1,128) -> GELU(erf) -> ...`, up to the first full stop, as a function. */
function parseArchitecture(
  text: string,
  params: ReadonlyMap<string, HostArray>,
  path: string,
): Model {
  const [source = '', ...steps] = (text.split('. ')[0] as string).split('->').map((s) => s.trim());
  const input = /^(\w+)\[([\d,]+)\]$/.exec(source);
  if (!input)
    throw new FormatError(`${path}: no architecture that begins like x[784], got ${text}`);
  const layers = steps.map((step): Layer => {
    const activation = activations[step];
    if (activation) return activation;
    const name = /^Linear\((\w+),\d+\)$/.exec(step)?.[1];
    if (name === undefined)
      throw new FormatError(
        `${path}: layer ${step} is not among Linear(name,size), ${Object.keys(activations).join(', ')}`,
      );
    const [weight, bias] = [`${name}.weight`, `${name}.bias`];
    if (!params.has(weight) || !params.has(bias))
      throw new FormatError(`${path}: layer ${step} has no ${weight} or no ${bias}`);
    return (x, p) => linear(x, p.get(weight) as TensorLike, p.get(bias));
  });
  return {
    input: { name: input[1] as string, shape: (input[2] as string).split(',').map(Number) },
    params,
    call: (x, p) => layers.reduce((value, layer) => layer(value, p), x) as Tensor,
  };
}
