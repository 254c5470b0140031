import { withRowsAtOnce } from './derive/budget.ts';
import type { Build } from './compile.ts';
import type { ProgramBuffer } from './lower/program.ts';
import type { EngineDevice } from './run/engine.ts';

const scratchBytes = ({ program }: Build): number => program.slots.reduce((a, b) => a + b, 0);

const resultBytes = ({ program }: Build): number =>
  program.outputs.reduce((n, i) => n + (program.buffers[i]?.bytes ?? 0), 0);

/** Bytes of intermediates and results a program keeps on the device, arguments and constants apart. */
export const workingBytes = (build: Build): number => scratchBytes(build) + resultBytes(build);

const isWorking = ({ role }: ProgramBuffer): boolean =>
  role.kind === 'scratch' || role.kind === 'output' || role.kind === 'part';

/** Whether a build stays inside the budget and the device's largest binding. */
function fitsInto(build: Build, engine: EngineDevice, budget: number): boolean {
  const { buffers, steps } = build.program;
  const largest = steps
    .flatMap((step) => step.bindings.map((i) => buffers[i] as ProgramBuffer))
    .reduce((most, b) => (isWorking(b) ? Math.max(most, b.bytes) : most), 0);
  return workingBytes(build) <= budget && largest <= engine.limits.maxStorageBufferBindingSize;
}

/** Chunks a Jacobian is split into at most: each has dispatches of its own. */
const MOST_CHUNKS = 256;

/**
 * The build of `make` that fits: as it is; else with elementwise residuals computed again instead of
 * stored; else with fewer Jacobian seeds at a time, the most that fit. If nothing does, the smallest.
 *
 * @param make builds, and takes more work rather than more memory if that is short
 */
export function fitted(
  make: (memoryIsShort?: boolean) => Build,
  engine: EngineDevice,
  budget = engine.memoryBudget,
): Build {
  let best = make();
  if (fitsInto(best, engine, budget)) return best;
  const lean = (): Build => make(true);
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
  make: (memoryIsShort?: boolean) => Build,
  engine: EngineDevice,
): Build | null {
  const scratch = scratchBytes(failed);
  if (scratch === 0) return null;
  const next = fitted(make, engine, workingBytes(failed) - scratch / 2);
  return workingBytes(next) < workingBytes(failed) ? next : null;
}
