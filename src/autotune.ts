import { build, targetOf } from './compile.ts';
import { alone, candidatesOf } from './lower/candidates.ts';
import type { Kernel } from './lower/kernel.ts';
import type { Tiling } from './lower/tiling.ts';
import type { EngineDevice } from './run/engine.ts';
import { Executable } from './run/executable.ts';
import { tuningsOf } from './tuned.ts';

/** A way to compute a contraction, and how long it takes on this adapter. */
export interface TunedWay {
  readonly tiling: Tiling;
  readonly milliseconds: number;
}

/** A contraction that was measured. */
export interface Tuned {
  /** the ops of its kernel */
  readonly label: string;
  /** what was tried, the fastest first: plans compiled from now on use that */
  readonly ways: readonly TunedWay[];
}

/** Times each way is run. The fastest run counts: what else the machine does only ever adds to it. */
const ROUNDS = 5;

/** Measures the ways to compute each contraction of `f`, one at a time, and remembers the fastest. */
export async function autotune(
  engine: EngineDevice,
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
): Promise<Tuned[]> {
  const target = { ...targetOf(engine), tuned: undefined };
  const { schedule } = build(f, args, target, 'autotune');
  const tunings = tuningsOf(engine);
  const found: Tuned[] = [];
  for (const { key, label, ways } of candidatesOf(schedule, target)) {
    const times: TunedWay[] = [];
    for (const { tiling, kernel } of ways)
      times.push({ tiling, milliseconds: await timeOf(engine, kernel) });
    times.sort((x, y) => x.milliseconds - y.milliseconds);
    tunings.set(key, (times[0] as TunedWay).tiling);
    found.push({ label, ways: times });
  }
  return found;
}

/** Milliseconds of one dispatch, by the clock of the GPU if it has one. */
async function timeOf(engine: EngineDevice, kernel: Kernel): Promise<number> {
  const executable = await Executable.prepare(engine, alone(kernel));
  const hasClock = engine.features.has('timestamp-query');
  let least = Infinity;
  try {
    for (let i = 0; i <= ROUNDS; i++) {
      const time = hasClock
        ? (await executable.profile([])).milliseconds
        : await wallTime(engine, executable);
      if (i > 0) least = Math.min(least, time); // drivers compile at the first dispatch
    }
  } finally {
    executable.destroy();
  }
  return least;
}

async function wallTime(engine: EngineDevice, executable: Executable): Promise<number> {
  const start = performance.now();
  const outputs = await executable.run([]);
  await engine.device.queue.onSubmittedWorkDone();
  const time = performance.now() - start;
  for (const y of outputs) y.destroy();
  return time;
}
