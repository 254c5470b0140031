import type { Tensor } from '../ir/tensor.ts';
import { dependents, rebuild, topological } from '../ir/walk.ts';
import { broadcast, lead, transpose } from '../ops/linear/layout.ts';
import { outputTree, tensorTree } from '../ops/operand.ts';
import { variableLike } from '../ops/source.ts';
import { ShapeError, TraceError } from '../util/errors.ts';
import { formatShape, range } from '../util/shape.ts';
import type { Steps } from '../util/tree.ts';
import { checkCall, checkNames, namedAfter } from './arguments.ts';
import type { TensorTree } from './types.ts';

/** One axis for everything, or a tree of axes; null: not mapped. */
export type MapAxes = number | null | readonly MapAxes[] | { readonly [key: string]: MapAxes };

export interface VmapOptions {
  /** axis of each argument to map over; default 0 */
  readonly inAxes?: MapAxes;
  /** where the mapped axis stands in each output; default 0 */
  readonly outAxes?: MapAxes;
}

/** The axis that a tree of axes gives to a leaf. */
function axisAt(axes: MapAxes, steps: Steps, option: string, leaf: string): number | null {
  let a: unknown = axes;
  for (const step of steps) {
    if (typeof a !== 'object' || a === null) break;
    a = (a as Record<string | number, unknown>)[step];
  }
  if (a !== null && (typeof a !== 'number' || !Number.isInteger(a)))
    throw new TraceError(
      `vmap: ${option} has ${a === undefined ? 'nothing' : JSON.stringify(a)} for ${leaf}; give a whole number or null, for it or for what it is part of`,
    );
  return a;
}

const resolve = (axis: number, rank: number, what: string): number => {
  if (axis < -rank || axis >= rank)
    throw new ShapeError(`vmap: axis ${axis} is out of range for ${what} of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
};

const front = (x: Tensor, axis: number): Tensor =>
  transpose(x, [axis, ...range(x.rank).filter((i) => i !== axis)]);

const moveFrontTo = (x: Tensor, axis: number): Tensor => {
  const rest = range(x.rank).slice(1);
  return transpose(x, [...rest.slice(0, axis), 0, ...rest.slice(axis)]);
};

/**
 * `f` over a batch: `f` is written for one sample, and the result maps it over an axis of the arguments.
 * Nothing is looped; what does not depend on the sample is computed once.
 *
 * @throws ShapeError when mapped axes differ in length
 */
export function vmap<A extends unknown[], R>(
  f: (...args: A) => R,
  options: VmapOptions = {},
): (...args: A) => TensorTree<R> {
  const { inAxes = 0, outAxes = 0 } = options;
  return namedAfter('vmap', f, (...args) => {
    checkNames(options, 'vmap', ['inAxes', 'outAxes']);
    checkCall(f, 'vmap');
    if (Array.isArray(inAxes) && inAxes.length !== args.length)
      throw new TraceError(
        `vmap: inAxes has ${inAxes.length} entries for ${args.length} argument(s); give one for each`,
      );
    const tree = tensorTree(args, 'vmap');
    const replacements = new Map<Tensor, Tensor>();
    let size: number | null = null;
    const leaves = tree.leaves.map((x, i) => {
      const path = tree.paths[i] as string;
      const axis = axisAt(inAxes, tree.steps[i] as Steps, 'inAxes', `argument ${path}`);
      if (axis === null) return x;
      if (x.rank === 0)
        throw new ShapeError(
          `vmap: argument ${path} has rank 0 and no axis to map; use null for it`,
        );
      const moved = front(x, resolve(axis, x.rank, `argument ${path}`));
      const n = moved.shape[0] as number;
      if (size !== null && size !== n)
        throw new ShapeError(
          `vmap: mapped axes differ in length, got ${size} and ${n} (argument ${path} has shape ${formatShape(x.shape)}); map axes of one length`,
        );
      size = n;
      const variable = variableLike({ shape: moved.shape.slice(1), dtype: x.dtype }, 'vmap');
      replacements.set(variable, moved);
      return variable;
    });
    if (size === null)
      throw new TraceError('vmap: nothing is mapped; give an axis for at least one argument');
    const count: number = size;
    const result = outputTree(f(...(tree.def.build(leaves) as A)), 'vmap');
    const mapped = dependents(topological(result.leaves), replacements.keys());
    const rebuilt = rebuild(result.leaves, replacements, lead);
    const outputs = rebuilt.map((y, i) => {
      const path = `output${result.paths[i]}`;
      const axis = axisAt(outAxes, result.steps[i] as Steps, 'outAxes', path);
      const own = result.leaves[i] as Tensor;
      if (axis === null) {
        if (mapped.has(own))
          throw new TraceError(
            `vmap: ${path} depends on the sample, but outAxes is null for it; give an axis, or reduce over the samples outside`,
          );
        return own;
      }
      const full = mapped.has(own) ? y : broadcast(lead(y, own.rank + 1), [count, ...own.shape]);
      return moveFrontTo(full, resolve(axis, full.rank, path));
    });
    return result.def.build(outputs) as TensorTree<R>;
  });
}
