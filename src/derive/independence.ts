import { div, equal, variable, type Index } from '../ir/index-expr.ts';
import type { Tensor } from '../ir/tensor.ts';
import { topological } from '../ir/walk.ts';

/** Where a tensor keeps the sample it belongs to: sample = floor(index along `axis` / inner). */
interface Place {
  /** counted from the end */
  readonly axis: number;
  readonly inner: number;
}

/** How samples were followed through the graph: where they are in the output, or which node mixes them. */
export type Independence =
  | { readonly mixedBy: null; readonly place: Place | null }
  | { readonly mixedBy: Tensor; readonly place: null };

const none = { mixedBy: null, place: null } as const;

/**
 * Follows the first axis of `x` through the graph of `y` and proves that no element of `y` depends on
 * two samples, or names the first node that mixes them.
 */
export function samplesStayApart(y: Tensor, x: Tensor): Independence {
  const count = x.shape[0] as number;
  const places = new Map<Tensor, Place>([[x, { axis: -x.rank, inner: 1 }]]);
  for (const node of topological([y])) {
    if (node === x || !node.inputs.some((i) => places.has(i))) continue;
    const place = through(node, places, count);
    if (!place) return { mixedBy: node, place: null };
    places.set(node, place);
  }
  const place = places.get(y);
  return place ? { mixedBy: null, place } : none;
}

function through(node: Tensor, places: ReadonlyMap<Tensor, Place>, count: number): Place | null {
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
      if (op.name === 'gather' || op.name === 'scatterAdd')
        return agreed?.axis === -1 ? null : agreed;
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
  const sample = div(map.at[x.rank + axis] as Index, inner);
  for (let i = 0; i < node.rank; i++) {
    const n = node.shape[i] as number;
    if (n % count !== 0 || n === 0) continue;
    const step = n / count;
    const own = div(at[i] as Index, step);
    if (equal(sample, own)) return { axis: i - node.rank, inner: step };
  }
  return null;
}
