import { compile, jacobian, vmap, type Tensor } from '../../src/index.ts';
import type { OnnxModel } from '../../src/onnx.ts';

/**
 * A decoder `[B, latents] -> [B, pixels]` by its latents: the Jacobian of each sample `[pixels, latents]`, and
 * the metric JᵀJ that it pulls back from pixels to latents.
 */
export function latentGeometry(decoder: OnnxModel) {
  const decode = (z: Tensor) => decoder.call(z.expandDims(0)).squeeze(0); // one sample
  return compile(
    vmap((z: Tensor) => {
      const J = jacobian(decode)(z); // 16 latents, 784 pixels: forward mode, found by itself
      return { J, metric: J.t().matmul(J) };
    }),
  );
}
