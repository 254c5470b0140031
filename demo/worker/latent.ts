import { array, valueAndJacobian, type Compiled, type Tensor } from '../../src/index.ts';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import type { LatentResult, Mode } from './api.ts';
import { engineOf } from './gpu.ts';
import { jacobianOf } from './jacobians.ts';
import { modelFunction } from './models.ts';

type LatentFunction = Compiled<[Tensor], [Tensor, Tensor, Tensor]>;
const compiled = new Map<Mode, Promise<LatentFunction>>();

/** Image, Jacobian and metric in one submission. */
async function make(mode: Exclude<Mode, 'rows'>): Promise<LatentFunction> {
  const decode = await modelFunction('decoder');
  const both = valueAndJacobian(decode, { mode });
  const all = (z: Tensor): [Tensor, Tensor, Tensor] => {
    const [image, J] = both(z);
    return [image, J, J.t().matmul(J)];
  };
  return (await engineOf()).compile(all, { label: `latent explorer ${mode}` });
}

/** The same with one backward pass for each pixel; the metric is formed on the CPU. */
async function rowByRow(z: Float32Array): Promise<LatentResult> {
  const subject = { kind: 'model', id: 'decoder' } as const;
  const result = await jacobianOf(subject, z, 'rows');
  const J = Matrix.from1DArray(result.value.length, z.length, result.jacobian);
  const metric = Float32Array.from(J.transpose().mmul(J).to1DArray());
  const { value: image, jacobian, milliseconds, submissions } = result;
  return { image, jacobian, metric, milliseconds, submissions };
}

/** The decoder's image at `z`, its derivatives and the metric JᵀJ. */
export async function latentAt(z: Float32Array, mode: Mode): Promise<LatentResult> {
  if (mode === 'rows') return rowByRow(z);
  const made = compiled.get(mode) ?? make(mode);
  compiled.set(mode, made);
  made.catch(() => compiled.delete(mode));
  const f = await made;
  await f.prepare({ shape: [z.length] });
  const engine = await engineOf();
  const before = engine.stats.submissions;
  const start = performance.now();
  const results = await f(array(z));
  const [image, jacobian, metric] = (await Promise.all(results.map((r) => r.read()))) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const milliseconds = performance.now() - start;
  for (const r of results) r.destroy();
  return { image, jacobian, metric, milliseconds, submissions: engine.stats.submissions - before };
}

/**
 * Latents after a step towards a change of the image: the damped pseudo-inverse
 * z + (JᵀJ + damping)⁻¹ Jᵀ change, of length `longest` at most.
 */
export function moved(
  z: Float32Array,
  { jacobian, metric }: Pick<LatentResult, 'jacobian' | 'metric'>,
  change: ReadonlyMap<number, number>,
  { damping = 0.05, longest = 0.5 } = {},
): Float32Array {
  const n = z.length;
  const normal = Matrix.from1DArray(n, n, metric);
  for (let i = 0; i < n; i++) normal.set(i, i, normal.get(i, i) + damping);
  const right = Matrix.zeros(n, 1);
  for (const [pixel, amount] of change)
    for (let i = 0; i < n; i++)
      right.set(i, 0, right.get(i, 0) + amount * (jacobian[pixel * n + i] as number));
  const step = new CholeskyDecomposition(normal).solve(right).to1DArray();
  const length = Math.hypot(...step);
  const scale = length > longest ? longest / length : 1;
  return z.map((v, i) => Math.max(-3, Math.min(3, v + scale * (step[i] as number))));
}
