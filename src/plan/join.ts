import type { Tensor } from '../ir/tensor.ts';
import { padded } from '../ops/linear/slice.ts';
import { ALIGNMENT, isStoredSource } from '../ops/storage.ts';
import { BYTES_PER_ELEMENT } from '../util/dtype.ts';
import { sameShape, sizeOf } from '../util/shape.ts';

/** A sum of padded tensors that fill it one after the other, as the chunks of a Jacobian do. */
export interface Join {
  /** at which byte of the sum each begins */
  readonly parts: ReadonlyMap<Tensor, number>;
  /** the paddings, and the sums on the way to the whole */
  readonly between: readonly Tensor[];
}

/**
 * The joins of a graph, by the sum. Kernels can write the parts where they belong, so that nothing has to
 * put them together.
 */
export function joinsOf(
  order: readonly Tensor[],
  outputs: ReadonlySet<Tensor>,
  users: ReadonlyMap<Tensor, readonly Tensor[]>,
): Map<Tensor, Join> {
  const joins = new Map<Tensor, Join>();
  const taken = new Set<Tensor>();
  const isInside = (x: Tensor): boolean => users.get(x)?.length === 1 && !outputs.has(x);
  for (const root of [...order].reverse()) {
    if (root.op.name !== 'add' || taken.has(root)) continue;
    const join = joinAt(root, isInside);
    if (!join) continue;
    joins.set(root, join);
    for (const x of join.between) taken.add(x);
  }
  return joins;
}

function joinAt(root: Tensor, isInside: (x: Tensor) => boolean): Join | null {
  const parts = new Map<Tensor, number>();
  const between: Tensor[] = [];
  const stack = [...root.inputs];
  for (let x = stack.pop(); x; x = stack.pop()) {
    if (!isInside(x) || !sameShape(x.shape, root.shape)) return null;
    between.push(x);
    if (x.op.name === 'add') stack.push(...x.inputs);
    else {
      const start = startIn(x);
      const part = x.inputs[0] as Tensor;
      if (start === null || !isInside(part) || isStoredSource(part)) return null;
      parts.set(part, start * BYTES_PER_ELEMENT);
    }
  }
  let end = 0;
  for (const [part, start] of [...parts].sort((a, b) => a[1] - b[1])) {
    if (start !== end || start % ALIGNMENT !== 0) return null;
    end += part.size * BYTES_PER_ELEMENT;
  }
  return end === root.size * BYTES_PER_ELEMENT ? { parts, between } : null;
}

/** The element of `x` at which a tensor begins that was padded to it, if its elements stay together. */
function startIn(x: Tensor): number | null {
  const pad = padded(x);
  if (!pad || (pad.inside > 0 && pad.inner.shape[x.rank + pad.axis] !== 1)) return null;
  const axis = x.rank + pad.axis;
  if (sizeOf(x.shape.slice(0, axis)) !== 1) return null;
  return pad.low * sizeOf(x.shape.slice(axis + 1));
}
