// @requires special.wgsl
// log x = log m + e ln 2 with x = m 2^e, 2/3 <= m < 4/3, and f = m - 1 exact. The polynomial is a
// minimax fit of (log(1 + f) - f)/f^2, made for this project.
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// log(1 + f) for |f| <= 1/3, to a relative 5e-9.
fn ct_log1p_reduced(f: F) -> F {
  var p = -0.1319767 * f + 0.13966;
  p = p * f - 0.12113817;
  p = p * f + 0.14010419;
  p = p * f - 0.16685553;
  p = p * f + 0.20010057;
  p = p * f - 0.24999687;
  p = p * f + 0.33333224;
  p = p * f - 0.5;
  return f + f * f * p;
}

// The e of a normal x > 0, from its bits: x / 2^e is in [2/3, 4/3).
fn ct_log_exponent(bits: I) -> I { return (bits - I(0x3f2aaaab)) >> U(23u); }

// y where x is positive and finite, else the logarithm of x.
fn ct_log_special(x: F, y: F) -> F {
  let b = bitcast<I>(x);
  var z = select(y, ct_nan(), b < I(0));
  z = select(z, -ct_inf(), ct_absbits(x) == I(0));
  return select(z, x, ct_isnan(x) | (b == I(0x7f800000)));
}

// c log(1 + f) + e (hi + lo), where hi + lo = c ln 2 and e hi is exact.
fn ct_log_sum(x: F, c: f32, hi: f32, lo: f32) -> F {
  // A subnormal x is a whole number of 2^-149; taken as that number, it does not matter whether
  // the adapter flushes it.
  let tiny = bitcast<I>(x) < I(0x00800000);
  let b = bitcast<I>(select(x, F(bitcast<I>(x)), tiny));
  let e = ct_log_exponent(b);
  let l = ct_log1p_reduced(bitcast<F>(b - (e << U(23u))) - 1.0);
  let n = F(e) - select(F(0.0), F(149.0), tiny);
  return ct_log_special(x, n * hi + (l * c + n * lo));
}

// 0.9 ulp
fn ct_log(x: F) -> F { return ct_log_sum(x, 1.0, 0.693359375, -2.12194440e-4); }

// 2.3 ulp
fn ct_log2(x: F) -> F { return ct_log_sum(x, 1.4426950, 1.0, 0.0); }

// 2.2 ulp
fn ct_log10(x: F) -> F { return ct_log_sum(x, 0.43429448, 0.30102539, 4.6050390e-6); }

// 1 + x = m 2^e, and f = m - 1 = x 2^-e + (2^-e - 1) is rounded once, by itself: as small as f
// is, so is its error, and for e = 0 it is x. 1.6 ulp
fn ct_log1p(x: F) -> F {
  let u = 1.0 + x;
  let e = ct_log_exponent(bitcast<I>(u));
  let s = bitcast<F>(max(I(127) - e, I(0)) << U(23u));
  let f = bitcast<F>(bitcast<I>(x) - (e << U(23u))) + (s - 1.0);
  let n = F(e);
  return ct_log_special(u, n * 0.693359375 + (ct_log1p_reduced(f) + n * -2.12194440e-4));
}
