import {
  add,
  avgPool1d,
  batchNorm,
  batchNormTraining,
  div,
  groupNorm,
  instanceNorm,
  layerNorm,
  mean,
  moveAxis,
  mul,
  norm,
  pad,
  pow,
  reciprocal,
  repeat,
  rmsNorm,
  rsqrt,
  sqrt,
  square,
  sub,
  variance,
  type Tensor,
} from '../../../trace/index.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';

const eps = (n: Call): number => n.float('epsilon', 1e-5);

export const BatchNormalization = op((n) => {
  const [x, weight, bias, mean_, variance_] = [0, 1, 2, 3, 4].map((i) => n.input(i)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const options = { weight, bias, eps: eps(n) };
  if (!n.flag('training_mode')) return batchNorm(x, mean_, variance_, options);
  const [y, m, v] = batchNormTraining(x, options);
  const momentum = n.float('momentum', 0.9);
  const running = (old: Tensor, now: Tensor): Tensor =>
    add(mul(momentum, old), mul(1 - momentum, now));
  return [y, running(mean_, m), running(variance_, v)];
});

export const InstanceNormalization = op((n) =>
  instanceNorm(n.input(0), { weight: n.input(1), bias: n.input(2), eps: eps(n) }),
);

/** The axes from attribute `axis` (-1 unless said) to the last. */
function trailing(n: Call, x: Tensor): number[] {
  const first = n.axis(n.int('axis', -1), x.rank);
  return x.shape.map((_, i) => i).slice(first);
}

export const LayerNormalization = op(
  (n) => {
    const [x, scale, bias] = [n.input(0), n.input(1), n.optional(2)];
    const axes = trailing(n, x);
    const scaled = mul(layerNorm(x, axes, { eps: eps(n) }), scale);
    const y = bias ? add(scaled, bias) : scaled;
    if (!n.wants(1) && !n.wants(2)) return y;
    const spread = variance(x, axes, { keepDims: true });
    return [y, mean(x, axes, { keepDims: true }), rsqrt(add(spread, eps(n)))];
  },
  { since: 17 },
);

export const RMSNormalization = op(
  (n) => {
    const x = n.input(0);
    return mul(rmsNorm(x, trailing(n, x), { eps: eps(n) }), n.input(1));
  },
  { since: 23 },
);

export const GroupNormalization = op(
  (n) => {
    const x = n.input(0);
    const groups = n.int('num_groups') ?? n.fail('has no num_groups');
    const channels = x.shape[1] as number;
    // before opset 21 there was one scale for each group
    const perChannel = (p: Tensor): Tensor =>
      n.opset < 21 && p.size === groups ? repeat(p, channels / groups, 0) : p;
    const [weight, bias] = [perChannel(n.input(1)), perChannel(n.input(2))];
    return groupNorm(x, groups, { weight, bias, eps: eps(n) });
  },
  { since: 18 },
);

export const LpNormalization = op((n) => {
  const x = n.input(0);
  const axis = n.axis(n.int('axis', -1), x.rank);
  return div(x, norm(x, axis, { ord: n.int('p', 2), keepDims: true }));
});

export const MeanVarianceNormalization = op(
  (n) => {
    const x = n.input(0);
    const axes = (n.ints('axes') ?? [0, 2, 3]).map((a) => n.axis(a, x.rank));
    const deviation = sub(x, mean(x, axes, { keepDims: true }));
    const spread = sqrt(mean(square(deviation), axes, { keepDims: true }));
    return div(deviation, add(spread, 1e-9));
  },
  { since: 9 },
);

/** x / (bias + alpha / size · Σ x² over `size` neighbouring channels)^beta */
export const LRN = op((n) => {
  const x = n.input(0);
  const size = n.int('size') ?? n.fail('has no size');
  if (x.rank < 3 || !(size >= 1 && size < 2 ** 24)) n.fail(`its size is ${size}`);
  const last = moveAxis(square(x), 1, -1);
  const around = pad(last, [[(size - 1) >> 1, size >> 1]]);
  const means = moveAxis(avgPool1d(around, size, { stride: 1 }), -1, 1);
  const base = add(n.float('bias', 1), mul(n.float('alpha', 1e-4), means));
  return mul(x, reciprocal(pow(base, n.float('beta', 0.75))));
});
