import { array, evaluate, valueAndJacobian } from '../../src/index.ts';
import type { Mode, RaceEntry, Subject } from './api.ts';
import { engineOf } from './gpu.ts';
import { jacobianOf } from './jacobians.ts';
import { resolve } from './subject.ts';

export type Report = (entry: RaceEntry) => void;

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] as number;

function relative(got: Float32Array, want: Float64Array): number {
  let [error, norm] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    const w = want[i] as number;
    error += ((got[i] as number) - w) ** 2;
    norm += w * w;
  }
  return Math.sqrt(error / norm);
}

/** Runs at most `runs` times, or until the time is up; the first is for warming up. */
async function measure(
  name: string,
  want: Float64Array,
  run: () => Promise<{ jacobian: Float32Array; milliseconds: number }>,
  runs = 15,
): Promise<RaceEntry> {
  const { jacobian } = await run();
  const times: number[] = [];
  const end = performance.now() + 4000;
  while (times.length < runs && (times.length < 3 || performance.now() < end))
    times.push((await run()).milliseconds);
  return {
    name,
    medianMilliseconds: median(times),
    error: relative(jacobian, want),
    runs: times.length,
  };
}

/** Central differences on the GPU, one pair of runs for each input. */
async function differences(subject: Subject, x: Float32Array) {
  const f = (await engineOf()).compile(await resolve(subject), { label: 'differences' });
  await f.prepare({ shape: [x.length] });
  const h = 1e-2;
  return async (): Promise<{ jacobian: Float32Array; milliseconds: number }> => {
    const start = performance.now();
    const at = async (i: number, d: number): Promise<Float32Array> => {
      const moved = x.slice();
      moved[i] = (moved[i] as number) + d;
      const y = await f(array(moved));
      const data = await y.read<Float32Array>();
      y.destroy();
      return data;
    };
    let jacobian: Float32Array = new Float32Array();
    for (let i = 0; i < x.length; i++) {
      const [up, down] = await Promise.all([at(i, h), at(i, -h)]);
      if (i === 0) jacobian = new Float32Array(up.length * x.length);
      up.forEach((v, row) => {
        jacobian[row * x.length + i] = (v - (down[row] as number)) / (2 * h);
      });
    }
    return { jacobian, milliseconds: performance.now() - start };
  };
}

const modes: readonly (readonly [Mode, string])[] = [
  ['auto', 'Cotangent, auto'],
  ['reverse', 'Cotangent, all rows pulled back'],
  ['forward', 'Cotangent, all columns pushed forward'],
  ['rows', 'one backward pass per row'],
];

/** Every contestant in turn, each reported when it is done, with its error against float64. */
export async function race(subject: Subject, x: Float32Array, report: Report): Promise<void> {
  const f = await resolve(subject);
  const want = (
    evaluate(valueAndJacobian(f), array(x)) as [{ data: Float64Array }, { data: Float64Array }]
  )[1].data;
  for (const [mode, name] of modes)
    report(await measure(name, want, () => jacobianOf(subject, x, mode)));
  report(await measure('finite differences', want, await differences(subject, x), 3));
}
