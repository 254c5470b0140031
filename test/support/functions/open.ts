import {
  arange,
  concat,
  conv1d,
  conv2d,
  einsum,
  stack,
  where,
  type Tensor,
} from '../../../src/index.ts';

// The functions of fixtures/functions/functions_open.json, by hand from their torch source, which
// the file quotes. Names of functions and of outputs are the file's.

/** Each output elementwise: diagonal Jacobian. */
const trig_hyperbolic = (x: Tensor) => ({
  sin: x.sin(),
  cos: x.cos(),
  tan: x.tan(),
  sinh: x.sinh(),
  cosh: x.cosh(),
  tanh: x.tanh(),
});

const exp_log_sqrt = (x: Tensor) => ({
  exp: x.exp(),
  exp2: x.exp2(),
  expm1: x.expm1(),
  log: x.log(),
  log2: x.log2(),
  log10: x.log10(),
  log1p: x.log1p(),
  sqrt: x.sqrt(),
  rsqrt: x.rsqrt(),
  reciprocal: x.reciprocal(),
  square: x.mul(x),
  neg: x.neg(),
  sigmoid: x.sigmoid(),
  softplus: x.softplus(),
});

/** Piecewise functions away from their corners. */
const nonsmooth_generic = (x: Tensor) => ({
  abs: x.abs(),
  sign: x.sign(),
  floor: x.floor(),
  ceil: x.ceil(),
  trunc: x.trunc(),
  relu: x.relu(),
  'leaky_relu_0.1': x.leakyRelu(0.1),
  x_times_abs: x.mul(x.abs()),
});

const arithmetic_broadcast = (a: Tensor, b: Tensor) =>
  a.add(b).mul(a.sub(b)).div(b).add(a.mul(2.5)).sub(b.div(3));

const pow_variable = (x: Tensor, y: Tensor) => x.pow(y);

const where_clamp_minmax = (x: Tensor, y: Tensor) => ({
  where: where(x.greater(y), x.mul(y), x.sub(y.mul(2))),
  clamp: x.clamp(-0.6, 0.7),
  max: x.maximum(y),
  min: x.mul(2).minimum(y),
});

const reduce_axes = (x: Tensor) => {
  const y = x.mul(x);
  return {
    sum_all: y.sum(),
    sum_0: y.sum(0),
    sum_0_2: y.sum([0, 2]),
    mean_last_keep: y.mean(-1, { keepDims: true }),
    mean_1_2: y.mean([1, 2]),
  };
};

const var_std_norm = (x: Tensor) => ({
  var_unbiased_1: x.variance(1, { correction: 1 }),
  var_biased_0: x.variance(0),
  std_all: x.std(undefined, { correction: 1 }),
  norm2: x.norm(),
  norm2_rows: x.norm(1),
  norm1_cols: x.abs().sum(0),
  norm3: x
    .abs()
    .pow(3)
    .sum()
    .pow(1 / 3),
});

const softmax_family = (x: Tensor) => ({
  softmax_last: x.softmax(-1),
  softmax_0: x.softmax(0),
  log_softmax_last: x.logSoftmax(-1),
  logsumexp_0: x.logsumexp(0),
  logsumexp_all: x.reshape([-1]).logsumexp(0),
});

/** Layer norm over the last axis with gain and bias, all three differentiated. */
const layernorm_affine = (x: Tensor, weight: Tensor, bias: Tensor) =>
  x.layerNorm([-1], { weight, bias });

const matmul_ranks = (u: Tensor, v: Tensor, A: Tensor, B: Tensor) => ({
  vec_vec: u.matmul(v),
  mat_vec: A.matmul(u),
  vec_mat: v.matmul(B),
  mat_mat: A.matmul(B),
  mat_t: A.matmul(B).t().matmul(A),
});

const einsum_basic = (S: Tensor, A: Tensor, T: Tensor, V: Tensor) => ({
  'ij,jk->ik': einsum('ij,jk->ik', S, A),
  'bij,bj->bi': einsum('bij,bj->bi', T, V),
  'ii->': einsum('ii->', S.matmul(S)),
  'ij->ji': einsum('ij->ji', A),
  'ij,ij->': einsum('ij,ij->', A, A),
});

