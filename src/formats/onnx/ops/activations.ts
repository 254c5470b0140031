import {
  add,
  argmax,
  arange,
  cast,
  celu,
  clamp,
  elu,
  equal,
  expandDims,
  gelu,
  greater,
  hardSwish,
  leakyRelu,
  less,
  logSoftmax,
  mish,
  moveAxis,
  mul,
  relu,
  reshape,
  selu,
  sigmoid,
  softmax,
  softplus,
  softsign,
  sub,
  where,
  type Tensor,
} from '../../../trace/index.ts';
import type { Call } from '../call.ts';
import { op, unary } from '../op.ts';

export const Relu = unary(relu);
export const Sigmoid = unary(sigmoid);
export const Softplus = unary(softplus);
export const Softsign = unary(softsign);
export const HardSwish = unary(hardSwish, { since: 14 });
export const Mish = unary(mish, { since: 18 });

export const LeakyRelu = op((n) => leakyRelu(n.input(0), n.float('alpha', 0.01)));
export const Elu = op((n) => elu(n.input(0), n.float('alpha', 1)));
export const Celu = op((n) => celu(n.input(0), n.float('alpha', 1)), { since: 12 });

export const Selu = op((n) => {
  const x = n.input(0);
  if (!n.hasAttribute('alpha') && !n.hasAttribute('gamma')) return selu(x);
  const [alpha, gamma] = [
    n.float('alpha', 1.6732632423543772),
    n.float('gamma', 1.0507009873554805),
  ];
  return mul(gamma, elu(x, alpha));
});

export const Gelu = op(
  (n) => gelu(n.input(0), { approximate: n.choice('approximate', 'none', 'tanh') }),
  { since: 20 },
);

export const Swish = op((n) => swish(n.input(0), n.float('alpha', 1)), { since: 24 });

/** x σ(alpha x) */
const swish = (x: Tensor, alpha: number): Tensor => mul(x, sigmoid(mul(alpha, x)));

/** alpha x + beta, kept between 0 and 1 */
export const hardSigmoid = (x: Tensor, alpha: number, beta: number): Tensor =>
  clamp(add(mul(alpha, x), beta), 0, 1);

export const HardSigmoid = op((n) =>
  hardSigmoid(n.input(0), n.float('alpha', 0.2), n.float('beta', 0.5)),
);

export const ThresholdedRelu = op(
  (n) => {
    const x = n.input(0);
    return where(greater(x, n.float('alpha', 1)), x, 0);
  },
  { since: 10 },
);

export const PRelu = op((n) => {
  const [x, slope] = [n.input(0), n.input(1)];
  return where(less(x, 0), mul(slope, x), x);
});

export const Shrink = op(
  (n) => {
    const [x, lambd, bias] = [n.input(0), n.float('lambd', 0.5), n.float('bias', 0)];
    return where(less(x, -lambd), add(x, bias), where(greater(x, lambd), sub(x, bias), 0));
  },
  { since: 9 },
);

export const Clip = op((n) => {
  const x = n.input(0);
  if (n.opset < 11) return clamp(x, n.float('min'), n.float('max'));
  return clamp(x, n.optional(1), n.optional(2));
});

/**
 * `f` along the axis of the node. Before opset 13 the axes from `axis` (then 1 unless said) on count as
 * one.
 */
function alongAxis(n: Call, f: (x: Tensor, axis: number) => Tensor): Tensor {
  const x = n.input(0);
  if (n.opset >= 13) return f(x, n.axis(n.int('axis', -1), x.rank));
  const axis = n.axis(n.int('axis', 1), x.rank);
  const flat = reshape(x, [...x.shape.slice(0, axis), -1]);
  return reshape(f(flat, -1), x.shape);
}

export const Softmax = op((n) => alongAxis(n, softmax));
export const LogSoftmax = op((n) => alongAxis(n, logSoftmax));

export const Hardmax = op(
  (n) =>
    alongAxis(n, (x, axis) => {
      const last = moveAxis(x, axis, -1);
      const first = expandDims(argmax(last, -1), -1);
      const counter = arange(0, last.shape[last.rank - 1], 1, 'i32');
      return moveAxis(cast(equal(first, counter), x.dtype), -1, axis);
    }),
  { derivative: false },
);
