import { withDecisions, type Decision } from './derive/decisions.ts';
import { insideTrace } from './ir/tensor.ts';
import { lower } from './lower/index.ts';
import type { Program } from './lower/program.ts';
import { makePlan } from './plan/index.ts';
import type { Plan as Schedule } from './plan/plan.ts';
import { isTensor } from './ops/operand.ts';
import type { EngineDevice } from './run/engine.ts';
import { traceFunction } from './trace/trace.ts';

/** One function at one tuple of shapes, all the way from the user's code to WGSL. */
export interface Build {
  readonly schedule: Schedule;
  readonly program: Program;
  /** what was decided about each Jacobian in it */
  readonly decisions: readonly Decision[];
  /** the result tree, with `leaves[i]` for distinct result number i */
  readonly result: <T>(leaves: readonly T[]) => unknown;
}

/**
 * The whole way: trace -> derive -> plan -> lower. (Transforms in the function derive while it is
 * traced.) What comes out is run by the run room.
 */
export function build(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  engine: EngineDevice,
  label: string,
): Build {
  const limits = {
    storageBuffersPerStage: engine.limits.maxStorageBuffersPerShaderStage,
    invocationsPerWorkgroup: engine.limits.maxComputeInvocationsPerWorkgroup,
    workgroupsPerDimension: engine.limits.maxComputeWorkgroupsPerDimension,
  };
  const { value, decisions } = withDecisions(() =>
    traceFunction(f, args, 'compile', ({ inputs, outputs, build: tree }) => {
      const schedule = makePlan(inputs, outputs, limits);
      const program = lower(schedule, limits, label);
      const distinct = [...new Set(schedule.outputs)];
      const position = schedule.outputs.map((y) => distinct.indexOf(y));
      const result = <T>(leaves: readonly T[]): unknown =>
        tree(position.map((i) => leaves[i] as T));
      return { schedule, program, result };
    }),
  );
  return { ...value, decisions };
}

/** Whether a compiled function is being called inside another traced function, on its tensors. */
export function isInlined(args: readonly unknown[]): boolean {
  return insideTrace() || args.some(isTensor);
}
