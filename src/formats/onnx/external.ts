import { FormatError } from '../../util/errors.ts';
import type { OnnxOptions } from './load.ts';
import type { GraphProto, ModelProto, NodeProto, TensorProto } from './proto.ts';
import type { External } from './tensors.ts';

type Bytes = Uint8Array | ArrayBuffer;

/** Files by the location that a model names, or a function that finds them. */
export type ExternalData =
  Readonly<Record<string, Bytes>> | ((location: string) => Bytes | Promise<Bytes>);

/** Reads an address. */
type Fetch = (address: URL, options: OnnxOptions) => Promise<{ readonly bytes: Uint8Array }>;

/**
 * The other files that tensors of a model are in.
 *
 * @param address of the model, if it came from one
 * @throws FormatError for files that cannot be had
 */
export async function readExternal(
  model: ModelProto,
  options: OnnxOptions,
  address: URL | undefined,
  fetchBytes: Fetch,
): Promise<External> {
  const files = new Map<string, Uint8Array>();
  for (const location of new Set(locations(model))) {
    const bytes = await find(location, options, address, fetchBytes);
    if (bytes) files.set(location, bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
  }
  return (location, what) => {
    const file = files.get(location);
    if (!file)
      throw new FormatError(
        `${what}: its data is in ${JSON.stringify(location)}; pass that file as { externalData: { ${JSON.stringify(location)}: bytes } }`,
      );
    return file;
  };
}

async function find(
  location: string,
  options: OnnxOptions,
  address: URL | undefined,
  fetchBytes: Fetch,
): Promise<Bytes | undefined> {
  const { externalData } = options;
  if (typeof externalData === 'function') return externalData(location);
  if (externalData && Object.hasOwn(externalData, location)) return externalData[location];
  if (!address) return undefined;
  // a file beside the model or below it, and nothing else
  if (!isBeside(location))
    throw new FormatError(
      `onnx: will not fetch ${JSON.stringify(location)}, which is not beside the model; pass it as externalData`,
    );
  return (await fetchBytes(new URL(location, address), options)).bytes;
}

/** Whether a location is a relative path that does not lead out of its folder. */
export const isBeside = (location: string): boolean =>
  /^[\w. -]+(\/[\w. -]+)*$/.test(location) && !location.split('/').includes('..');

/** The locations that tensors name, those of attributes included. */
function locations(model: ModelProto): string[] {
  const found: string[] = [];
  const tensor = (t: TensorProto): void => {
    const location = t.external.find((e) => e.key === 'location')?.value;
    if (t.location === 1 && location !== undefined) found.push(location);
  };
  const nodes = (list: readonly NodeProto[]): void => {
    for (const { attributes } of list)
      for (const { t, g } of attributes) {
        if (t) tensor(t);
        if (g) graph(g);
      }
  };
  const graph = (g: GraphProto): void => {
    g.initializers.forEach(tensor);
    nodes(g.nodes);
  };
  if (model.graph) graph(model.graph);
  model.functions.forEach((f) => nodes(f.nodes));
  return found;
}
