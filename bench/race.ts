import type { Engine, HostArray, Tensor } from '../src/node.ts';
import { makeEngine } from './gpu.ts';
import type { Assembly } from './handwritten/chain.ts';
import { start, type Running } from './handwritten/run.ts';
import type { Rows } from './report.ts';
import { median } from './statistics.ts';

/** Rounds at least; more where they take no time. */
const [LEAST_ROUNDS, MOST_ROUNDS] = [11, 60];
/** Milliseconds after which the least rounds are enough. */
const ENOUGH = 500;
/** Largest difference between what kernels by hand and ours compute, over the largest element. */
const SAME = 1e-4;

/** A kernel of ours against ways to write it by hand. */
export interface Race {
  readonly name: string;
  /** where the suite has it */
  readonly of: string;
  readonly flops: number;
  readonly f: (x: Tensor) => Tensor;
  readonly input: HostArray;
  readonly byHand: ReadonlyMap<string, Assembly>;
}

/**
 * A table of races.
 *
 * @throws Error where the adapter has no timestamp queries, and when a way by hand computes something else
 */
export async function races(
  all: (engine: Engine, add: (race: Race) => Promise<void>) => Promise<void>,
): Promise<Rows> {
  const engine = await makeEngine();
  if (!engine.device.features.has('timestamp-query'))
    throw new Error('the adapter has no timestamp queries');
  const rows: Record<string, string | number>[] = [];
  await all(engine, async (race) => {
    const { name, of, flops } = race;
    const { ours, byHand, variant, dispatches } = await run(engine, race);
    rows.push({
      kernel: name,
      of,
      'ours ms': ours,
      'ours GFLOP/s': flops / ours / 1e6,
      dispatches,
      'by hand ms': byHand,
      'by hand GFLOP/s': flops / byHand / 1e6,
      variant,
      'ours, of by hand': `${((100 * byHand) / ours).toFixed(0)} %`,
    });
  });
  engine.destroy();
  return rows;
}

/** Medians of the GPU's time for our kernels and for the best way by hand, all in turns. */
async function run(engine: Engine, { f, input, byHand: ways }: Race) {
  const compiled = engine.compile(f, { label: 'race' });
  using result = await compiled(input);
  const expected = await result.read();
  const scale = expected.reduce((most: number, v: number) => Math.max(most, Math.abs(v)), 0);
  const plan = await compiled.prepare(input);
  const variants: { name: string; running: Running; times: number[] }[] = [];
  for (const [name, assembly] of ways) {
    const running = await start(engine, assembly, input.data as Float32Array);
    const got = await running.run();
    if (expected.some((v, i) => !(Math.abs(v - (got[i] as number)) <= SAME * scale)))
      throw new Error(`by hand, ${name}: another result than ours`);
    variants.push({ name, running, times: [] });
  }
  const ours: number[] = [];
  const end = performance.now() + ENOUGH;
  for (let i = 0; i < LEAST_ROUNDS || (i < MOST_ROUNDS && performance.now() < end); i++) {
    const { steps } = await plan.profile(input);
    ours.push(steps.reduce((sum, step) => sum + step.milliseconds, 0));
    for (const { running, times } of variants) times.push(await running.gpuTime());
  }
  const dispatches = plan.explain().json.kernels.length;
  plan.destroy();
  for (const { running } of variants) running.destroy();
  const medians = variants.map(({ name, times }) => ({ name, time: median(times) }));
  const best = medians.reduce((x, y) => (y.time < x.time ? y : x));
  return { ours: median(ours), byHand: best.time, variant: best.name, dispatches };
}
