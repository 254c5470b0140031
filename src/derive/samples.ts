import { apply, literally, withSiteOf, type Tensor } from '../ir/tensor.ts';
import { topological } from '../ir/walk.ts';
import { dim, withDim } from '../ops/axes.ts';
import { broadcast, reshape } from '../ops/linear/layout.ts';
import { constant, full, fullValue } from '../ops/source.ts';
import { HostArray } from '../util/array.ts';
import { sameShape } from '../util/shape.ts';
import type { Place, Places } from './independence.ts';
import { picked } from './rows.ts';

/** Samples `start .. start + count - 1` of a batch of `of`. */
export interface Samples {
  readonly start: number;
  readonly count: number;
  readonly of: number;
}

/**
 * The elements of `x` that belong to some of the samples, stored. Where they begin is data, so that the
 * kernels of all such parts are the same.
 */
export function samplesOf(
  x: Tensor,
  { axis, inner }: Place,
  { start, count, of }: Samples,
): Tensor {
  const at = x.rank + axis;
  const length = (dim(x, axis) / of) * count;
  const shape = withDim(x.shape, axis, length);
  const value = fullValue(x);
  if (value !== undefined) return full(shape, value, x.dtype);
  const outer = dim(x, axis) / (of * inner);
  const apart = reshape(x, [...x.shape.slice(0, at), outer, of, inner, ...x.shape.slice(at + 1)]);
  const samples = axis - 1; // outer, samples, inner
  const numbers = Int32Array.from({ length: count }, (_, i) => start + i);
  const indices = constant(new HostArray(numbers, [count], 'i32'));
  return reshape(picked(apart, samples, indices), shape);
}

/**
 * `y` for some samples of a batch as a function of `part`, these samples of `x`; the graph of `y` made
 * again for fewer samples. Null where an op works along the axis of the samples.
 *
 * @param places where each node that depends on `x` keeps its samples, see `samplesStayApart`
 */
export function forSamples(
  y: Tensor,
  x: Tensor,
  part: Tensor,
  places: Places,
  samples: Samples,
): Tensor | null {
  return literally(() => {
    const made = new Map<Tensor, Tensor>([[x, part]]);
    for (const node of topological([y])) {
      const place = places.get(node);
      if (!place || node === x) continue;
      const again = withSiteOf(node, () => remake(node, place, places, made, samples));
      if (!again) return null;
      made.set(node, again);
    }
    return made.get(y) ?? null;
  });
}

/** `node` for some of the samples, from its inputs for them. */
function remake(
  node: Tensor,
  place: Place,
  places: Places,
  made: ReadonlyMap<Tensor, Tensor>,
  samples: Samples,
): Tensor | null {
  const { op, params } = node;
  const length = (dim(node, place.axis) / samples.of) * samples.count;
  const shape = withDim(node.shape, place.axis, length);
  const [x] = node.inputs as [Tensor];
  const own = made.get(x);
  // operands have the axes of the result: what all samples share has length 1 along theirs
  const aligned = (): Tensor[] =>
    node.inputs.map((input) => {
      const known = made.get(input);
      if (known) return known;
      return dim(input, place.axis) === 1 ? input : samplesOf(input, place, samples);
    });
  if (op.family === 'elementwise' || op.family === 'bilinear') return apply(op, aligned(), params);
  if (op.name === 'gather' || op.name === 'scatterAdd')
    return place.axis === -1 ? null : apply(op, aligned(), params);
  if (!own) return null;
  if (op.name === 'reshape') return reshape(own, shape);
  if (op.name === 'broadcast') return broadcast(own, shape);
  const axes = workedAlong(node);
  if (!axes || axes.includes((OF_INPUT.has(op.name) ? places.get(x) : place)?.axis)) return null;
  const again = apply(op, [own], params);
  return sameShape(again.shape, shape) ? again : null;
}

/** Ops whose parameters speak of the axes of their input, where those are not the axes of the result. */
const OF_INPUT = new Set(['window']);

/** The axes, counted from the end, along which an op of one input tells positions apart; null: not known. */
function workedAlong({ op: { name }, params }: Tensor): unknown[] | null {
  switch (name) {
    case 'transpose':
    case 'stopGradient':
      return [];
    case 'sum':
    case 'max':
    case 'min':
      return params['axes'] as number[];
    case 'argmax':
    case 'argmin':
    case 'cumsum':
      return [-1];
    case 'slice':
    case 'pad':
    case 'flip':
    case 'fold':
    case 'interleave':
    case 'window':
      return [params['axis']];
    case 'embedDiagonal':
    case 'takeDiagonal':
      return [params['a'], params['b']];
    default:
      return null;
  }
}
