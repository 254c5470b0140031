import { array, evaluate, valueAndJacobian } from '../../src/index.ts';
import { ways } from '../race/lineup.ts';
import { measure, timed, type Contestant } from '../race/measure.ts';
import type { RaceEntry, Subject, Way } from './api.ts';
import { engineOf } from './gpu.ts';
import { jacobianOf } from './jacobians.ts';
import { resolve } from './subject.ts';
import { inTurn } from './turn.ts';

/** The Jacobian in float64, on the CPU. */
export async function referenceOf(subject: Subject, x: Float32Array): Promise<Float64Array> {
  const f = await resolve(subject);
  const [, J] = evaluate(valueAndJacobian(f), array(x)) as [unknown, { data: Float64Array }];
  return J.data;
}

/** Central differences on the GPU, one pair of runs for each input. */
async function differences(
  subject: Subject,
  x: Float32Array,
): Promise<() => Promise<Float32Array>> {
  const f = (await engineOf()).compile(await resolve(subject), { label: 'differences' });
  await f.prepare({ shape: [x.length] });
  const h = 1e-2;
  const at = async (i: number, d: number): Promise<Float32Array> => {
    const moved = x.slice();
    moved[i] = (moved[i] as number) + d;
    const y = await f(array(moved));
    const data = await y.read<Float32Array>();
    y.destroy();
    return data;
  };
  return async () => {
    let jacobian: Float32Array = new Float32Array();
    for (let i = 0; i < x.length; i++) {
      const [up, down] = await Promise.all([at(i, h), at(i, -h)]);
      if (i === 0) jacobian = new Float32Array(up.length * x.length);
      up.forEach((v, row) => {
        jacobian[row * x.length + i] = (v - (down[row] as number)) / (2 * h);
      });
    }
    return jacobian;
  };
}

async function contestant(subject: Subject, x: Float32Array, id: Way): Promise<Contestant> {
  const title = ways[id];
  if (id !== 'differences')
    return { ...title, run: () => inTurn(() => jacobianOf(subject, x, id)) };
  const run = await differences(subject, x);
  return { ...title, run: () => inTurn(() => timed(run)) };
}

/** Lets these ways run in turn. @param want the Jacobian in float64 */
export async function race(
  subject: Subject,
  x: Float32Array,
  want: Float64Array,
  group: readonly Way[],
  signal: AbortSignal,
): Promise<RaceEntry[]> {
  return measure(await Promise.all(group.map((id) => contestant(subject, x, id))), want, signal);
}
