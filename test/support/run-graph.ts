import { targetOf } from '../../src/compile.ts';
import { lower } from '../../src/lower/index.ts';
import type { LowerLimits } from '../../src/lower/kernel.ts';
import type { Program } from '../../src/lower/program.ts';
import type { Tensor } from '../../src/ir/tensor.ts';
import { topological } from '../../src/ir/walk.ts';
import { isInput } from '../../src/ops/source.ts';
import { makePlan } from '../../src/plan/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { EngineDevice } from '../../src/run/engine.ts';
import { Executable } from '../../src/run/executable.ts';
import { typedArrayFrom } from '../../src/util/dtype.ts';
import type { Given } from './op-graphs.ts';

/** A graph lowered for a device; runs after its trace has ended. */
export interface Lowered {
  readonly plan: Plan;
  readonly program: Program;
  /** Runs it once: the elements of each root. */
  run(): Promise<ArrayLike<number>[]>;
}

/** Plans and lowers `roots`. Call inside `withTrace`; leaves get the elements of `given`. */
export function lowered(
  engine: EngineDevice,
  roots: readonly Tensor[],
  given: Given,
  label: string,
  limits: LowerLimits = targetOf(engine),
): Lowered {
  const leaves = topological(roots).filter(isInput);
  const plan = makePlan(leaves, roots, limits);
  const program = lower(plan, limits, label);
  const inputs = leaves.map((x) => typedArrayFrom(x.dtype, given.get(x) as Float64Array));
  const distinct = [...new Set(plan.outputs)];
  const position = plan.outputs.map((y) => distinct.indexOf(y));
  return {
    plan,
    program,
    async run() {
      const executable = await Executable.prepare(engine, program);
      const outputs = await executable.run(inputs);
      const data = await Promise.all(outputs.map((y) => y.read()));
      for (const y of outputs) y.destroy();
      executable.destroy();
      return position.map((i) => data[i] as ArrayLike<number>);
    },
  };
}
