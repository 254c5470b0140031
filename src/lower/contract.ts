import { variable, type Index } from '../ir/index-expr.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Group, Plan } from '../plan/plan.ts';
import { asProduct, type Contraction, type IndicesOf } from './contraction.ts';
import { Emitter } from './emitter.ts';
import { KernelWriter, fits, type Kernel, type LowerLimits } from './kernel.ts';
import { NotVector } from './lanes.ts';
import { loadsPerTerm, writeRegisterTile } from './register-tile.ts';
import { tilings, type Loads } from './tiling.ts';
import { writeWorkgroupTile } from './workgroup-tile.ts';

/** Contraction in the way that promises to be the fastest on the adapter. */
export function lowerContract(group: Group, plan: Plan, limits: LowerLimits): Kernel {
  const node = group.anchor as Tensor;
  const indicesOf: IndicesOf = (x, at, lanes) => {
    const indices: Index[] = [];
    const { around } = new KernelWriter(group, plan, limits);
    new Emitter({ ...around, onIndex: (i) => indices.push(i) }, lanes).value(x, at);
    return indices;
  };
  const choices = [false, true]
    .filter((flip) => flip === (limits.tiling?.flip ?? flip))
    .flatMap((flip) => {
      const product = asProduct(node, flip, indicesOf);
      const ways = tilings(product, limits, loadsOf(product, indicesOf));
      return ways.map((tiling) => ({ product, tiling: { ...tiling, flip } }));
    })
    .sort((x, y) => x.tiling.cost - y.tiling.cost);
  for (const { product, tiling } of choices) {
    const write = tiling.variant === 'tile' ? writeWorkgroupTile : writeRegisterTile;
    try {
      const kernel = write(new KernelWriter(group, plan, limits), product, tiling);
      if (fits(kernel, limits)) return kernel;
    } catch (e) {
      // neighbours of an index may be none of the sums that it becomes inside a tile
      if (!(e instanceof NotVector)) throw e;
    }
  }
  const { tiling, ...free } = limits;
  if (tiling) return lowerContract(group, plan, free);
  throw new Error(`lower: no way to compute ${node.toString()}`);
}

function loadsOf(product: Contraction, indicesOf: IndicesOf): Loads {
  const { a, b, Z, M, N, loops } = product;
  const k = loops.map((n, i) => variable(`k${i}`, n));
  const [z, m, n] = [variable('z', Z), variable('m', M), variable('n', N)];
  const can = (size: number, read: () => unknown): boolean => {
    if (size % 4 !== 0) return false;
    try {
      read();
      return true;
    } catch (e) {
      if (e instanceof NotVector) return false;
      throw e;
    }
  };
  const along = (name: string): { variable: string; strict: true } => ({
    variable: name,
    strict: true,
  });
  const terms = along(`k${loops.length - 1}`);
  const last = loops.at(-1) as number;
  const atA = product.atA(z, m, k);
  const atB = product.atB(z, k, n);
  return {
    vectors: {
      rows: can(M, () => indicesOf(a, atA, along('m'))),
      columns: can(N, () => indicesOf(b, atB, along('n'))),
      leftTerms: can(last, () => indicesOf(a, atA, terms)),
      rightTerms: can(last, () => indicesOf(b, atB, terms)),
    },
    perTerm: loadsPerTerm(product, indicesOf),
  };
}
