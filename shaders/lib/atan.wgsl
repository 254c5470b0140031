// @requires special.wgsl
// The polynomial is a minimax fit made for this project.
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// atan t for 0 <= t <= 1, as t + t^3 P(t^2), to a relative 1.7e-8
fn ct_atan_reduced(t: F) -> F {
  let s = t * t;
  var p = 0.0029197563 * s - 0.016364237;
  p = p * s + 0.043205973;
  p = p * s - 0.07551729;
  p = p * s + 0.10665786;
  p = p * s - 0.14211003;
  p = p * s + 0.19993767;
  p = p * s - 0.33333153;
  return t + t * (s * p);
}

// atan |x| = π/2 - atan(1/|x|) for |x| > 1. 2.0 ulp
fn ct_atan(x: F) -> F {
  let a = abs(x);
  let far = a > F(1.0);
  let p = ct_atan_reduced(select(a, 1.0 / max(a, F(1.0)), far));
  let y = select(p, 1.5707964 - (p + 4.371139e-8), far);
  return select(ct_copysign(y, x), x, ct_isnan(x));
}

// The angle of (x, y), by the smaller coordinate over the larger. Both are scaled where the larger
// is huge, because WGSL asks nothing of a division by more than 2^126; at (0, 0) and for two
// infinities it is as if they were small or large and equal. 2.0 ulp
fn ct_atan2(y: F, x: F) -> F {
  let a = abs(x);
  let b = abs(y);
  let large = max(a, b);
  let c = select(F(1.0), F(0.0625), large > F(1e37));
  let t = select((min(a, b) * c) / (large * c), F(1.0), ct_isinf(x) & ct_isinf(y));
  var p = ct_atan_reduced(select(t, F(0.0), large == F(0.0)));
  p = select(p, 1.5707964 - (p + 4.371139e-8), b > a);
  p = select(p, 3.1415927 - (p + 8.742278e-8), ct_signbit(x));
  return select(ct_copysign(p, y), ct_nan(), ct_isnan(x) | ct_isnan(y));
}