const reshape_transpose = (x: Tensor) => {
  const [a, b, c] = x.shape as [number, number, number];
  return {
    flat: x.mul(x).reshape([-1]),
    perm: x.transpose([2, 0, 1]).sin(),
    swap: x
      .swapAxes(0, 1)
      .reshape([b * a, c])
      .exp(),
    scale_by_T: x
      .reshape([a, b * c])
      .t()
      .mul(3),
  };
};

const slice_concat_stack = (x: Tensor, y: Tensor) => {
  const x0 = x.slice(0);
  const y0 = y.slice(0);
  return {
    rows: x.slice([1, 3]),
    step: x.slice([null, null, 2], [1, null]).pow(2),
    last: x.slice(-1),
    col: x.slice(null, -2).exp(),
    cat0: concat([x.mul(2), y, x.slice([null, 1]).mul(y.slice([null, 1]))], 0),
    stack: stack([x0, y0, x0.mul(y0)], 1),
  };
};

const pad_flip_roll = (x: Tensor) => ({
  pad: x.pad(
    [
      [0, 1],
      [1, 2],
    ],
    { value: 0.5 },
  ),
  flip: x.flip(1).mul(x),
  flip_both: x.flip([0, 1]),
  roll: x.roll(1, 0).mul(x.roll(-2, 1)),
});

/** Cross-correlation, NCW, stride 2, padding 1. */
const conv1d_stride = (x: Tensor, w: Tensor, bias: Tensor) =>
  conv1d(x, w, { bias, stride: 2, padding: 1 });

/** Cross-correlation, NCHW, stride 1, padding 1 on each side of both axes. */
const conv2d_padding = (x: Tensor, w: Tensor, bias: Tensor) => conv2d(x, w, { bias, padding: 1 });

const pool2d_simple = (x: Tensor) => ({
  max: x.maxPool2d(2),
  avg: x.mul(x).avgPool2d(2),
  global_avg: x.mean([2, 3]),
  global_max: x.max([2, 3]),
});

const rosenbrock = (x: Tensor) => {
  const head = x.slice([null, -1]);
  const tail = x.slice([1, null]);
  return tail.sub(head.square()).square().mul(100).add(head.neg().add(1).square()).sum();
};

/** x' A x / 2 + b' x with A not symmetric. */
const quadratic_form = (x: Tensor, A: Tensor, b: Tensor) =>
  x.mul(0.5).matmul(A).matmul(x).add(b.matmul(x));

/** Mean negative log likelihood, plus 0.01 |w|^2; X and y are data. */
const logistic_regression_nll = (w: Tensor, b: Tensor, X: Tensor, y: Tensor) => {
  const z = X.matmul(w).add(b);
  return z.softplus().sub(y.mul(z)).mean().add(w.mul(w).sum().mul(0.01));
};

/** Cross entropy of a tanh network at one sample, class 1; x is data. */
const mlp_cross_entropy = (W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor, x: Tensor) => {
  const z = W2.matmul(W1.matmul(x).add(b1).tanh()).add(b2);
  return z.logsumexp(0).sub(z.slice(1));
};

const scalar_scalar = (x: Tensor) => x.mul(x).neg().exp().mul(x.mul(3).sin()).div(x.mul(x).add(1));

const cross = (a: Tensor, b: Tensor): Tensor => {
  const [a0, a1, a2] = a.unstack(-1) as [Tensor, Tensor, Tensor];
  const [b0, b1, b2] = b.unstack(-1) as [Tensor, Tensor, Tensor];
  return stack(
    [a1.mul(b2).sub(a2.mul(b1)), a2.mul(b0).sub(a0.mul(b2)), a0.mul(b1).sub(a1.mul(b0))],
    -1,
  );
};

const cross_product = (a: Tensor, b: Tensor) => cross(a, b);

/** Rotates v by the quaternion q = (w, x, y, z) after normalising q. */
const quaternion_rotate = (q: Tensor, v: Tensor) => {
  const unit = q.div(q.norm());
  const w = unit.slice(0);
  const u = unit.slice([1, null]);
  const t = cross(u, v).mul(2);
  return v.add(w.mul(t)).add(cross(u, t));
};

