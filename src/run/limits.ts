import type { Program } from '../lower/program.ts';
import { LimitError } from '../util/errors.ts';
import { formatBytes } from './buffers.ts';

/** The limits that decide whether a program can run. */
export type ProgramLimits = Pick<
  GPUSupportedLimits,
  | 'maxStorageBuffersPerShaderStage'
  | 'maxStorageBufferBindingSize'
  | 'maxBufferSize'
  | 'maxComputeWorkgroupsPerDimension'
>;

type Name = keyof ProgramLimits;

interface Need {
  readonly limit: Name;
  readonly value: number;
  /** the step or buffer that needs it */
  readonly who: string;
}

function* needs(program: Program): Generator<Need> {
  for (const step of program.steps) {
    yield {
      limit: 'maxStorageBuffersPerShaderStage',
      value: step.bindings.length,
      who: step.label,
    };
    for (const index of step.bindings) {
      const buffer = program.buffers[index];
      if (!buffer) continue;
      const who = `${step.label}: ${buffer.label}`;
      yield { limit: 'maxStorageBufferBindingSize', value: buffer.bytes, who };
    }
    yield {
      limit: 'maxComputeWorkgroupsPerDimension',
      value: Math.max(...step.workgroups),
      who: step.label,
    };
  }
  for (const buffer of program.buffers)
    yield { limit: 'maxBufferSize', value: buffer.bytes, who: buffer.label };
  for (const [slot, value] of program.slots.entries())
    yield { limit: 'maxBufferSize', value, who: `scratch slot ${slot}` };
}

/** What a device must offer for the program: to be passed to `requestDevice`. */
export function requiredLimits(program: Program): Record<Name, number> {
  const limits: Record<Name, number> = {
    maxStorageBuffersPerShaderStage: 0,
    maxStorageBufferBindingSize: 0,
    maxBufferSize: 0,
    maxComputeWorkgroupsPerDimension: 0,
  };
  for (const { limit, value } of needs(program)) limits[limit] = Math.max(limits[limit], value);
  return limits;
}

/** Features the program's kernels need. */
export function requiredFeatures(program: Program): string[] {
  return [...new Set(program.kernels.flatMap((kernel) => kernel.features))];
}

/**
 * @throws LimitError naming the limit, the step, what is needed and what the device has
 */
export function checkLimits(program: Program, limits: ProgramLimits): void {
  for (const { limit, value, who } of needs(program)) {
    const has = limits[limit];
    if (value <= has) continue;
    const show = limit.endsWith('Size') ? formatBytes : String;
    throw new LimitError(
      `${program.label}: ${who} needs ${limit} >= ${value} (${show(value)}), this device has ${has} (${show(has)}); ` +
        (limit.endsWith('Size')
          ? 'split the work into smaller chunks, or request the device with a higher limit if the adapter has it'
          : 'request the device with a higher limit if the adapter has it'),
    );
  }
}
