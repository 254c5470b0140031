import {
  div,
  equal,
  expandDims,
  logSoftmax,
  mean,
  mul,
  neg,
  notEqual,
  ones,
  squeeze,
  sum,
  take,
  takeAlongAxis,
  where,
  cast,
  type Tensor,
} from '../../../trace/index.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';

/** Weighted -logp of the right class, `logp [N, C, ...]`, labels `[N, ...]`. */
function likelihoodLoss(n: Call, logp: Tensor): Tensor {
  const given = cast(n.input(1), 'i32');
  const ignored = n.int('ignore_index');
  const label = ignored === undefined ? given : where(equal(given, ignored), 0, given);
  const picked = squeeze(takeAlongAxis(logp, expandDims(label, 1), 1), 1);
  const weights = n.optional(2);
  let weight = weights ? take(weights, label) : undefined;
  if (ignored !== undefined)
    weight = mul(weight ?? ones(given.shape), cast(notEqual(given, ignored), 'f32'));
  const losses = neg(weight ? mul(weight, picked) : picked);
  const reduction = n.choice('reduction', 'mean', 'sum', 'none');
  if (reduction === 'none') return losses;
  if (reduction === 'sum') return sum(losses);
  return weight ? div(sum(losses), sum(weight)) : mean(losses);
}

export const NegativeLogLikelihoodLoss = op((n) => likelihoodLoss(n, n.input(0)), { since: 12 });

export const SoftmaxCrossEntropyLoss = op(
  (n) => {
    const logp = logSoftmax(n.input(0), 1);
    return [likelihoodLoss(n, logp), logp];
  },
  { since: 12 },
);
