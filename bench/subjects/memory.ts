import { jacobian, matmul, type Tensor } from '../../src/node.ts';
import { makeEngine } from '../gpu.ts';
import { deviation } from '../statistics.ts';
import { random, type Special } from '../subject.ts';

const MiB = 2 ** 20;
const budget = 32 * MiB;
const [channels, size, code] = [3, 224, 16];
const [rows, columns] = [channels * size * size, code * code];
const left = random([channels, size, code], 0.5, 1);
const right = random([channels, code, size], 0.5, 2);
const point = random([columns], 1, 77);

/** tanh(A Z B) for each channel, `[256]` -> `[150528]`: large, with few parameters. */
const decode = (z: Tensor): Tensor =>
  matmul(left, z.reshape([1, code, code]))
    .matmul(right)
    .tanh()
    .reshape([rows]);

/** Rows `start` to `stop` of its Jacobian, by the formula (1 - y²) A[i, p] B[q, j]. */
function rowsInFloat64(start: number, stop: number): Float64Array {
  const out = new Float64Array((stop - start) * columns);
  for (let row = start; row < stop; row++) {
    const channel = Math.floor(row / (size * size));
    const [i, j] = [Math.floor(row / size) % size, row % size];
    const a = (p: number): number => left.data[(channel * size + i) * code + p] as number;
    const b = (q: number): number => right.data[(channel * code + q) * size + j] as number;
    let sum = 0;
    for (let p = 0; p < code; p++)
      for (let q = 0; q < code; q++) sum += a(p) * (point.data[p * code + q] as number) * b(q);
    const slope = 1 - Math.tanh(sum) ** 2;
    const at = (row - start) * columns;
    for (let p = 0; p < code; p++)
      for (let q = 0; q < code; q++) out[at + p * code + q] = slope * a(p) * b(q);
  }
  return out;
}

const subject: Special = {
  name: 'memory',
  title: `tanh(A Z B): J [${rows},${columns}], ${(rows * columns * 4) / MiB} MiB, streamed under ${budget / MiB} MiB`,
  async measure() {
    const engine = await makeEngine({ memoryBudget: budget });
    const J = engine.compile(jacobian(decode), { label: 'memory' });
    const results: Record<string, string | number>[] = [];
    for (const run of ['first call', 'warm']) {
      const before = engine.memory().bytes;
      let [blocks, seen, largest, checking, worst] = [0, 0, 0, 0, 0];
      const begin = performance.now();
      for await (const { start, data } of J.stream(point)) {
        const from = performance.now();
        const count = data.length / columns;
        if (start !== seen) throw new Error(`block at row ${start}, expected ${seen}`);
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
        'GPU memory before MiB': before / MiB,
        'GPU memory at most MiB': engine.memory().peakBytes / MiB,
        'worst error of a block': worst.toExponential(1),
      });
    }
    engine.destroy();
    return results;
  },
};
export default subject;
