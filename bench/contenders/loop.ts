import { array, vjp, type Engine, type HostArray, type Tensor } from '../../src/node.ts';
import { timed, type Contender, type Started } from '../contender.ts';
import type { Subject } from '../subject.ts';

/** The loops, by how many rows are queued before any of them is read. */
const loops = { 'row by row': 1, 'rows queued': 256 } as const;

/** Whether what is wanted has rows. */
export const hasRows = ({ derivative }: Subject): boolean =>
  derivative === 'jacobian' || derivative === 'batch jacobian';

/**
 * The Jacobian one row after the other on our own engine, one vector-Jacobian product, compiled once, run
 * for each row: as people write it, each row read before the next is asked for; and as fast as it goes.
 */
export const rowLoops = (subject: Subject, makeEngine: () => Promise<Engine>): Contender[] =>
  Object.entries(loops).map(([name, together]) => loop(name, together, subject, makeEngine));

function loop(
  name: string,
  together: number,
  subject: Subject,
  makeEngine: () => Promise<Engine>,
): Contender {
  return {
    name,
    async start(): Promise<Started> {
      const { f, derivative, shape } = subject;
      const batched = derivative === 'batch jacobian';
      const samples = unbatched(subject.inputs[0], batched);
      const inputRank = (samples[0] as HostArray).shape.length;
      const outputs = shape.slice(batched ? 1 : 0, shape.length - inputRank);
      const m = outputs.reduce((n, d) => n * d, 1);
      const width = (samples[0] as HostArray).data.length;
      const engine = await makeEngine();
      const row = engine.compile((x: Tensor, seed: Tensor) => vjp(f, x)[1](seed)[0]);
      const seeds = Array.from({ length: m }, (_, i) => {
        const seed = new Float32Array(m);
        seed[i] = 1;
        return engine.upload(array(seed, outputs));
      });
      const points = samples.map((x) => engine.upload(x));
      const all = points.flatMap((x) => seeds.map((seed) => [x, seed] as const));
      const result = new Float32Array(all.length * width);
      const call = async (): Promise<void> => {
        for (let from = 0; from < all.length; from += together) {
          const rows = await Promise.all(all.slice(from, from + together).map((p) => row(...p)));
          const read = rows.map(async (out, i) => {
            const at = (from + i) * width;
            await out.read(result.subarray(at, at + width));
            out.destroy();
          });
          await Promise.all(read);
        }
      };
      return {
        firstCall: await timed(call),
        result,
        dispatches: all.length * (await row.explain(points[0], seeds[0])).json.dispatches,
        run: () => timed(call),
        stop: () => engine.destroy(),
      };
    },
  };
}

/** The samples of a batch. */
function unbatched(x: HostArray, batched: boolean): HostArray[] {
  if (!batched) return [x];
  const [count, ...shape] = x.shape as [number, ...number[]];
  const size = x.data.length / count;
  return Array.from({ length: count }, (_, i) =>
    array(x.data.slice(i * size, (i + 1) * size) as Float32Array, shape),
  );
}
