import type { Tensor, TensorLike } from '../../trace/index.ts';
import type { HostArray } from '../../util/array.ts';
import { FormatError } from '../../util/errors.ts';
import { readExternal, type ExternalData } from './external.ts';
import type { Graph, ValueInfo } from './graph.ts';
import { givenInputs, givenParams } from './inputs.ts';
import { Sequence, type Value } from './op.ts';
import { parseModel } from './parse.ts';
import { decodeModel } from './proto.ts';
import { Run, type KnownElements } from './run.ts';

export interface OnnxOptions {
  /**
   * Files that hold tensors of the model, by the location that it gives, or a function that finds them.
   * A model loaded from an address finds those beside it by itself.
   */
  readonly externalData?: ExternalData;
  /** largest file that is read, in bytes; default 2 GiB */
  readonly maxBytes?: number;
  /** gives up loading */
  readonly signal?: AbortSignal;
}

/** What a model gives: its only output, or its outputs by name. */
export type OnnxResult = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** Tensors by name. */
export type TensorsByName = Readonly<Record<string, TensorLike>>;

/** A network of an `.onnx` file: a function of tensors like any other. */
export interface OnnxModel<Y = Tensor> {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** the float initializers by name, as f32 */
  readonly params: Readonly<Record<string, HostArray>>;
  /** version of the ops that the file uses */
  readonly opset: number;
  /**
   * The model at `inputs`: an object by input name, or for a model of one input that input alone. To be
   * called inside a traced function.
   *
   * @param params take the place of parameters of these names; what is left out is as in the file
   * @returns the output, or, where there are several, an object by output name
   * @throws ShapeError, DTypeError, TraceError for inputs that are not what the model takes
   * @throws FormatError that names the node where the model itself cannot be computed
   */
  readonly call: (inputs: TensorLike | TensorsByName, params?: TensorsByName) => Y;
}

/** Reads a model; `known` works out what depends on constants only. */
export async function loadModel<Y>(
  source: Uint8Array | ArrayBuffer | string | URL,
  options: OnnxOptions,
  known: KnownElements,
): Promise<OnnxModel<Y>> {
  const { bytes, address } = await bytesOf(source, options);
  try {
    const proto = decodeModel(bytes);
    const external = await readExternal(proto, options, address, bytesOf);
    return makeModel(parseModel(proto, external), known);
  } catch (error) {
    if (!(error instanceof FormatError) || error.message.length <= LONGEST_MESSAGE) throw error;
    throw new FormatError(`${error.message.slice(0, LONGEST_MESSAGE)}...`, { cause: error });
  }
}

/** Messages quote names from the file, which may be of any length. */
const LONGEST_MESSAGE = 10_000;

/** A model as a function. */
function makeModel<Y>(graph: Graph, known: KnownElements): OnnxModel<Y> {
  const { inputs, outputs } = graph;
  const params = Object.create(null) as Record<string, HostArray>;
  for (const [name, array] of graph.initializers) if (array.dtype === 'f32') params[name] = array;
  if (outputs.length === 0) throw new FormatError('onnx: the graph has no outputs');
  const opset = graph.nodes[0]?.opset ?? 0;
  const call = (given: TensorLike | TensorsByName, instead: TensorsByName = {}): Y => {
    const run = new Run(graph, known);
    const values = run.graph(graph, givenInputs(inputs, given), givenParams(params, instead));
    const results = values.map((value, i) => resultOf(value, (outputs[i] as ValueInfo).name));
    if (results.length === 1) return results[0] as Y;
    return Object.fromEntries(outputs.map(({ name }, i) => [name, results[i]])) as Y;
  };
  return { inputs, outputs, params, opset, call };
}

function resultOf(value: Value, name: string): Tensor | readonly Tensor[] {
  if (value === undefined)
    throw new FormatError(`onnx: the output ${JSON.stringify(name)} has no value`);
  return value instanceof Sequence ? value.items : value;
}

/** What a source holds, and where it came from. @throws FormatError when it cannot be had */
async function bytesOf(
  source: Uint8Array | ArrayBuffer | string | URL,
  { maxBytes = 2 ** 31, signal }: OnnxOptions,
): Promise<{ bytes: Uint8Array; address?: URL }> {
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    const bytes = source instanceof Uint8Array ? source : new Uint8Array(source);
    checkSize(bytes.byteLength, maxBytes);
    return { bytes };
  }
  const what = String(source);
  let response: Response;
  try {
    response = await fetch(source, signal ? { signal } : {});
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new FormatError(
      `onnx: cannot fetch ${what}; a file of this machine is passed as bytes: loadOnnx(await readFile(path))`,
      { cause },
    );
  }
  if (!response.ok)
    throw new FormatError(`onnx: cannot fetch ${what}: ${response.status} ${response.statusText}`);
  checkSize(Number(response.headers.get('content-length') ?? 0), maxBytes);
  const bytes = new Uint8Array(await response.arrayBuffer());
  checkSize(bytes.byteLength, maxBytes);
  return { bytes, address: new URL(response.url) };
}

function checkSize(bytes: number, most: number): void {
  if (bytes > most)
    throw new FormatError(`onnx: the file has ${bytes} bytes, maxBytes allows ${most}`);
}
