// @requires special.wgsl
// @requires exp.wgsl
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// sinh |x| = t + t/(2t + 1), t = (e^|x| - 1)/2. 2.2 ulp
fn ct_sinh(x: F) -> F {
  let t = 2.0 * ct_expm1_quarter(min(abs(x), F(89.5)));
  let y = t + t / (2.0 * min(t, F(1e30)) + 1.0);
  return select(ct_copysign(y, x), x, ct_isnan(x));
}

// cosh x = h + 1/(4h), h = e^|x|/2. 1.5 ulp
fn ct_cosh(x: F) -> F {
  let a = min(abs(x), F(89.5));
  let n = ct_exp_n(a);
  let h = ct_scale(1.0 + ct_expm1_reduced(ct_exp_r(a, n)), ct_int(n) - I(1));
  return select(h + 0.25 / min(h, F(1e30)), x, ct_isnan(x));
}

// tanh |x| = -t/(2 + t), t = e^(-2|x|) - 1. 2.5 ulp
fn ct_tanh(x: F) -> F {
  let t = 4.0 * ct_expm1_quarter(max(-2.0 * abs(x), F(-18.0)));
  return select(ct_copysign(t / (2.0 + t), x), x, ct_isnan(x));
}