/** State (angle 1, angle 2, speed 1, speed 2) -> its time derivative. */
const double_pendulum = (s: Tensor) => {
  const [m1, m2, l1, l2, g] = [1, 0.7, 1, 0.8, 9.81];
  const [t1, t2, w1, w2] = s.unstack() as [Tensor, Tensor, Tensor, Tensor];
  const d = t1.sub(t2);
  const D = d
    .mul(2)
    .cos()
    .mul(-m2)
    .add(2 * m1 + m2);
  const push1 = w1.square().mul(l1);
  const push2 = w2.square().mul(l2);
  const a1 = t1
    .sin()
    .mul(-g * (2 * m1 + m2))
    .sub(
      t1
        .sub(t2.mul(2))
        .sin()
        .mul(m2 * g),
    )
    .sub(
      d
        .sin()
        .mul(2 * m2)
        .mul(push2.add(push1.mul(d.cos()))),
    )
    .div(D.mul(l1));
  const a2 = d
    .sin()
    .mul(2)
    .mul(
      push1
        .mul(m1 + m2)
        .add(t1.cos().mul(g * (m1 + m2)))
        .add(push2.mul(m2).mul(d.cos())),
    )
    .div(D.mul(l2));
  return stack([w1, w2, a1, a2]);
};

/** One Runge-Kutta-4 step of the Lorenz system, dt 0.02. */
const lorenz_rk4 = (s: Tensor, p: Tensor) => {
  const [sigma, rho, beta] = p.unstack() as [Tensor, Tensor, Tensor];
  const f = (state: Tensor): Tensor => {
    const [x, y, z] = state.unstack() as [Tensor, Tensor, Tensor];
    return stack([sigma.mul(y.sub(x)), x.mul(rho.sub(z)).sub(y), x.mul(y).sub(beta.mul(z))]);
  };
  const h = 0.02;
  const k1 = f(s);
  const k2 = f(s.add(k1.mul(h / 2)));
  const k3 = f(s.add(k2.mul(h / 2)));
  const k4 = f(s.add(k3.mul(h)));
  return s.add(
    k1
      .add(k2.mul(2))
      .add(k3.mul(2))
      .add(k4)
      .mul(h / 6),
  );
};

/** Tip of a planar arm with joint angles q, link i of length 1 / (i + 1). */
const planar_arm = (q: Tensor) => {
  const angle = q.cumsum(0);
  const length = arange(1, (q.shape[0] as number) + 1).reciprocal();
  return stack([length.mul(angle.cos()).sum(), length.mul(angle.sin()).sum()]);
};

/** Explicit step of u_t = (k(u) u_x)_x with k = 1 + u^2, zero flux at both ends. */
const heat_step_nonlinear = (u: Tensor) => {
  const left = u.slice([null, -1]);
  const right = u.slice([1, null]);
  const k = right.square().add(1).add(left.square().add(1)).mul(0.5);
  const flux = k.mul(right.sub(left));
  const zero = flux.slice([null, 1]).mul(0);
  return u.add(
    concat([flux, zero])
      .sub(concat([zero, flux]))
      .mul(0.1),
  );
};

/** Two inputs, three outputs of different rank. */
const multi_io_tuple = (x: Tensor, A: Tensor): [Tensor, Tensor, Tensor] => [
  A.matmul(x),
  x.mul(x).sum(),
  x.expandDims(1).mul(A.sum(0)),
];

/** Every function by its name in the file. */
export const openFunctions = {
  trig_hyperbolic,
  exp_log_sqrt,
  nonsmooth_generic,
  arithmetic_broadcast,
  pow_variable,
  where_clamp_minmax,
  reduce_axes,
  var_std_norm,
  softmax_family,
  layernorm_affine,
  matmul_ranks,
  einsum_basic,
  reshape_transpose,
  slice_concat_stack,
  pad_flip_roll,
  conv1d_stride,
  conv2d_padding,
  pool2d_simple,
  rosenbrock,
  quadratic_form,
  logistic_regression_nll,
  mlp_cross_entropy,
  scalar_scalar,
  cross_product,
  quaternion_rotate,
  double_pendulum,
  lorenz_rk4,
  planar_arm,
  heat_step_nonlinear,
  multi_io_tuple,
};
