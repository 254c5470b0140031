import { simplifying, type Tensor } from '../ir/tensor.ts';
import { rebuild } from '../ir/walk.ts';
import { embedDiagonal } from '../ops/linear/diagonal.ts';
import { broadcast, lead, reshape, transpose } from '../ops/linear/layout.ts';
import { full, variableLike } from '../ops/source.ts';
import { ShapeError, TraceError } from '../util/errors.ts';
import { formatShape, range, sizeOf } from '../util/shape.ts';
import { callOnVariables, checkNames, namedAfter, resolveArgnums } from './arguments.ts';
import { rowsAtOnce, withRowsAtOnce } from './budget.ts';
import { chunkOf, identityRows, joined, startsOf } from './chunks.ts';
import { flopsBeyond } from './cost.ts';
import { note } from './decisions.ts';
import { samplesStayApart, type Place, type Places } from './independence.ts';
import { checkOptions, type AccumulationOptions } from './jacobian.ts';
import { pushforward } from './jvp.ts';
import { ifLinear } from './linear.ts';
import { format } from './order.ts';
import { forSamples, samplesOf } from './samples.ts';
import { differentiable } from './transforms.ts';
import type { Chosen, JacobianOptions, JacobianTree, MainOutput, WithAux } from './types.ts';
import { pullback } from './vjp.ts';

/** Seeds `[...shape, B, ...shape]`: the identity over all axes but the first, the same for each sample. */
function sampleSeed(shape: readonly number[]): Tensor {
  const inner = shape.slice(1);
  const n = inner.length;
  let seed = lead(full(shape, 1), 2 * n + 1);
  for (let i = 0; i < n; i++) seed = embedDiagonal(seed, i - 2 * n - 1, i - n);
  return seed;
}

/** Rows `start ..` of these seeds, at most `chunk` of them: `[rows, B, ...shape]`. */
function someSeeds(shape: readonly number[], start: number, chunk: number): Tensor {
  const [count, ...inner] = shape as [number, ...number[]];
  const rows = identityRows(sizeOf(inner), start, chunk);
  const length = rows.shape[0] as number;
  return broadcast(reshape(rows, [length, 1, ...inner]), [length, count, ...inner]);
}

/** What carries seeds of `seeded` through the function: `[...seeds, B, ...other]`; null where it is zero. */
type Pass = (seed: Tensor) => Tensor | null;

/** Seeds, at most `chunk` of a sample at a time, carried: `[...seeds, B, ...other]`. */
function carried(pass: Pass, seeded: Tensor, other: Tensor, chunk: number): Tensor {
  const [count, ...inner] = seeded.shape as [number, ...number[]];
  const n = sizeOf(inner);
  const shape = [...inner, count, ...other.shape.slice(1)];
  const all =
    chunk >= n
      ? pass(sampleSeed(seeded.shape))
      : joined(
          startsOf(n, chunk).map((start) => pass(someSeeds(seeded.shape, start, chunk))),
          -1 - other.rank,
          n,
          chunk,
        );
  return all ? reshape(all, shape) : full(shape, 0);
}

/** `[B, ...out, ...in]` by reverse mode. */
function reverseBlock(y: Tensor, x: Tensor, chunk: number): Tensor {
  const pass: Pass = (seed) => pullback([y], [seed], [x])[0] ?? null;
  const t = carried(pass, y, x, chunk);
  const n = y.rank - 1; // [...out, B, ...in]
  return transpose(t, [n, ...range(n), ...range(t.rank).slice(n + 1)]);
}

/** `[B, ...out, ...in]` by forward mode. */
function forwardBlock(y: Tensor, x: Tensor, chunk: number): Tensor {
  const pass: Pass = (seed) => pushforward([y], [x], [seed])[0] ?? null;
  const t = carried(pass, x, y, chunk);
  const n = x.rank - 1; // [...in, B, ...out]
  return transpose(t, [...range(t.rank).slice(n), ...range(n)]);
}

/** Where the samples of `x` are in the graph of `y`. @throws TraceError, ShapeError unless they stay apart */
function checkSamples(y: Tensor, x: Tensor): Places {
  const found = samplesStayApart(y, x);
  if (found.mixedBy) {
    const node = found.mixedBy;
    throw new TraceError(
      `batchJacobian: ${node.op.name} mixes the samples of a batch (${node.inputs.map((i) => formatShape(i.shape)).join(', ')} -> ${formatShape(node.shape)}); use jacobian, or make the function act on each sample alone (where all samples share an argument, vmap(jacobian(f), { inAxes }) has null for it)`,
      { cause: node.site },
    );
  }
  if (y.rank === 0 || y.shape[0] !== x.shape[0])
    throw new ShapeError(
      `batchJacobian: the output must have the batch axis first, got ${formatShape(x.shape)} -> ${formatShape(y.shape)}`,
    );
  const place = found.places.get(y);
  if (place && (place.axis !== -y.rank || place.inner !== 1))
    throw new ShapeError(
      `batchJacobian: the samples ended up on axis ${y.rank + place.axis} of the output ${formatShape(y.shape)}; put the batch axis first`,
    );
  return found.places;
}

/** How seeds are carried, and the block that this gives with all of them at a time. */
interface Way {
  readonly isReverse: boolean;
  readonly reason: string;
  readonly whole: Tensor;
}

