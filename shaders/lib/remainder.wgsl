// @requires special.wgsl
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// x - trunc x
fn ct_frac(x: F) -> F { return select(ct_nan(), x - trunc(x), ct_isfinite(x)); }

// x less a nearest multiple of y, exact for |x/y| < 2^22: in halves of 12 bits, n = a + b and
// y = c + d, the four products are exact, and so are the differences in this order. The max (which
// binds only at the end of the range) keeps a compiler that reassociates from merging them.
fn ct_less_multiple(x: F, y: F) -> F {
  let n = round(x / y);
  let a = ct_high(n);
  let b = n - a;
  let c = ct_high(y);
  let d = y - c;
  let r = max(max(x - a * c, F(-3.4028e38)) - b * c, F(-3.4028e38));
  return max(r - a * d, F(-3.4028e38)) - b * d;
}

// x - floor(x/y) y, which has the sign of y: exact, but for one rounding, for |x/y| < 2^42; only
// between 0 and y beyond that. A first step takes off multiples of 2^20 y, as far as there are any.
fn ct_remainder(x: F, y: F) -> F {
  let a = abs(y);
  let s = select(F(1048576.0), F(1.0), a > F(1e31));
  let q = ct_less_multiple(ct_less_multiple(x, a * s), a);
  let r = clamp(select(q, x, ct_isinf(y)), -a, a);
  let z = select(r, r + y, (r != F(0.0)) & (ct_signbit(r) != ct_signbit(y)));
  return select(ct_nan(), z, ct_isfinite(x) & (ct_absbits(y) != I(0)) & !ct_isnan(y));
}
