import { batchJacobian, compile, type Tensor } from '../../src/index.ts';
import type { OnnxModel } from '../../src/onnx.ts';

/**
 * Saliency of an image classifier `[B, c, h, w] -> [B, classes]`: how each score changes with each pixel of
 * its own image, `[B, c, h, w, classes]`.
 */
export function saliency(model: OnnxModel) {
  const J = batchJacobian((images: Tensor) => model.call(images)); // [B, classes, c, h, w]
  return compile((images: Tensor) => J(images).moveAxis(1, -1)); // no copy is made for the other layout
}
