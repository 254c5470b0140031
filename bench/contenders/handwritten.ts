import type { Engine } from '../../src/node.ts';
import { timed, type Contender, type Started } from '../contender.ts';
import { assemble, type Network } from '../handwritten/chain.ts';
import { start, type Running } from '../handwritten/run.ts';
import { variantsFor, type Variant } from '../handwritten/matmul.ts';
import { median } from '../statistics.ts';
import type { Subject } from '../subject.ts';

/** Runs that decide which variant is the best. */
const TRIALS = 3;

interface Tried {
  readonly variant: Variant;
  readonly running: Running;
  readonly firstCall: number;
  readonly result: Float32Array;
  readonly time: number;
}

/** Whether there are kernels by hand for a subject. */
export const isByHand = ({ peer, derivative }: Subject): boolean =>
  peer.name === 'mlp' && (derivative === 'jacobian' || derivative === 'batch jacobian');

/** What kernels written by hand for the shape take: the best of their variants. */
export function handwritten(subject: Subject, makeEngine: () => Promise<Engine>): Contender {
  return {
    name: 'by hand',
    async start(): Promise<Started> {
      const network = networkOf(subject);
      const engine = await makeEngine();
      const input = subject.inputs[0].data as Float32Array;
      let best: Tried | null = null;
      for (const variant of variantsFor(engine)) {
        const tried = await attempt(engine, network, variant, input);
        if (best && best.time <= tried.time) tried.running.destroy();
        else {
          best?.running.destroy();
          best = tried;
        }
      }
      const { running, variant, firstCall, result } = best as Tried;
      return {
        firstCall,
        result,
        dispatches: running.dispatches,
        run: () => timed(() => running.run()),
        details: async () => {
          if (!engine.device.features.has('timestamp-query')) return { order: variant };
          const times = [];
          for (let i = 0; i < 5; i++) times.push(await running.gpuTime());
          return { order: variant, gpu: median(times) };
        },
        stop: () => engine.destroy(),
      };
    },
  };
}

async function attempt(
  engine: Engine,
  network: Network,
  variant: Variant,
  input: Float32Array,
): Promise<Tried> {
  let running: Running | undefined;
  let result: Float32Array = new Float32Array();
  const firstCall = await timed(async () => {
    const assembly = assemble(network, variant, engine.info.subgroupMaxSize);
    running = await start(engine, assembly, input);
    result = await running.run();
  });
  const times = [];
  for (let i = 0; i < TRIALS; i++) times.push(await timed(() => (running as Running).run()));
  return { variant, running: running as Running, firstCall, result, time: median(times) };
}

function networkOf({ parameters, shape, derivative }: Subject): Network {
  const layers = Object.values(parameters);
  return {
    widths: [...layers.map((w) => w.shape[0] as number), layers.at(-1)?.shape[1] as number],
    weights: layers.map((w) => w.data as Float32Array),
    samples: derivative === 'batch jacobian' ? (shape[0] as number) : 1,
  };
}
