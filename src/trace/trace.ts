import { withTrace, type Tensor } from '../ir/tensor.ts';
import { topological } from '../ir/walk.ts';
import { describe, isTensor, outputTree } from '../ops/operand.ts';
import { input, isInput } from '../ops/source.ts';
import { ArrayValue } from '../util/array.ts';
import { TraceError } from '../util/errors.ts';
import { flattenTree } from '../util/tree.ts';
import { installMethods } from './methods.ts';

/** The graph of a function: what it was given, what it returned. */
export interface TracedFunction {
  /** one for each value among the arguments, in order */
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** the result of the function, with `leaves` in place of its tensors */
  build<T>(leaves: readonly T[]): unknown;
}

/**
 * Calls `f` once with tensors in place of the values among `args` (arrays, and numbers, which are f32
 * scalars); everything else reaches `f` as it is. The tensors live while `use` runs, and not longer.
 *
 * @param who speaks in errors
 * @throws TraceError when `f` is no function, is async, or returns other things than tensors
 */
export function traceFunction<T>(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  who: string,
  use: (graph: TracedFunction) => T,
): T {
  if (typeof f !== 'function')
    throw new TraceError(`${who}: takes a function first, got ${describe(f)}; pass (x) => ...`);
  installMethods();
  return withTrace(() => {
    const given = flattenTree(args, isTensor, who, 'arguments');
    const inputs = given.leaves.map((value, i) => leaf(value, i, given.paths[i] as string, who));
    const result = outputTree(f(...(given.def.build(inputs) as never[])), who);
    const own = new Set(inputs);
    for (const node of topological(result.leaves))
      if (isInput(node) && !own.has(node))
        throw new TraceError(
          `${who}: the result depends on a tensor kept from inside ${String(node.params['of'])}, which has ended; return it from the function that was transformed`,
        );
    return use({
      inputs,
      outputs: result.leaves,
      build: (leaves) => result.def.build(leaves),
    });
  });
}

function leaf(value: unknown, index: number, path: string, who: string): Tensor {
  if (value instanceof ArrayValue) return input(index, value.shape, value.dtype);
  if (typeof value === 'number') return input(index, [], 'f32');
  throw new TraceError(
    `${who}: argument ${path} is ${describe(value)}, of a function being traced; call the function itself there, or pass array(...)`,
  );
}
