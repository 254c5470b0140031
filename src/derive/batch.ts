import { simplifying, type Tensor } from '../ir/tensor.ts';
import { embedDiagonal } from '../ops/linear/diagonal.ts';
import { lead, transpose } from '../ops/linear/layout.ts';
import { full } from '../ops/source.ts';
import { ShapeError, TraceError } from '../util/errors.ts';
import { formatShape, range } from '../util/shape.ts';
import { callOnVariables, checkNames, namedAfter, resolveArgnums } from './arguments.ts';
import { flopsBeyond } from './cost.ts';
import { note } from './decisions.ts';
import { samplesStayApart } from './independence.ts';
import { checkOptions } from './jacobian.ts';
import { pushforward } from './jvp.ts';
import { ifLinear } from './linear.ts';
import { format } from './order.ts';
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

/** `[...out, B, ...in]` -> `[B, ...out, ...in]` */
const sampleFirst = (t: Tensor, outRank: number): Tensor =>
  transpose(t, [outRank, ...range(outRank), ...range(t.rank).slice(outRank + 1)]);

/** Per-sample block by reverse mode. */
function reverseBlock(y: Tensor, x: Tensor): Tensor {
  const g = pullback([y], [sampleSeed(y.shape)], [x])[0];
  if (!g) return full([...y.shape, ...x.shape.slice(1)], 0);
  return sampleFirst(g, y.rank - 1);
}

/** Per-sample block by forward mode. */
function forwardBlock(y: Tensor, x: Tensor): Tensor {
  const t = pushforward([y], [x], [sampleSeed(x.shape)])[0];
  if (!t) return full([...y.shape, ...x.shape.slice(1)], 0);
  // [...in, B, ...out] -> [B, ...out, ...in]
  const n = x.rank - 1;
  return transpose(t, [...range(t.rank).slice(n), ...range(n)]);
}

function perSample(y: Tensor, x: Tensor, mode: JacobianOptions['mode']): Tensor {
  const count = x.shape[0] as number;
  const found = samplesStayApart(y, x);
  if (found.mixedBy) {
    const node = found.mixedBy;
    throw new TraceError(
      `batchJacobian: ${node.op.name} mixes the samples of a batch (${node.inputs.map((i) => formatShape(i.shape)).join(', ')} -> ${formatShape(node.shape)}); use jacobian, or make the function act on each sample alone (where all samples share an argument, vmap(jacobian(f), { inAxes }) has null for it)`,
      { cause: node.site },
    );
  }
  if (y.rank === 0 || y.shape[0] !== count)
    throw new ShapeError(
      `batchJacobian: the output must have the batch axis first, got ${formatShape(x.shape)} -> ${formatShape(y.shape)}`,
    );
  if (found.place && (found.place.axis !== -y.rank || found.place.inner !== 1))
    throw new ShapeError(
      `batchJacobian: the samples ended up on axis ${y.rank + found.place.axis} of the output ${formatShape(y.shape)}; put the batch axis first`,
    );
  const backward = (): Tensor => reverseBlock(y, x);
  const onward = (): Tensor => forwardBlock(y, x);
  // in auto mode, a rule of the user's may have one direction only
  const reverse = mode === 'forward' ? null : mode === 'reverse' ? backward() : ifLinear(backward);
  const forward = mode === 'reverse' ? null : reverse ? ifLinear(onward) : onward();
  const cost = (t: Tensor | null): number => (t ? flopsBeyond([t], [y]) : Infinity);
  const isReverse = cost(reverse) <= cost(forward);
  note({
    order: isReverse ? 'reverse' : 'forward',
    reason:
      mode === 'reverse' || mode === 'forward'
        ? 'asked for'
        : `per sample, reverse costs ${format(cost(reverse))} FLOPs, forward ${format(cost(forward))}`,
    seeds: (isReverse ? y.size : x.size) / Math.max(1, count),
  });
  return (isReverse ? reverse : forward) as Tensor;
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
  const { argnums = 0, hasAux = false, mode } = (options ?? {}) as JacobianOptions;
  return namedAfter('batchJacobian', f, (...args) => {
    checkNames(options ?? {}, 'batchJacobian');
    checkOptions(options ?? {}, 'batchJacobian');
    const positions = resolveArgnums(argnums, args.length, 'batchJacobian');
    const call = callOnVariables(f, args, positions, 'batchJacobian', { hasAux });
    differentiable(call, 'batchJacobian');
    call.variables.forEach((x) => {
      if (x.rank === 0)
        throw new ShapeError(
          'batchJacobian: an argument of rank 0 has no batch axis; pass [B, ...]',
        );
    });
    const rows = call.output.leaves.map((y) =>
      call.variables.map((x) => simplifying(() => perSample(y, x, mode))),
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
