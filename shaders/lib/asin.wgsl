// @requires special.wgsl
// The polynomial is a minimax fit made for this project.
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// asin t for 0 <= t <= 1/2, as t + t^3 P(t^2), s = t^2, to a relative 5e-9
fn ct_asin_reduced(t: F, s: F) -> F {
  var p = 0.04221852 * s + 0.02414885;
  p = p * s + 0.04547653;
  p = p * s + 0.0749525;
  p = p * s + 0.16666754;
  return t + t * (s * p);
}

// For |x| > 1/2, asin |x| = π/2 - 2 asin h with h^2 = (1 - |x|)/2. 2.3 ulp
fn ct_asin(x: F) -> F {
  let a = abs(x);
  let far = a > F(0.5);
  let s = select(a * a, 0.5 - 0.5 * a, far);
  let p = ct_asin_reduced(select(a, sqrt(max(s, F(0.0))), far), s);
  let y = select(p, 1.5707964 - (2.0 * p + 4.371139e-8), far);
  return select(ct_copysign(y, x), ct_nan(), (a > F(1.0)) | ct_isnan(x));
}

// acos x = 2 asin h for x > 1/2, π - 2 asin h for x < -1/2, else π/2 - asin x. 1.3 ulp
fn ct_acos(x: F) -> F {
  let a = abs(x);
  let far = a > F(0.5);
  let s = select(a * a, 0.5 - 0.5 * a, far);
  let p = ct_asin_reduced(select(a, sqrt(max(s, F(0.0))), far), s);
  let outer = select(2.0 * p, 3.1415927 - (2.0 * p + 8.742278e-8), x < F(0.0));
  let y = select(1.5707964 - (ct_copysign(p, x) + 4.371139e-8), outer, far);
  return select(y, ct_nan(), (a > F(1.0)) | ct_isnan(x));
}
