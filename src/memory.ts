import { withRowsAtOnce } from './derive/budget.ts';
import type { Build } from './compile.ts';
import type { EngineDevice } from './run/engine.ts';

const scratchBytes = ({ program }: Build): number => program.slots.reduce((a, b) => a + b, 0);

const resultBytes = ({ program }: Build): number =>
  program.outputs.reduce((n, i) => n + (program.buffers[i]?.bytes ?? 0), 0);

/** Bytes of intermediates and results a program keeps on the device, arguments and constants apart. */
export const workingBytes = (build: Build): number => scratchBytes(build) + resultBytes(build);

/** Whether a build stays inside the budget and the device's largest binding. */
function fitsInto(build: Build, engine: EngineDevice, budget: number): boolean {
  const largest = Math.max(0, ...build.program.slots);
  return workingBytes(build) <= budget && largest <= engine.limits.maxStorageBufferBindingSize;
}

/** FLOPs per element that are computed again, rather than stored, when memory is short. */
const RECOMPUTE_WHEN_SHORT = 200;

/** Chunks a Jacobian is split into at most: each has dispatches of its own. */
const MOST_CHUNKS = 256;

/**
 * The build of `make` that fits: as it is; else with elementwise residuals computed again instead of
 * stored; else with fewer Jacobian seeds at a time, the most that fit. If nothing does, the smallest.
 *
 * @param make builds, with so many FLOPs per element to be computed again
 */
export function fitted(
  make: (recomputeFlops?: number) => Build,
  engine: EngineDevice,
  budget = engine.memoryBudget,
): Build {
  let best = make();
  if (fitsInto(best, engine, budget)) return best;
  const lean = (): Build => make(RECOMPUTE_WHEN_SHORT);
  const lesser = (a: Build, b: Build): Build => (workingBytes(b) < workingBytes(a) ? b : a);
  best = lesser(best, lean());
  const seeds = Math.max(0, ...best.decisions.map((d) => d.seeds * (d.samples ?? 1)));
  // chunks take no less of the intermediates than their share
  const share = scratchBytes(best) / Math.max(1, budget - resultBytes(best));
  for (let chunks = 2; chunks <= Math.min(seeds, MOST_CHUNKS); chunks *= 2) {
    if (fitsInto(best, engine, budget)) return best;
    if (2 * chunks <= Math.min(share, seeds, MOST_CHUNKS)) continue;
    best = lesser(best, withRowsAtOnce(Math.ceil(seeds / chunks), lean));
  }
  return best;
}

/**
 * A build with fewer intermediates than one that the device had no memory for, half if it can be; null
 * if there is none.
 */
export function smaller(
  failed: Build,
  make: (recomputeFlops?: number) => Build,
  engine: EngineDevice,
): Build | null {
  const scratch = scratchBytes(failed);
  if (scratch === 0) return null;
  const next = fitted(make, engine, workingBytes(failed) - scratch / 2);
  return workingBytes(next) < workingBytes(failed) ? next : null;
}
