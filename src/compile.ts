import { withDecisions, type Decision } from './derive/decisions.ts';
import { insideTrace, type Tensor } from './ir/tensor.ts';
import { lower } from './lower/index.ts';
import type { LowerLimits } from './lower/kernel.ts';
import type { Program } from './lower/program.ts';
import { isTensor } from './ops/operand.ts';
import { makePlan } from './plan/index.ts';
import type { Plan as Schedule, PlanLimits } from './plan/plan.ts';
import type { EngineDevice } from './run/engine.ts';
import { traceFunction } from './trace/trace.ts';
import { tuningsOf } from './tuned.ts';

/** What planning and lowering are to know of the device, and how they are to go about it. */
export type Target = PlanLimits & LowerLimits;

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
 *
 * @param choose the tensors to compute, if not the results: for looking inside
 */
export function build(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  target: Target,
  label: string,
  choose: (outputs: readonly Tensor[]) => readonly Tensor[] = (outputs) => outputs,
): Build {
  const { value, decisions } = withDecisions(() =>
    traceFunction(f, args, 'compile', ({ inputs, outputs, build: tree }) => {
      const schedule = makePlan(inputs, choose(outputs), target);
      const program = lower(schedule, target, label);
      const distinct = [...new Set(schedule.outputs)];
      const position = schedule.outputs.map((y) => distinct.indexOf(y));
      const result = <T>(leaves: readonly T[]): unknown =>
        tree(position.map((i) => leaves[i] as T));
      return { schedule, program, result };
    }),
  );
  return { ...value, decisions };
}

/** The target that an engine's device is. */
export function targetOf(engine: EngineDevice, options: Pick<Target, 'math'> = {}): Target {
  const { limits, info, features } = engine;
  const { subgroupMinSize, subgroupMaxSize } = info;
  const isFixed = features.has('subgroups') && subgroupMaxSize > 0;
  return {
    storageBuffersPerStage: limits.maxStorageBuffersPerShaderStage,
    invocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    workgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    workgroupStorage: limits.maxComputeWorkgroupStorageSize,
    subgroupSize: isFixed && subgroupMinSize === subgroupMaxSize ? subgroupMaxSize : null,
    isSoftware: info.isSoftware,
    tuned: tuningsOf(engine),
    ...options,
  };
}

/** The least that every WebGPU device offers. */
export const LEAST: Target = {
  storageBuffersPerStage: 8,
  invocationsPerWorkgroup: 256,
  workgroupsPerDimension: 65535,
  workgroupStorage: 16384,
  subgroupSize: null,
  isSoftware: false,
};

/** Whether a compiled function is being called inside another traced function, on its tensors. */
export function isInlined(args: readonly unknown[]): boolean {
  return insideTrace() || args.some(isTensor);
}
