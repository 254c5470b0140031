import { variable, type Index } from '../ir/index-expr.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Group, Plan } from '../plan/plan.ts';
import { asProduct, type Contraction, type IndicesOf } from './contraction.ts';
import { Emitter } from './emitter.ts';
import { KernelWriter, fits, type Kernel, type LowerLimits } from './kernel.ts';
import { NotVector } from './lanes.ts';
import { writeRegisterTile } from './register-tile.ts';
import { tilings, type LoadCost } from './tiling.ts';

/** Contraction in the way that promises to be the fastest. */
export function lowerContract(group: Group, plan: Plan, limits: LowerLimits): Kernel {
  const node = group.anchor as Tensor;
  const indicesOf: IndicesOf = (x, at, lanes) => {
    const indices: Index[] = [];
    const { around } = new KernelWriter(group, plan, limits);
    const e = new Emitter({ ...around, onIndex: (i) => indices.push(i) }, lanes);
    e.value(x, at);
    return indices;
  };
  const choices = [false, true]
    .filter((flip) => flip === (limits.tiling?.flip ?? flip))
    .flatMap((flip) => {
      const product = asProduct(node, flip, indicesOf);
      return tilings(product, limits, loadCost(product, indicesOf)).map((tiling) => ({
        product,
        tiling: { ...tiling, flip },
      }));
    })
    .sort((x, y) => x.tiling.cost - y.tiling.cost);
  for (const { product, tiling } of choices) {
    const kernel = writeRegisterTile(new KernelWriter(group, plan, limits), product, tiling);
    if (fits(kernel, limits)) return kernel;
  }
  const { tiling, ...free } = limits;
  if (tiling) return lowerContract(group, plan, free);
  throw new Error(`lower: no way to compute ${node.toString()}`);
}

function loadCost(product: Contraction, indicesOf: IndicesOf): LoadCost {
  const { a, b, Z, M, N, loops } = product;
  const k = loops.map((n, i) => variable(`k${i}`, n));
  const [z, m, n] = [variable('z', Z), variable('m', M), variable('n', N)];
  return (operand, lanes) => {
    try {
      const indices =
        operand === 'a'
          ? indicesOf(a, product.atA(z, m, k), lanes)
          : indicesOf(b, product.atB(z, k, n), lanes);
      return indices.length;
    } catch (e) {
      if (e instanceof NotVector) return null;
      throw e;
    }
  };
}
