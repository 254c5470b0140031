import { div, equal, mod, variable, type Index } from '../ir/index-expr.ts';
import type { Tensor } from '../ir/tensor.ts';
import { topological } from '../ir/walk.ts';
import { dim } from '../ops/axes.ts';
import { knownElements } from '../ops/known.ts';

/** Where a tensor keeps the sample it belongs to: sample = floor(index along `axis` / inner) mod samples. */
export interface Place {
  /** counted from the end */
  readonly axis: number;
  readonly inner: number;
}

/** The places of the nodes that depend on the batch. */
export type Places = ReadonlyMap<Tensor, Place>;

/** How samples were followed through the graph: where they are, or which node mixes them. */
export type Independence =
  { readonly mixedBy: null; readonly places: Places } | { readonly mixedBy: Tensor };

/**
 * Follows the first axis of `x` through the graph of `y` and proves that no element of `y` depends on
 * two samples, or names the first node that mixes them.
 */
export function samplesStayApart(y: Tensor, x: Tensor): Independence {
  const count = x.shape[0] as number;
  const places = new Map<Tensor, Place>();
  if (count < 2) return { mixedBy: null, places };
  places.set(x, { axis: -x.rank, inner: 1 });
  for (const node of topological([y])) {
    if (node === x || !node.inputs.some((i) => places.has(i))) continue;
    const place = through(node, places, count);
    if (!place) return { mixedBy: node };
    places.set(node, place);
  }
  return { mixedBy: null, places };
}

function through(node: Tensor, places: Places, count: number): Place | null {
  const { op, inputs } = node;
  const known = inputs.flatMap((i) => places.get(i) ?? []);
  const agreed = known.every((p) => p.axis === known[0]?.axis && p.inner === known[0].inner)
    ? (known[0] as Place)
    : null;
  const first = places.get(inputs[0] as Tensor);
  const axes = node.params['axes'] as number[] | undefined;
  switch (op.family) {
    case 'source':
      return null;
    case 'elementwise':
      return agreed;
    case 'bilinear':
      return agreed && !axes?.includes(agreed.axis) ? agreed : null;
    case 'general':
      if (op.name === 'argmax' || op.name === 'argmin') return agreed?.axis === -1 ? null : agreed;
      return agreed && !axes?.includes(agreed.axis) ? agreed : null;
    case 'linear':
      if (op.name === 'gather' && first?.axis !== -1) return agreed;
      if (op.name === 'gather' || op.name === 'scatterAdd')
        return agreed?.axis === -1 ? throughIndices(node, agreed, count) : agreed;
      if (!first) return null;
      if (op.indexMap) return throughIndexMap(node, first, count);
      if (op.name === 'sum') return axes?.includes(first.axis) ? null : first;
      if (op.name === 'cumsum') return first.axis === -1 ? null : first;
      if (op.name === 'fold') {
        const folded = (node.params['axis'] as number) - 1;
        return first.axis === -1 || first.axis === folded
          ? null
          : { ...first, axis: first.axis + 1 };
      }
      return null;
  }
}

/** The sample of an element is a function of one of its own indices, if it still is a digit of it. */
function throughIndexMap(node: Tensor, { axis, inner }: Place, count: number): Place | null {
  const op = node.op;
  if (op.family !== 'linear' || !op.indexMap) return null;
  const x = node.inputs[0] as Tensor;
  const at = node.shape.map((n, i) => variable(`c${i}`, n));
  const map = op.indexMap(at, node);
  const sample = mod(div(map.at[x.rank + axis] as Index, inner), count);
  const digit = sample.digits[0];
  const i = at.findIndex((c) => c.digits[0]?.variable.name === digit?.variable.name);
  if (!digit || i < 0) return null;
  const own = mod(div(at[i] as Index, digit.divisor), count);
  return equal(sample, own) ? { axis: i - node.rank, inner: digit.divisor } : null;
}

/**
 * Samples along the axis that `gather` picks from or `scatterAdd` adds to: with constant indices each pair
 * of elements shows which sample goes where.
 */
function throughIndices(node: Tensor, { inner }: Place, count: number): Place | null {
  const [x, index] = node.inputs as [Tensor, Tensor];
  const known = knownElements(index);
  if (!known) return null;
  const picks = node.op.name === 'gather';
  const [from, to] = [dim(x, -1), dim(node, -1)];
  const [length, steps] = [dim(index, -1), picks ? to : from];
  const sampleOf = (i: number, step: number): number => Math.floor(i / step) % count;
  const fits = (step: number): boolean => {
    for (let start = 0; start < known.length; start += length)
      for (let j = 0; j < steps; j++) {
        const given = known[start + (length === 1 ? 0 : j)] as number;
        const other = Math.min(Math.max(given, 0), (picks ? from : to) - 1);
        const [source, target] = picks ? [other, j] : [j, other];
        if (sampleOf(source, inner) !== sampleOf(target, step)) return false;
      }
    return true;
  };
  // as many elements each, the axis held by the samples alone or by further axes around them
  for (let step = to / count; step >= 1; step--)
    if (to % (step * count) === 0 && fits(step)) return { axis: -1, inner: step };
  return null;
}
