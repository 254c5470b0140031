import { matmul, t, type Engine, type Tensor } from '../../src/node.ts';
import { productFlops } from '../flops.ts';
import { makeEngine } from '../gpu.ts';
import type { Assembly } from '../handwritten/chain.ts';
import { matmul as byHand, variantsFor, type Variant } from '../handwritten/matmul.ts';
import { start, type Running } from '../handwritten/run.ts';
import { median } from '../statistics.ts';
import { random, type Special } from '../subject.ts';

const rounds = 7;

/** `[m, k] · [k, n]`, or `[m, k] · [n, k]ᵀ`, and where the suite has it. */
interface Shape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposed?: true;
  readonly of: string;
}

const suite: readonly Shape[] = [
  { m: 1, k: 784, n: 512, of: 'A1 value' },
  { m: 10, k: 512, n: 784, transposed: true, of: 'A1' },
  { m: 64, k: 784, n: 512, of: 'A64 value' },
  { m: 640, k: 512, n: 512, transposed: true, of: 'A64' },
  { m: 640, k: 512, n: 784, transposed: true, of: 'A64' },
  { m: 32, k: 512, n: 784, of: 'B' },
  { m: 256, k: 256, n: 256, transposed: true, of: 'C1' },
  { m: 4096, k: 256, n: 256, transposed: true, of: 'C16' },
  { m: 784, k: 16, n: 784, of: 'autoencoder' },
  { m: 6144, k: 48, n: 48, transposed: true, of: 'attention' },
  { m: 128, k: 512, n: 128, of: 'hessian' },
  { m: 512, k: 512, n: 512, of: '512³' },
  { m: 1024, k: 1024, n: 1024, of: '1024³' },
];
const large: Shape = { m: 2048, k: 2048, n: 2048, of: '2048³' };

/** Medians of the GPU's time for our kernels, and for the variants by hand, in turns. */
async function race(engine: Engine, shape: Shape) {
  const { m, k, n, transposed } = shape;
  const a = random([m, k], 1, 1);
  const b = random([k, n], 1, 2);
  const right = transposed ? random([n, k], 1, 2) : b;
  const product = (x: Tensor): Tensor => matmul(x, transposed ? t(right) : right);
  const plan = await engine.compile(product, { label: 'product' }).prepare(a);
  const variants = await Promise.all(
    variantsFor(engine).map(async (variant): Promise<[Variant, Running]> => {
      const assembly: Assembly = {
        layout: new Map([
          ['a', m * k],
          ['b', k * n],
          ['c', m * n],
        ]),
        constants: new Map([['b', b.data as Float32Array]]),
        steps: [
          {
            shader: byHand(variant, { m, k, n }, engine.info.subgroupMaxSize),
            buffers: ['a', 'b', 'c'],
          },
        ],
        input: 'a',
        output: 'c',
      };
      const running = await start(engine, assembly, a.data as Float32Array);
      await running.run();
      return [variant, running];
    }),
  );
  const ours: number[] = [];
  const theirs = variants.map((): number[] => []);
  for (let i = 0; i <= rounds; i++) {
    const profile = await plan.profile(a);
    const times = [];
    for (const [, running] of variants) times.push(await running.gpuTime());
    if (i === 0) continue; // kernels are compiled when they are first dispatched
    ours.push(profile.steps.reduce((sum, step) => sum + step.milliseconds, 0));
    times.forEach((time, v) => theirs[v]?.push(time));
  }
  const kernels = plan.explain().json.kernels.map(({ kind }) => kind);
  plan.destroy();
  for (const [, running] of variants) running.destroy();
  const medians = theirs.map(median);
  const best = Math.min(...medians);
  const variant = variants[medians.indexOf(best)]?.[0] as Variant;
  return { ours: median(ours), best, variant, kernels };
}

const subject: Special = {
  name: 'products',
  title: 'products of the suite on the GPU alone: our kernels and the best by hand',
  async measure() {
    const engine = await makeEngine();
    if (!engine.device.features.has('timestamp-query'))
      throw new Error('the adapter has no timestamp queries');
    const rows: Record<string, string | number>[] = [];
    for (const shape of engine.info.isSoftware ? suite : [...suite, large]) {
      const { m, k, n, transposed, of } = shape;
      const { ours, best, variant, kernels } = await race(engine, shape);
      const flops = productFlops(m, k, n);
      rows.push({
        product: `${m}x${k}x${n}${transposed ? ', right transposed' : ''}`,
        of,
        'ours ms': ours,
        'ours GFLOP/s': flops / ours / 1e6,
        dispatches: kernels.length,
        'by hand ms': best,
        'by hand GFLOP/s': flops / best / 1e6,
        variant,
        'ours, of by hand': `${((100 * best) / ours).toFixed(0)} %`,
      });
    }
    engine.destroy();
    return rows;
  },
};
export default subject;
