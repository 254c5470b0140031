import contractFile from '../../shaders/contract.wgsl?raw';
import { variable } from '../ir/index-expr.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Group, Plan } from '../plan/plan.ts';
import { range } from '../util/shape.ts';
import { asProduct, type Contraction } from './contraction.ts';
import { fits, KernelWriter, type Kernel, type LowerLimits } from './kernel.ts';
import { NotVector } from './lanes.ts';

/**
 * Which dimension the loads take four elements of at once: columns of b (row-major b), terms of both
 * (both contiguous along the sum), or none.
 */
type Vectors = 'columns' | 'terms' | 'none';

/** Contraction in the widest way its operands' layouts allow. */
export function lowerContract(group: Group, plan: Plan, limits: LowerLimits): Kernel {
  const product = asProduct(group.anchor as Tensor);
  const tries: Vectors[] = [];
  if (product.N % 4 === 0) tries.push('columns');
  if (product.K % 4 === 0) tries.push('terms');
  for (const vectors of tries) {
    try {
      const kernel = write(group, plan, limits, product, vectors);
      if (fits(kernel, limits)) return kernel;
    } catch (e) {
      if (!(e instanceof NotVector)) throw e;
    }
  }
  return write(group, plan, limits, product, 'none');
}

/** Rows per thread, at most `most`: the split that wastes the fewest rows. */
function tileOf(rows: number, most: number): number {
  let best = 1;
  const waste = (t: number): number => Math.ceil(rows / t) * t;
  for (let t = 1; t <= most; t++) if (waste(t) * (best + 2) <= waste(best) * (t + 2)) best = t;
  return best;
}

function write(
  group: Group,
  plan: Plan,
  limits: LowerLimits,
  product: Contraction,
  vectors: Vectors,
): Kernel {
  const writer = new KernelWriter(group, plan, limits);
  const node = group.anchor as Tensor;
  const { a, b, Z, M, N, K } = product;
  const tileM = tileOf(M, 4);
  const tileN = vectors === 'columns' ? 4 : tileOf(N, 4);
  const [z, k] = [variable('z', Z), variable('k', K)];
  const row = range(tileM).map((i) => (i === 0 ? 'm0' : `m${i}`));
  const column = range(vectors === 'columns' ? 1 : tileN).map((j) => (j === 0 ? 'n0' : `n${j}`));
  const names = [
    ...row.slice(1).map((r, i) => `let ${r} = min(m0 + ${i + 1}u, M - 1u);`),
    ...column.slice(1).map((c, j) => `let ${c} = min(n0 + ${j + 1}u, N - 1u);`),
  ];
  const type = vectors === 'columns' ? 'F4' : 'F';
  const acc = (i: number, j: number): string => `acc${i}_${j}`;
  const start = [
    ...names,
    ...row.flatMap((_, i) => column.map((__, j) => `var ${acc(i, j)}: ${type} = ${type}(0.0);`)),
  ];
  const step: string[] = [];
  const stepK = vectors === 'terms' ? 4 : 1;
  const loop = writer.emitter(
    vectors === 'columns'
      ? { variable: 'n0', strict: true }
      : vectors === 'terms'
        ? { variable: 'k', strict: true }
        : undefined,
  );
  const scalar = vectors === 'columns' ? writer.emitter() : loop;
  const left = row.map((r) => scalar.value(a, product.atA(z, variable(r, M), k)));
  const right = column.map((c) => loop.value(b, product.atB(z, k, variable(c, N))));
  if (scalar !== loop) step.push(...scalar.lines);
  step.push(...loop.lines);
  row.forEach((_, i) =>
    column.forEach((__, j) =>
      // terms are added one by one, so that the bits do not depend on which of these it is
      step.push(
        ...(vectors === 'terms' ? ['.x', '.y', '.z', '.w'] : ['']).map(
          (lane) => `${acc(i, j)} += ${left[i]}${lane} * ${right[j]}${lane};`,
        ),
      ),
    ),
  );
  const finish: string[] = [];
  row.forEach((r, i) =>
    column.forEach((c, j) => {
      const e = writer.emitter(vectors === 'columns' ? { variable: 'n0' } : undefined);
      const tests = [
        ...(i > 0 && M % tileM !== 0 ? [`m0 + ${i}u < M`] : []),
        ...(j > 0 && N % tileN !== 0 ? [`n0 + ${j}u < N`] : []),
      ];
      const store = (): void => {
        e.define(node, acc(i, j));
        writer.members(e, product.at(z, variable(r, M), variable(c, N)));
      };
      if (tests.length > 0) e.block(`if (${tests.join(' && ')})`, store);
      else e.block('', store);
      finish.push(...e.lines);
    }),
  );
  const threads = Z * Math.ceil(M / tileM) * Math.ceil(N / tileN);
  return writer.assemble(
    contractFile,
    { M, N, K, TILE_M: tileM, TILE_N: tileN, STEP_K: stepK },
    { start: start.join('\n'), step: step.join('\n'), finish: finish.join('\n') },
    threads,
    writer.workgroup(64),
  );
}
