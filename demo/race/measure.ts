import type { RaceEntry } from '../worker/api.ts';

/** One run: the Jacobian, row-major, and the time from the call to numbers on the host. */
export interface RaceRun {
  readonly jacobian: Float32Array;
  readonly milliseconds: number;
}

export interface Contestant {
  readonly name: string;
  /** which way of computing it */
  readonly way: string;
  readonly run: () => Promise<RaceRun>;
}

const MOST_RUNS = 15;
const LEAST_RUNS = 3;
/** Milliseconds for all of a group; more only for the least number of runs. */
const BUDGET = 5000;

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] as number;

/** Frobenius norm of the difference, relative. */
function relative(got: Float32Array, want: Float64Array): number {
  let [error, norm] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    const w = want[i] as number;
    error += ((got[i] as number) - w) ** 2;
    norm += w * w;
  }
  return Math.sqrt(error / norm);
}

/** The time of one call. */
export async function timed(call: () => Promise<Float32Array>): Promise<RaceRun> {
  const start = performance.now();
  const jacobian = await call();
  return { jacobian, milliseconds: performance.now() - start };
}

/** Medians of a group whose runs alternate, so that all of them meet the same machine; two runs warm up. */
export async function measure(
  group: readonly Contestant[],
  want: Float64Array,
  signal?: AbortSignal,
): Promise<RaceEntry[]> {
  const run = (c: Contestant): Promise<RaceRun> => {
    signal?.throwIfAborted();
    return c.run();
  };
  const results: RaceRun[] = [];
  for (let warm = 0; warm < 2; warm++)
    for (const [i, c] of group.entries()) results[i] = await run(c);
  const times = group.map((): number[] => []);
  const end = performance.now() + BUDGET;
  for (let n = 0; n < MOST_RUNS && (n < LEAST_RUNS || performance.now() < end); n++)
    for (const [i, c] of group.entries()) times[i]?.push((await run(c)).milliseconds);
  return group.map(({ name, way }, i) => {
    const list = times[i] as number[];
    return {
      name,
      way,
      medianMilliseconds: median(list),
      error: relative((results[i] as RaceRun).jacobian, want),
      runs: list.length,
    };
  });
}
