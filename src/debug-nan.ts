import { build, targetOf } from './compile.ts';
import { printGraph } from './ir/print.ts';
import type { Tensor } from './ir/tensor.ts';
import { topological } from './ir/walk.ts';
import type { DeviceArray } from './run/deviceArray.ts';
import type { EngineDevice } from './run/engine.ts';
import { Executable, type RunInput } from './run/executable.ts';
import { NonFiniteError } from './util/errors.ts';
import { formatShape } from './util/shape.ts';

const isFinite = (data: ArrayLike<number>): boolean => {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  return true;
};

/**
 * Runs `f` with every intermediate kept, and finds the first op that makes a NaN or infinity although
 * all it was given is finite.
 *
 * @throws NonFiniteError naming the op, its shapes and, in `cause`, the user's call
 */
export async function reportNonFinite(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  inputs: readonly RunInput[],
  engine: EngineDevice,
  label: string,
): Promise<void> {
  let nodes: readonly Tensor[] = [];
  const made = build(f, args, targetOf(engine), `${label} (nan)`, (outputs) => {
    nodes = topological(outputs).filter((n) => n.dtype === 'f32');
    return nodes;
  });
  const executable = await Executable.prepare(engine, made.program);
  let arrays: readonly DeviceArray[] = [];
  try {
    arrays = await executable.run(inputs);
    const distinct = [...new Set(made.schedule.outputs)];
    const finite = new Map<Tensor, boolean>();
    for (const [i, node] of nodes.entries()) {
      const computed = made.schedule.outputs[i] as Tensor;
      const data = await arrays[distinct.indexOf(computed)]?.read();
      finite.set(node, !data || isFinite(data));
      const given = node.inputs.filter((x) => x.dtype === 'f32');
      if (finite.get(node) || node.inputs.length === 0 || !given.every((x) => finite.get(x)))
        continue;
      throw new NonFiniteError(
        `${node.op.name}: makes a NaN or infinity of finite ${node.inputs.map((x) => formatShape(x.shape)).join(', ')}; guard it with where, or clamp its input\n${printGraph([node])}`,
        { cause: node.site },
      );
    }
  } finally {
    for (const a of arrays) a.destroy();
    executable.destroy();
  }
}