function cheaperWay(y: Tensor, x: Tensor, mode: AccumulationOptions['mode']): Way {
  const backward = (): Tensor => reverseBlock(y, x, Infinity);
  const onward = (): Tensor => forwardBlock(y, x, Infinity);
  const reason = 'asked for';
  if (mode === 'reverse') return { isReverse: true, reason, whole: backward() };
  if (mode === 'forward') return { isReverse: false, reason, whole: onward() };
  // a rule of the user's may have one direction only
  const reverse = ifLinear(backward);
  const forward = reverse ? ifLinear(onward) : onward();
  const cost = (t: Tensor | null): number => (t ? flopsBeyond([t], [y]) : Infinity);
  const isReverse = cost(reverse) <= cost(forward);
  return {
    isReverse,
    reason: `per sample, reverse costs ${format(cost(reverse))} FLOPs, forward ${format(cost(forward))}`,
    whole: (isReverse ? reverse : forward) as Tensor,
  };
}

function perSample(y: Tensor, x: Tensor, { mode, chunk = Infinity }: AccumulationOptions): Tensor {
  const places = checkSamples(y, x);
  const { isReverse, reason, whole } = cheaperWay(y, x, mode);
  const count = x.shape[0] as number;
  const seeds = (isReverse ? y.size : x.size) / Math.max(1, count);
  const block = isReverse ? reverseBlock : forwardBlock;
  const decided = (chunks = ''): void =>
    note({
      order: isReverse ? 'reverse' : 'forward',
      reason: reason + chunks,
      seeds,
      samples: count,
    });
  // where memory is short, fewer samples at a time, or else fewer seeds of each
  const rows = Math.max(1, Math.min(seeds, chunk, rowsAtOnce()));
  const size = (y.size / count) * (x.size / count);
  const most = chunkOf(count, Math.floor(rowsAtOnce() / rows), [size]);
  const parts = most < count ? inParts(y, x, places, most, (a, b) => block(a, b, rows)) : null;
  if (parts) {
    decided(`; ${Math.ceil(count / most)} chunks of ${most} samples`);
    return parts;
  }
  const fewer = Math.max(1, Math.min(seeds, chunk, Math.floor(rowsAtOnce() / Math.max(1, count))));
  if (fewer < seeds) {
    const lines = isReverse ? 'rows' : 'columns';
    decided(`; ${Math.ceil(seeds / fewer)} chunks of at most ${fewer} ${lines} of each sample`);
    return block(y, x, fewer);
  }
  decided();
  return whole;
}

/** What `block` gives for at most `most` samples at a time, put together; null if that cannot be done. */
function inParts(
  y: Tensor,
  x: Tensor,
  places: Places,
  most: number,
  block: (y: Tensor, x: Tensor) => Tensor,
): Tensor | null {
  const of = x.shape[0] as number;
  const parts: Tensor[] = [];
  for (const start of startsOf(of, most)) {
    const samples = { start, count: Math.min(most, of - start), of };
    const part = variableLike({ shape: [samples.count, ...x.shape.slice(1)], dtype: x.dtype });
    const own = forSamples(y, x, part, places, samples);
    if (!own) return null;
    const values = samplesOf(x, places.get(x) as Place, samples);
    parts.push(rebuild([block(own, part)], new Map([[part, values]]), lead)[0] as Tensor);
  }
  const rank = (parts[0] as Tensor).rank;
  return joined(parts, -rank, of, most);
}

/**
 * The Jacobian of each sample of a function over a batch: for `[B, ...in] -> [B, ...out]` a tensor
 * `[B, ...out, ...in]`. Off-diagonal blocks are never formed; that samples do not mix is proved on the
 * graph first.
 *
 * @throws TraceError naming the op, with the user's call in `cause`, when samples mix
 */
export function batchJacobian<A extends unknown[], R, const O extends JacobianOptions = object>(
  f: (...args: A) => R,
  options?: O,
): (...args: A) => WithAux<JacobianTree<MainOutput<R, O>, Chosen<A, O>>, R, O> {
  const { argnums = 0, hasAux = false, ...how } = (options ?? {}) as JacobianOptions;
  return namedAfter('batchJacobian', f, (...args) => {
    checkNames(options ?? {}, 'batchJacobian');
    checkOptions(options ?? {}, 'batchJacobian');
    const positions = resolveArgnums(argnums, args.length, 'batchJacobian');
    // what is derived within takes its memory for a part of the samples: it need not be split as well
    const call = withRowsAtOnce(Infinity, () =>
      callOnVariables(f, args, positions, 'batchJacobian', { hasAux }),
    );
    differentiable(call, 'batchJacobian');
    call.variables.forEach((x) => {
      if (x.rank === 0)
        throw new ShapeError(
          'batchJacobian: an argument of rank 0 has no batch axis; pass [B, ...]',
        );
    });
    const rows = call.output.leaves.map((y) =>
      call.variables.map((x) => simplifying(() => perSample(y, x, how))),
    );
    const bound = call.bind(rows.flat());
    const width = call.variables.length;
    const tree = call.output.def.build(
      call.output.leaves.map((_, i) => {
        let at = i * width;
        const parts = call.arguments.map((t) => {
          const own = bound.slice(at, at + t.leaves.length);
          at += t.leaves.length;
          return t.def.build(own);
        });
        return Array.isArray(argnums) ? parts : parts[0];
      }),
    );
    return (hasAux ? [tree, call.aux] : tree) as never;
  });
}
