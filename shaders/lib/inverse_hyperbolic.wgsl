// @requires special.wgsl
// @requires log.wgsl
// Where 2x is all that is left of x + sqrt(x^2 ± 1), log 2x = log1p x + log 2.
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// asinh |x| = log1p(|x| + x^2/(1 + sqrt(x^2 + 1))). 1.9 ulp
fn ct_asinh(x: F) -> F {
  let a = abs(x);
  let huge = a > F(1e9);
  let b = min(a, F(1e9));
  let z = b + b * b / (1.0 + sqrt(b * b + 1.0));
  let y = ct_log1p(select(z, a, huge)) + select(F(0.0), F(0.69314718), huge);
  return select(ct_copysign(y, x), x, ct_isnan(x));
}

// acosh x = log1p(t + sqrt(t (2 + t))), t = x - 1. 2.2 ulp
fn ct_acosh(x: F) -> F {
  let huge = x > F(1e9);
  let t = clamp(x, F(1.0), F(1e9)) - 1.0;
  let z = t + sqrt(t * (2.0 + t));
  let y = ct_log1p(select(z, x, huge)) + select(F(0.0), F(0.69314718), huge);
  return select(y, ct_nan(), (x < F(1.0)) | ct_isnan(x));
}

// atanh |x| = log1p(2|x|/(1 - |x|))/2. 2.1 ulp
fn ct_atanh(x: F) -> F {
  let a = abs(x);
  let b = min(a, F(0.99999994));
  let y = 0.5 * ct_log1p(2.0 * b / (1.0 - b));
  let z = select(select(y, ct_inf(), a == F(1.0)), ct_nan(), (a > F(1.0)) | ct_isnan(x));
  return ct_copysign(z, x);
}
