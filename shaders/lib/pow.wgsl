// @requires special.wgsl
// @requires exp.wgsl
// |x|^y = 2^(y log2 |x|), with the logarithm as a sum high + low good to 2^-31 of itself: y log2 |x| is
// up to 128, and its absolute error is the relative error of the power. Every number is cut in two by
// its bits, so that the large products are exact. The max never binds: it keeps a compiler that
// reassociates from undoing this.
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

struct ct_Double { high: F, low: F }

// log2 x of a positive normal x = m 2^e, with 1/√2 <= m < √2, f = m - 1 and t = f/(2 + f):
// log m = 2 atanh t = 2 (t + t^3 P(t^2)), P a minimax fit made for this project.
fn ct_log2_double(x: F) -> ct_Double {
  let tiny = bitcast<I>(x) < I(0x00800000);
  let b = bitcast<I>(select(x, F(bitcast<I>(x)), tiny));
  let e = (b - I(0x3f3504f3)) >> U(23u);
  let f = bitcast<F>(b - (e << U(23u))) - 1.0;
  let n = F(e) - select(F(0.0), F(149.0), tiny);
  // t = a + c, with a of 12 bits and c from the rest of the division, f - a (2 + f)
  let g = 1.0 / (2.0 + f);
  let a = ct_high(f * g);
  let h = ct_high(f);
  let c = g * (max(max(f - 2.0 * a, F(-9.0)) - a * h, F(-9.0)) - a * (f - h));
  let t = a + c;
  let s = t * t;
  let p = t * (s * (((0.12134158 * s + 0.14249584) * s + 0.20000485) * s + 0.3333333));
  // 2/log 2 = 2.884765625 (12 bits) + 6.2445678e-4
  let u = a * 2.884765625;
  let v = a * 6.2445678e-4 + 2.8853900 * (c + p);
  let high = ct_high(n + (u + v));
  return ct_Double(high, (max(n - high, F(-999.0)) + u) + v);
}

// |x|^y for finite x and y, x not 0
fn ct_pow_magnitude(x: F, y: F) -> F {
  let l = ct_log2_double(abs(x));
  let z = clamp(y, F(-1e12), F(1e12));
  let h = ct_high(z);
  let p = h * l.high;
  let d = (z - h) * l.high + z * l.low;
  let n = round(clamp(p + d, F(-160.0), F(140.0)));
  let r = clamp(max(p - n, F(-1e30)) + d, F(-1.0), F(1.0));
  return ct_scale(1.0 + ct_expm1_reduced(r * 0.69314718), ct_int(n));
}

// As in C and PyTorch: x^0 = 1^y = 1 even for NaN; a negative x has powers of whole y only. 2.1 ulp
fn ct_pow(x: F, y: F) -> F {
  let whole = y == floor(y);
  let odd = whole & (0.5 * y != floor(0.5 * y));
  let zero = ct_absbits(x) == I(0);
  let edge = select(F(0.0), ct_inf(), zero == ct_signbit(y));
  var z = select(ct_pow_magnitude(x, y), edge, zero | ct_isinf(x));
  z = select(z, -z, ct_signbit(x) & odd);
  let bad = ct_signbit(x) & !whole & ct_isfinite(x) & !zero;
  z = select(z, ct_nan(), bad | ct_isnan(x) | ct_isnan(y));
  return select(z, F(1.0), (ct_absbits(y) == I(0)) | (x == F(1.0)));
}
