// @requires special.wgsl
// @requires exp.wgsl
// The polynomials are minimax fits made for this project.
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// erf x = x + x P(x^2) for |x| <= 1, to a relative 1.3e-9
fn ct_erf_small(x: F) -> F {
  let s = x * x;
  var p = 7.920368e-5 * s - 0.00080307614;
  p = p * s + 0.005190734;
  p = p * s - 0.026855126;
  p = p * s + 0.11283618;
  p = p * s - 0.3761263;
  p = p * s + 0.12837917;
  return x + x * p;
}

// Beyond 1, |erf x| = 1 - e^Q(|x|): Q is a fit of log erfc, good where it matters. 1.3 ulp
fn ct_erf(x: F) -> F {
  let a = min(abs(x), F(4.0));
  var q = 0.00018556567 * a - 0.002939547;
  q = q * a + 0.021805152;
  q = q * a - 0.103037156;
  q = q * a - 0.6382258;
  q = q * a - 1.12704;
  q = q * a - 0.00035370892;
  let y = ct_copysign(1.0 - ct_exp_sum(q, F(0.0)), x);
  return select(select(y, ct_erf_small(x), abs(x) <= F(1.0)), x, ct_isnan(x));
}

// e^(a^2) erfc(a) for s = 3a/4 and a >= 0.7, as t P(t) with t = 1/(1 + s), to a relative 1.1e-8
fn ct_erfcx_large(s: F) -> F {
  let d = s + 1.0;
  let t = 1.0 / d;
  var p = 0.2618109 * t - 1.0946901;
  p = p * t + 1.7785138;
  p = p * t - 1.2242577;
  p = p * t + 0.11624666;
  p = p * t + 0.00516359;
  p = p * t + 0.31151006;
  p = p * t + 0.42264602;
  p = p * t + 0.42315635;
  return p / d;
}

// e^(-c x^2) where c is 1 or 1/2: x = h + l, h^2 is exact, and e^(-c l (x + h)) a correction.
fn ct_gauss(x: F, c: f32) -> F {
  let h = ct_high(x);
  return ct_exp_sum(-c * h * h, -c * (x - h) * (x + h));
}

// 4.8 ulp, until it underflows
fn ct_erfc(x: F) -> F {
  let a = min(abs(x), F(12.0));
  let y = ct_gauss(a, 1.0) * ct_erfcx_large(a * 0.75);
  let z = select(select(y, 2.0 - y, x < F(0.0)), 1.0 - ct_erf_small(x), abs(x) < F(0.7));
  return select(z, x, ct_isnan(x));
}

// Φ(x) = erfc(-x/√2)/2, with e^(-x^2/2) from x itself. 4.9 ulp
fn ct_normal_cdf(x: F) -> F {
  let a = min(abs(x), F(16.0));
  let y = 0.5 * ct_gauss(a, 0.5) * ct_erfcx_large(a * 0.53033009);
  let small = 0.5 + 0.5 * ct_erf_small(x * 0.70710678);
  let z = select(select(y, 1.0 - y, x > F(0.0)), small, abs(x) < F(1.0));
  return select(z, x, ct_isnan(x));
}
