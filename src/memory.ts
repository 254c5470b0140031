import { withRowsAtOnce } from './derive/budget.ts';
import type { Build } from './compile.ts';
import type { EngineDevice } from './run/engine.ts';

/** Bytes of intermediates and results a program keeps on the device, arguments and constants apart. */
export function workingBytes({ program }: Build): number {
  const results = program.outputs.reduce((n, i) => n + (program.buffers[i]?.bytes ?? 0), 0);
  return program.slots.reduce((a, b) => a + b, 0) + results;
}

/** Whether a build stays inside the budget and the device's largest binding. */
export function fitsInto(build: Build, engine: EngineDevice): boolean {
  const largest = Math.max(0, ...build.program.slots);
  return (
    workingBytes(build) <= engine.memoryBudget &&
    largest <= engine.limits.maxStorageBufferBindingSize
  );
}

/** Chunks a Jacobian is split into at most: each has dispatches of its own. */
const MOST_CHUNKS = 256;

/**
 * The build of `make`, with fewer Jacobian rows at a time if it needs more memory than there is: the
 * largest number of seeds at once that fits, or else the smallest memory found.
 */
export function fitted(make: () => Build, engine: EngineDevice): Build {
  let best = make();
  const seeds = Math.max(0, ...best.decisions.map((d) => d.seeds));
  for (let chunks = 2; chunks <= Math.min(seeds, MOST_CHUNKS); chunks *= 2) {
    if (fitsInto(best, engine)) return best;
    const next = withRowsAtOnce(Math.ceil(seeds / chunks), make);
    if (workingBytes(next) < workingBytes(best)) best = next;
  }
  return best;
}
