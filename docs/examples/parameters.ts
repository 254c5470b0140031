import { compile, einsum, jacobian, vmap, type HostArray, type Tensor } from '../../src/index.ts';
import type { OnnxModel } from '../../src/onnx.ts';

type Params = Record<string, Tensor>;

/** Jacobians of the outputs at one sample by every parameter: a tree like `model.params`. */
export function byParameters(model: OnnxModel) {
  return compile(
    jacobian((params: Params, x: Tensor) => model.call(x.expandDims(0), params).squeeze(0)),
  );
}

/**
 * The empirical neural tangent kernel of a batch: products of the parameter Jacobians of all pairs of
 * samples, `[B, outputs, B, outputs]`, over the parameters that `isTrained` keeps.
 */
export function tangentKernel(model: OnnxModel, isTrained: (name: string) => boolean = () => true) {
  const trained = Object.fromEntries(
    Object.entries(model.params).filter(([name]) => isTrained(name)),
  ) as Record<string, HostArray>;
  return compile((x: Tensor) => {
    const perSample = vmap((sample: Tensor) =>
      jacobian((params: Params) => model.call(sample.expandDims(0), params).squeeze(0))(
        trained as never,
      ),
    );
    const blocks = Object.values(perSample(x)).map((J) => J.flatten(2)); // [B, outputs, size]
    return blocks
      .map((J) => einsum('iap,jbp->iajb', J, J))
      .reduce((sum, product) => sum.add(product));
  });
}
