// @requires special.wgsl
// @requires exp.wgsl
// @requires log.wgsl
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// 1/(1 + e^-x), as e^x/(1 + e^x) for x < 0. 2.4 ulp
fn ct_sigmoid(x: F) -> F {
  let e = ct_exp(-abs(x));
  return select(F(1.0), e, x < F(0.0)) / (1.0 + e);
}

// log(1 + e^-|x|)
fn ct_log1pexp_neg(x: F) -> F { return ct_log1p(ct_exp(-abs(x))); }

// log(1 + e^x). 2.0 ulp
fn ct_softplus(x: F) -> F { return max(x, F(0.0)) + ct_log1pexp_neg(x); }

// -log(1 + e^-x). 2.0 ulp
fn ct_logSigmoid(x: F) -> F { return min(x, F(0.0)) - ct_log1pexp_neg(x); }

// log(e^x + e^y) = m + log(1 + e^-|x - y|), m the larger. 1.5 ulp of the largest of |x|, |y|
// and 1: the sum may cancel.
fn ct_logaddexp(x: F, y: F) -> F {
  let m = max(x, y);
  let z = m + ct_log1pexp_neg(x - y);
  return select(select(z, m, ct_isinf(m)), ct_nan(), ct_isnan(x) | ct_isnan(y));
}
