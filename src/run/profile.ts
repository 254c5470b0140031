import { UnsupportedError } from '../util/errors.ts';
import type { Allocation } from './buffers.ts';
import { scoped, validationError } from './faults.ts';
import type { Prepared } from './prepared.ts';
import { readBack } from './staging.ts';
import { COPY_SRC, QUERY_RESOLVE } from './usage.ts';

/** GPU time of one dispatch. */
interface StepTime {
  readonly label: string;
  /** label of its kernel */
  readonly kernel: string;
  readonly milliseconds: number;
}

/** GPU time of a run, step by step. Browsers round the clock, some to 0.1 ms. */
export interface Profile {
  readonly steps: readonly StepTime[];
  /** from the start of the first step to the end of the last */
  readonly milliseconds: number;
}

/** WebGPU allows no larger query set. */
const MAX_STEPS = 2048;

/**
 * Runs each step in a pass of its own, between two timestamps.
 *
 * @param bind binds inputs and outputs, right before the commands are recorded
 */
export async function profile(prepared: Prepared, bind: () => void): Promise<Profile> {
  const { context, program } = prepared;
  const { device, pool, losses } = context;
  if (!device.features.has('timestamp-query'))
    throw new UnsupportedError(
      `${program.label}: profiling needs the WebGPU feature "timestamp-query", which this device lacks; request the device with it`,
    );
  const count = program.steps.length;
  if (count > MAX_STEPS)
    throw new UnsupportedError(
      `${program.label}: profiling takes at most ${MAX_STEPS} steps, got ${count}`,
    );
  if (count === 0) return { steps: [], milliseconds: 0 };
  const request = {
    label: 'cotangent timestamps',
    bytes: 16 * count,
    usage: QUERY_RESOLVE | COPY_SRC,
  };
  const [resolved] = (await pool.allocate([request])) as [Allocation];
  const { value: querySet, caught } = scoped(device, false, () => {
    bind();
    const querySet = device.createQuerySet({ type: 'timestamp', count: 2 * count });
    const encoder = device.createCommandEncoder({ label: `${program.label}: profile` });
    for (let i = 0; i < count; i++) {
      const pass = encoder.beginComputePass({
        label: program.steps[i]?.label ?? '',
        timestampWrites: {
          querySet,
          beginningOfPassWriteIndex: 2 * i,
          endOfPassWriteIndex: 2 * i + 1,
        },
      });
      prepared.recordStep(pass, i);
      pass.end();
    }
    encoder.resolveQuerySet(querySet, 0, 2 * count, resolved.buffer, 0);
    device.queue.submit([encoder.finish()]);
    return querySet;
  });
  context.counters.submissions += 2;
  const words = new Uint32Array(4 * count);
  const source = { buffer: resolved.buffer, offset: 0 };
  try {
    const [errors] = await Promise.all([
      losses.guard(caught),
      readBack(context, `${program.label}: profile`, source, 'u32', words),
    ]);
    if (errors.validation) throw validationError(`${program.label}: profile`, errors.validation);
  } finally {
    querySet.destroy();
    resolved.release();
  }
  const times = new BigUint64Array(words.buffer);
  // timestamps may go backwards when the clock is reset; such a step counts as 0
  const between = (from: number, to: number) =>
    Math.max(0, Number((times[to] ?? 0n) - (times[from] ?? 0n)) / 1e6);
  return {
    steps: program.steps.map((step, i) => ({
      label: step.label,
      kernel: program.kernels[step.kernel]?.label ?? '',
      milliseconds: between(2 * i, 2 * i + 1),
    })),
    milliseconds: between(0, 2 * count - 1),
  };
}
