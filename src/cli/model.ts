import { dirname, join } from 'node:path';
import { isBeside } from '../formats/onnx/external.ts';
import type { HostArray, Tensor } from '../node.ts';
import { loadOnnx, type ValueInfo } from '../onnx.ts';
import { readAs, readBytes } from './files.ts';
import { UsageError } from './usage.ts';

/** A network of a file: inputs by name to outputs by name. */
export interface Model {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly params: Readonly<Record<string, HostArray>>;
  call(
    inputs: Readonly<Record<string, Tensor | HostArray>>,
    params?: Readonly<Record<string, Tensor>>,
  ): Readonly<Record<string, Tensor>>;
}

/**
 * Reads a model file, and the files beside it that hold its data.
 *
 * @throws UsageError for files that cannot be read, FormatError for one that is no model
 */
export async function loadModel(path: string): Promise<Model> {
  const bytes = await readBytes(path);
  const externalData = (location: string): Promise<Uint8Array> => {
    if (!isBeside(location))
      throw new UsageError(
        `model ${path}: names the file ${JSON.stringify(location)}, which is not beside it`,
      );
    return readBytes(join(dirname(path), location));
  };
  const model = await readAs(`model ${path}`, () => loadOnnx<unknown>(bytes, { externalData }));
  const only = model.outputs.length === 1 ? model.outputs[0]?.name : undefined;
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    params: model.params,
    call: (inputs, params) => {
      const y = model.call(inputs, params);
      return (only === undefined ? y : { [only]: y }) as Record<string, Tensor>;
    },
  };
}
