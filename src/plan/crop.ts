import { consumersOf, remade, topological } from '../ir/walk.ts';
import { apply, type Tensor } from '../ir/tensor.ts';
import { dim, withDim } from '../ops/axes.ts';
import { reshape, wholeAxis } from '../ops/linear/layout.ts';
import type { Laid } from '../ops/linear/fold-product.ts';
import { interleave } from '../ops/linear/window.ts';
import { slice } from '../ops/linear/slice.ts';

/** What a slice leaves of one axis, counted from the end. */
interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly length: number;
  readonly step: number;
}

/**
 * Contractions without the rows and columns that nothing reads, where a slice is all that reads them: the
 * gradient of a padded convolution is cut to the image, and the border is not computed.
 */
export function cropContractions(outputs: readonly Tensor[]): Tensor[] {
  const order = topological(outputs);
  if (!order.some(isSlice)) return [...outputs];
  const users = consumersOf(order);
  const isRead = new Set(outputs);
  const soleUser = (x: Tensor): Tensor | null => {
    const all = users.get(x) as readonly Tensor[];
    return all.length === 1 && !isRead.has(x) ? (all[0] as Tensor) : null;
  };
  return remade(outputs, (node, inputs) => {
    if (!isSlice(node)) return null;
    const next = soleUser(node);
    if (next && isSlice(next)) return null; // the last of several takes all along
    let old = node.inputs[0] as Tensor;
    for (; !isContraction(old); old = old.inputs[0] as Tensor)
      if (!soleUser(old) || !isOnTheWay(old)) return null;
    if (!soleUser(old)) return null;
    return cut(inputs[0] as Tensor, [cutOf(node)]);
  });
}

const isSlice = (x: Tensor): boolean => x.op.name === 'slice';
const isContraction = (x: Tensor): boolean => x.op.name === 'contract';
const isOnTheWay = (x: Tensor): boolean =>
  isSlice(x) || ['reshape', 'transpose', 'interleave'].includes(x.op.name);
const cutOf = (x: Tensor): Cut => x.params as unknown as Cut;

const sliced = (x: Tensor, { axis, start, length, step }: Cut): Tensor =>
  slice(x, axis, start, length, step);

/** `x` cut along some axes, the cuts made in the contraction it comes from; null where that cannot be. */
function cut(x: Tensor, cuts: readonly Cut[]): Tensor | null {
  if (cuts.some((c) => c.length === 0)) return null;
  const inner = x.inputs[0] as Tensor;
  switch (x.op.name) {
    case 'contract': {
      const long = cuts.filter((c) => dim(x, c.axis) !== 1); // of one element nothing is cut
      const operands = x.inputs.map((v) =>
        long.filter((c) => dim(v, c.axis) !== 1).reduce(sliced, v),
      );
      return apply(x.op, operands, x.params);
    }
    case 'slice': {
      const own = cutOf(x);
      if (cuts.some((c) => c.axis === own.axis)) return null; // one slice, were it not for a barrier
      return cut(inner, [own, ...cuts]);
    }
    case 'reshape': {
      const moved = cuts.map((c) => ({ ...c, axis: wholeAxis(x, inner.shape, c.axis) }));
      if (!moved.every((c): c is Cut => c.axis !== null)) return null;
      const y = cut(inner, moved);
      const shape = cuts.reduce((s, c) => withDim(s, c.axis, c.length), [...x.shape]);
      return y && reshape(y, shape);
    }
    case 'transpose': {
      const perm = x.params['perm'] as readonly number[];
      const from = (axis: number): number => perm[perm.length + axis] ?? axis;
      const y = cut(
        inner,
        cuts.map((c) => ({ ...c, axis: from(c.axis) })),
      );
      return y && apply(x.op, [y], x.params);
    }
    case 'interleave':
      return cutInterleaved(x, cuts);
    default:
      return null;
  }
}

/** Positions that are cut off go; what is cut of a position's taps is cut afterwards. */
function cutInterleaved(x: Tensor, cuts: readonly Cut[]): Tensor | null {
  const laid = x.params as unknown as Laid & { readonly axis: number };
  const { axis, stride } = laid;
  const inner = x.inputs[0] as Tensor;
  const others = cuts.filter((c) => c.axis !== axis).map((c) => ({ ...c, axis: c.axis - 1 }));
  const own = cuts.find((c) => c.axis === axis);
  if (!own) {
    const y = cut(inner, others);
    return y && interleave(y, axis, laid);
  }
  const first = Math.floor(own.start / stride);
  const end = own.start + (own.length - 1) * own.step + 1;
  const last = Math.min(Math.ceil(end / stride), dim(inner, axis - 1));
  if (last <= first) return null;
  const positions = { axis: axis - 1, start: first, length: last - first, step: 1 };
  const y = cut(inner, [...others, positions]);
  const length = end - first * stride;
  return (
    y &&
    sliced(interleave(y, axis, { ...laid, length }), { ...own, start: own.start - first * stride })
  );
}
