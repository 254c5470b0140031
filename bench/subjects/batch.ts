import { batchJacobian, vmap } from '../../src/node.ts';
import { timed } from '../contender.ts';
import { makeEngine } from '../gpu.ts';
import { median } from '../statistics.ts';
import { random, type Special } from '../subject.ts';
import cnn from './d.ts';

const sizes = [4, 8, 16, 32, 64, 128];
const rounds = 9;

/** Per-sample Jacobians of one network for batches of growing size, run and read in turns. */
const subject: Special = {
  name: 'batch',
  title: 'batchJacobian of the CNN of D, [B,1,28,28] -> [B,10], for growing B',
  async measure() {
    const engine = await makeEngine();
    const J = engine.compile(batchJacobian(vmap(cnn.f)), { label: 'batch' });
    const points = sizes.map((B) => random([B, 1, 28, 28], 1, B));
    const times = sizes.map((): number[] => []);
    for (let round = -1; round < rounds; round++)
      for (const [i, point] of points.entries()) {
        const time = await timed(async () => {
          using out = await J(point);
          await out.read();
        });
        if (round >= 0) times[i]?.push(time); // kernels are compiled in the first round
      }
    const rows = [];
    for (const [i, point] of points.entries()) {
      const { json } = await J.explain(point);
      const B = sizes[i] as number;
      const ms = median(times[i] as number[]);
      rows.push({
        B,
        'run ms': ms,
        'ms / B': ms / B,
        'planned KiB': Math.round(json.memory.peak / 1024),
        'KiB / B': json.memory.peak / 1024 / B,
        dispatches: json.dispatches,
      });
    }
    engine.destroy();
    return rows;
  },
};
export default subject;
