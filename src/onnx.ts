/** `cotangent/onnx`: networks of `.onnx` files as functions of tensors. */
import { loadModel, type OnnxModel, type OnnxOptions } from './formats/onnx/load.ts';
import { knownElements } from './ops/known.ts';
import type { Tensor } from './ir/tensor.ts';

export type { ExternalData } from './formats/onnx/external.ts';
export type { ValueInfo } from './formats/onnx/graph.ts';
export type { OnnxModel, OnnxOptions, OnnxResult, TensorsByName } from './formats/onnx/load.ts';
export { FormatError } from './util/errors.ts';

/**
 * Reads a network in the ONNX format, opset 7 or newer, as a function of tensors.
 *
 * ```ts
 * const model = await loadOnnx(bytes);
 * const J = compile(jacobian((x) => model.call(x)));
 * ```
 *
 * @typeParam Y what `call` returns: a `Tensor` for a model of one output, for several an object of them by
 *   name, `loadOnnx<{ mu: Tensor; logvar: Tensor }>(bytes)`
 * @param source the file's bytes, or its address
 * @throws FormatError that says where, for a file that is no model, and one that lists every node there
 *   is no handler for
 */
export function loadOnnx<Y = Tensor>(
  source: Uint8Array | ArrayBuffer | string | URL,
  options: OnnxOptions = {},
): Promise<OnnxModel<Y>> {
  return loadModel<Y>(source, options, knownElements);
}
