// @requires special.wgsl
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// 1/√x. 1.5 ulp
fn ct_rsqrt(x: F) -> F {
  let y = select(1.0 / sqrt(abs(x)), ct_nan(), bitcast<I>(x) < I(0));
  return select(select(y, ct_copysign(ct_inf(), x), ct_absbits(x) == I(0)), x, ct_isnan(x));
}

// |x| = m 2^(3k) with 1/2 <= m < 4, so that its root is y 2^k. A third of the bits of m are those
// of y to 3.3 % (the exponent is nearly a logarithm); Halley's step
// y' = y - y (y^3 - m)/(2y^3 + m) takes them to 2.4e-5, and from there, rounded to 8 bits so that
// y^3 is exact, to 5e-9. 0.9 ulp
fn ct_cbrt(x: F) -> F {
  // A subnormal number is taken as a whole number of 2^-150.
  let tiny = ct_absbits(x) < I(0x00800000);
  let b = bitcast<I>(select(abs(x), 2.0 * F(ct_absbits(x)), tiny));
  let k = ((b >> U(23u)) * I(171)) >> U(9u); // a third of the biased exponent
  let mb = b - ((k * I(3) - I(126)) << U(23u));
  let m = bitcast<F>(mb);
  var y = bitcast<F>((mb >> U(16u)) * I(21845) + I(0x2a514000));
  var c = y * y * y;
  y = y - y * (c - m) / (2.0 * c + m);
  y = bitcast<F>((bitcast<I>(y) + I(0x8000)) & I(-0x10000));
  c = y * y * y;
  y = y - y * (c - m) / (2.0 * c + m);
  let z = bitcast<F>(bitcast<I>(y) + ((k - I(42) - select(I(0), I(50), tiny)) << U(23u)));
  return select(ct_copysign(z, x), x, (ct_absbits(x) == I(0)) | (ct_absbits(x) >= I(0x7f800000)));
}

// Both are scaled by a power of two that makes the larger about 1. 1.2 ulp
fn ct_hypot(x: F, y: F) -> F {
  let e = clamp(max(ct_absbits(x), ct_absbits(y)) >> U(23u), I(1), I(253));
  let s = bitcast<F>((I(254) - e) << U(23u));
  let z = sqrt((x * s) * (x * s) + (y * s) * (y * s)) * bitcast<F>(e << U(23u));
  let w = select(z, ct_nan(), ct_isnan(x) | ct_isnan(y));
  return select(w, ct_inf(), ct_isinf(x) | ct_isinf(y));
}
