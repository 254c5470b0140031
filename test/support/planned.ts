import { LEAST } from '../../src/compile.ts';
import type { Tensor } from '../../src/ir/tensor.ts';
import { topological } from '../../src/ir/walk.ts';
import { lower } from '../../src/lower/index.ts';
import type { LowerLimits } from '../../src/lower/kernel.ts';
import type { Program } from '../../src/lower/program.ts';
import { makePlan } from '../../src/plan/index.ts';
import type { Group, Plan } from '../../src/plan/plan.ts';
import { traceFunction } from '../../src/trace/trace.ts';
import { array } from '../../src/util/array.ts';

/** A function on its way to the GPU, without one. */
export interface Planned {
  readonly plan: Plan;
  readonly program: Program;
  /** all nodes that are computed, inputs before users */
  readonly nodes: readonly Tensor[];
}

const zeros = (shape: readonly number[]) =>
  array(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

/** Traces, plans and lowers a function of arrays of the given shapes, and looks at the result. */
export function withPlan<T>(
  f: (...args: never[]) => unknown,
  shapes: readonly (readonly number[])[],
  look: (planned: Planned) => T,
  limits: Partial<LowerLimits> = {},
): T {
  return traceFunction(f, shapes.map(zeros), 'test', ({ inputs, outputs }) => {
    const plan = makePlan(inputs, outputs, LEAST);
    const program = lower(plan, { ...LEAST, ...limits }, 'test');
    return look({ plan, program, nodes: topological(plan.outputs) });
  });
}

/** The nodes of an op. */
export const named = (nodes: readonly Tensor[], name: string): Tensor[] =>
  nodes.filter((x) => x.op.name === name);

/** A plan in lines: what each group computes, writes and reads. */
export function printPlan({ groups, storage, slots, outputs }: Plan): string {
  const names = new Map<Tensor, string>();
  const name = (x: Tensor): string => {
    const place = storage.get(x);
    if (place?.kind === 'input') return `argument ${place.index}`;
    if (place?.kind === 'constant') return `constant [${x.shape.join()}]`;
    if (!names.has(x)) names.set(x, `t${names.size}`);
    return names.get(x) as string;
  };
  const written = (x: Tensor): string => {
    const place = storage.get(x);
    const where = place?.kind === 'scratch' ? `slot ${place.slot}` : `result ${outputs.indexOf(x)}`;
    return `${name(x)} ${x.dtype}[${x.shape.join()}] in ${where}`;
  };
  const line = ({ kind, members, outputs: ys, sources }: Group): string =>
    `${kind}: ${members.map((m) => m.op.name).join(', ')}\n  reads ${sources.map(name).join(', ') || 'nothing'}\n  writes ${ys.map(written).join(', ')}`;
  return [...groups.map(line), `slots of ${slots.join(', ') || 'no'} bytes`].join('\n');
}
