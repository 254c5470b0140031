import { add, jacobian, matmul, mul, type Tensor } from '../../src/node.ts';
import { makeEngine } from '../gpu.ts';
import { deviation } from '../statistics.ts';
import { random, type Special } from '../subject.ts';

const MiB = 2 ** 20;
const budget = 32 * MiB;
const [rows, columns] = [3 * 224 * 224, 256];
const places = random([rows, 1], 1, 1);
const frequencies = random([1, columns], 10, 2);
const phases = random([1, columns], 3, 3);
const point = random([columns], 0.2, 77);

/** A signal at many places, from the weights of its waves: large, with few parameters. */
const signal = (weights: Tensor): Tensor =>
  matmul(add(mul(places, frequencies), phases).sin(), weights).tanh();

/** Rows `start` to `stop` of its Jacobian: (1 - y²) sin(place · frequency + phase). */
function rowsInFloat64(start: number, stop: number): Float64Array {
  const out = new Float64Array((stop - start) * columns);
  for (let row = start; row < stop; row++) {
    const wave = out.subarray((row - start) * columns, (row - start + 1) * columns);
    const place = places.data[row] as number;
    let sum = 0;
    for (let i = 0; i < columns; i++) {
      const angle = place * (frequencies.data[i] as number) + (phases.data[i] as number);
      sum += (wave[i] = Math.sin(angle)) * (point.data[i] as number);
    }
    const slope = 1 - Math.tanh(sum) ** 2;
    for (let i = 0; i < columns; i++) wave[i] = (wave[i] as number) * slope;
  }
  return out;
}

const subject: Special = {
  name: 'memory',
  title: `tanh(sin(p f + φ) z): J [${rows},${columns}], ${(rows * columns * 4) / MiB} MiB, streamed under ${budget / MiB} MiB`,
  async measure() {
    const engine = await makeEngine({ memoryBudget: budget });
    const J = engine.compile(jacobian(signal), { label: 'memory' });
    const results: Record<string, string | number>[] = [];
    for (const run of ['first call', 'warm']) {
      const before = engine.memory().bytes;
      let [blocks, seen, largest, checking, worst] = [0, 0, 0, 0, 0];
      const begin = performance.now();
      for await (const { start, data } of J.stream(point)) {
        const from = performance.now();
        const count = data.length / columns;
        if (start !== seen) throw new Error(`a block at row ${start}, expected ${seen}`);
        const { relative } = deviation(data, rowsInFloat64(start, start + count));
        worst = Math.max(worst, relative);
        blocks++;
        seen += count;
        largest = Math.max(largest, data.byteLength);
        checking += performance.now() - from;
      }
      if (seen !== rows) throw new Error(`${seen} rows came, expected ${rows}`);
      const total = performance.now() - begin;
      results.push({
        run,
        blocks,
        'largest block MiB': largest / MiB,
        'ms, checks included': total,
        'ms of checks': checking,
        'GPU MiB before': before / MiB,
        'GPU MiB at most': engine.memory().peakBytes / MiB,
        'worst error of a block': worst.toExponential(1),
      });
    }
    engine.destroy();
    return results;
  },
};
export default subject;
