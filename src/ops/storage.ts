import { add, scale, ZERO, type Index } from '../ir/index-expr.ts';
import { flatten, unflatten, type Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { BYTES_PER_ELEMENT } from '../util/dtype.ts';
import { isConstant, isInput } from './source.ts';

/** Bytes a stored tensor takes: a multiple of 16, so that it can be read four elements at a time. */
export function bytesOf(x: Tensor): number {
  return Math.max(16, Math.ceil((x.size * BYTES_PER_ELEMENT) / 16) * 16);
}

/** Bytes at whose multiples a part of a stored tensor may begin, on every device. */
export const ALIGNMENT = 256;

/** Nodes that hold their elements in memory without being computed. */
export const isStoredSource = (x: Tensor): boolean => isInput(x) || isConstant(x);

/** Nodes that only the derivative rules can tell from their first input. */
export const isIdentity = (x: Tensor): boolean =>
  x.op.family === 'general' && x.op.isIdentity === true;

/** Nodes that threads of the group of their input compute along with it, only renaming coordinates. */
export const isRenaming = (x: Tensor): boolean =>
  x.op.name === 'reshape' || x.op.name === 'transpose' || isIdentity(x) || isWholeInterleave(x);

/** Whether the taps of `x` fill it without a gap, and none of them is cut off. */
const isWholeInterleave = (x: Tensor): boolean =>
  x.op.name === 'interleave' && x.size === x.inputs[0]?.size && x.params['dilation'] === 1;

/** Coordinates of `node` where its first input is at `at`. */
export function renamed(node: Tensor, at: Coordinates): Coordinates {
  const x = node.inputs[0] as Tensor;
  if (node.op.name === 'reshape') return unflatten(flatten(at, x.shape), node.shape);
  if (node.op.name === 'transpose') {
    const perm = node.params['perm'] as number[];
    const lead = at.length - perm.length;
    return at.map((c, i) =>
      i < lead ? c : (at[at.length + (perm[i - lead] as number)] as typeof c),
    );
  }
  if (node.op.name === 'interleave') {
    const { axis, stride } = node.params as { axis: number; stride: number };
    const tap = at.at(-1) as Index;
    return at.slice(0, -1).map((c, i) => (i === node.rank + axis ? add(scale(c, stride), tap) : c));
  }
  return at;
}

/** Coordinates of the element of an operand that belongs to `at` of what is made of it: 0 where it is repeated. */
export const operandAt = (x: Tensor, at: Coordinates): Coordinates =>
  at.map((c, i) => (x.shape[i] === 1 ? ZERO : c));

/** Whether a thread can compute `x` after another reduction of its kernel, which may be an operand. */
export const isChainable = (x: Tensor): boolean => ['sum', 'max', 'min'].includes(x.op.name);

/**
 * Where a thread has what it computes: `domain` at `at`, and the other members, which are elementwise, or
 * renamed, or reductions with as many results.
 */
export function placesOf(
  domain: Tensor,
  members: readonly Tensor[],
  at: Coordinates,
): ReadonlyMap<Tensor, Coordinates> {
  const places = new Map<Tensor, Coordinates>([[domain, at]]);
  for (const m of members) {
    if (m === domain) continue;
    const from = m.inputs.find((x) => places.has(x) && x.size === m.size);
    const place = from && (places.get(from) as Coordinates);
    if (!place) places.set(m, unflatten(flatten(at, domain.shape), m.shape));
    else places.set(m, m.op.family === 'elementwise' ? place : renamed(m, place));
  }
  return places;
}
