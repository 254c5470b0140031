import { withRowsAtOnce } from './derive/budget.ts';
import type { Build } from './compile.ts';
import type { Program, ProgramBuffer } from './lower/program.ts';
import type { EngineDevice } from './run/engine.ts';

const scratchBytes = ({ slots }: Program): number => slots.reduce((a, b) => a + b, 0);

const resultBytes = ({ outputs, buffers }: Program): number =>
  outputs.reduce((n, i) => n + (buffers[i]?.bytes ?? 0), 0);

/** Bytes of intermediates and results a program keeps on the device, arguments and constants apart. */
export const workingBytes = ({ program }: Build): number =>
  scratchBytes(program) + resultBytes(program);

const isWorking = ({ role }: ProgramBuffer): boolean =>
  role.kind === 'scratch' || role.kind === 'output' || role.kind === 'part';

/** What a build takes of what there is, the budget or the device's largest binding: it fits if that is 1. */
function need(build: Build, engine: EngineDevice, budget: number): number {
  const { buffers, steps } = build.program;
  const largest = steps
    .flatMap((step) => step.bindings.map((i) => buffers[i] as ProgramBuffer))
    .reduce((most, b) => (isWorking(b) ? Math.max(most, b.bytes) : most), 0);
  return Math.max(
    workingBytes(build) / budget,
    largest / engine.limits.maxStorageBufferBindingSize,
  );
}

/** Chunks a Jacobian is split into at most: each has dispatches of its own. */
const MOST_CHUNKS = 256;
/** Twice the chunks should need so much less: after so many times that they do not, no more are tried. */
const [WORTHWHILE, MOST_MISSES] = [0.97, 2];

/**
 * The build of `make` that fits: as it is; else with elementwise residuals computed again instead of
 * stored; else with fewer Jacobian seeds at a time, the most that fit. If nothing does, the one that needs
 * least.
 *
 * @param make builds, and takes more work rather than more memory if that is short
 */
export function fitted(
  make: (memoryIsShort?: boolean) => Build,
  engine: EngineDevice,
  budget = engine.memoryBudget,
): Build {
  let best = make();
  let least = need(best, engine, budget);
  let misses = 0;
  const attempt = (build: Build): void => {
    const own = need(build, engine, budget);
    misses = own < WORTHWHILE * least ? 0 : misses + 1;
    if (own < least) [best, least] = [build, own];
  };
  const lean = (): Build => make(true);
  if (least > 1) attempt(lean());
  misses = 0;
  const seeds = Math.max(0, ...best.decisions.map((d) => d.seeds * (d.samples ?? 1)));
  const most = Math.min(seeds, MOST_CHUNKS);
  // chunks take no less of the intermediates than their share
  const room = budget - resultBytes(best.program);
  const share = room > 0 ? scratchBytes(best.program) / room : 0;
  for (let chunks = 2; chunks <= most && least > 1 && misses < MOST_MISSES; chunks *= 2)
    if (2 * chunks > Math.min(share, most))
      attempt(withRowsAtOnce(Math.ceil(seeds / chunks), lean));
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
  const scratch = scratchBytes(failed.program);
  if (scratch === 0) return null;
  const next = fitted(make, engine, workingBytes(failed) - scratch / 2);
  return workingBytes(next) < workingBytes(failed) ? next : null;
}
