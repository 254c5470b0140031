import { variable } from '../ir/index-expr.ts';
import { range } from '../util/shape.ts';
import type { Contraction } from './contraction.ts';
import type { LowerLimits } from './kernel.ts';
import type { Lanes } from './emitter.ts';

/** How a contraction is cut into threads, registers and steps. */
export interface Tiling {
  /**
   * `subgroup`: the lanes of a subgroup share rows and load the row operand together; `direct`: each
   * thread for itself
   */
  readonly variant: 'subgroup' | 'direct';
  /** whether the second operand has the rows */
  readonly flip: boolean;
  /** rows and columns per thread */
  readonly rows: number;
  readonly columns: number;
  /** what the loads of the row operand take four at once */
  readonly left: 'terms' | 'single';
  /** what the loads of the column operand take four at once */
  readonly right: 'columns' | 'terms' | 'single';
  /** terms that are unrolled in a step of the innermost loop */
  readonly terms: number;
  readonly workgroup: number;
}

/** Indices that the loads of one element need: a measure of their cost. Null: no vectors of four. */
export type LoadCost = (operand: 'a' | 'b', lanes?: Lanes) => number | null;

/** Cost of a load of one element, in multiply-adds, on an adapter that is a CPU. */
const LOAD = 3.5;

/** Ways to compute a contraction, the cheapest first, as far as can be told. */
export function tilings(
  product: Contraction,
  limits: LowerLimits,
  loads: LoadCost,
): (Tiling & { cost: number })[] {
  const forced = limits.tiling ?? {};
  const { Z, M, N, K } = product;
  const last = product.loops.at(-1) ?? 1;
  const along = `k${product.loops.length - 1}`;
  const can = {
    left: last % 4 === 0 && loads('a', { variable: along, strict: true }) !== null,
    terms: last % 4 === 0 && loads('b', { variable: along, strict: true }) !== null,
    columns: N % 4 === 0 && loads('b', { variable: 'n', strict: true }) !== null,
  };
  const [costA, costB] = [loads('a') as number, loads('b') as number];
  const all: (Tiling & { cost: number })[] = [];
  const size = limits.subgroupSize;
  const variants =
    size && limits.isSoftware ? (['subgroup', 'direct'] as const) : (['direct'] as const);
  for (const variant of variants)
    for (const right of ['columns', 'terms', 'single'] as const) {
      if (right !== 'single' && !can[right]) continue;
      if (forced.right && forced.right !== right) continue;
      const wide = right === 'columns' ? [4] : [1, 2, 4];
      for (const columns of wide)
        for (const rows of range(8).map((i) => i + 1)) {
          if (rows > M || columns > N) continue;
          const left = variant === 'direct' && can.left ? 'terms' : 'single';
          const [tilesM, tilesN] = [Math.ceil(M / rows), Math.ceil(N / columns)];
          const workgroup =
            variant === 'subgroup'
              ? subgroups(size as number, tilesN, Z * tilesM)
              : threads(Z * tilesM * tilesN, limits);
          const tiling: Tiling = {
            ...{ variant, flip: false, rows, columns, left, right, terms: 4, workgroup },
            ...forced,
          };
          if (tiling.variant !== variant || tiling.rows !== rows || tiling.columns !== columns)
            continue;
          const lanes =
            variant === 'subgroup'
              ? Z * tilesM * Math.ceil(tilesN / tiling.workgroup) * tiling.workgroup
              : Math.ceil((Z * tilesM * tilesN) / (size ?? 1)) * (size ?? 1);
          const perTerm =
            LOAD *
              (costB * columns + (costA * rows) / (variant === 'subgroup' ? (size as number) : 1)) +
            rows * columns +
            (variant === 'subgroup' ? rows * 0.5 : 0);
          all.push({ ...tiling, cost: lanes * (K + 4) * perTerm });
        }
    }
  return all.sort((x, y) => x.cost - y.cost);
}

/** Threads of a workgroup of whole subgroups that wastes few lanes, and leaves work for all cores. */
function subgroups(size: number, tilesN: number, others: number): number {
  let best = size;
  for (let n = 2 * size; n <= 32; n *= 2) {
    const padded = (w: number): number => Math.ceil(tilesN / w) * w;
    if (padded(n) <= padded(best) && (others * padded(n)) / n >= 8) best = n;
  }
  return best;
}

function threads(all: number, limits: LowerLimits): number {
  let n = 64;
  while (limits.isSoftware && n > (limits.subgroupSize ?? 4) && all / n < 8) n /= 2;
  return Math.min(n, limits.invocationsPerWorkgroup);
}

void variable;
