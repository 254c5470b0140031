// @requires special.wgsl
// x = n π/2 + r, |r| <= π/4; then sin and cos are ± sin r or ± cos r by n mod 4. The polynomials are
// minimax fits made for this project.
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// r + r^3 S(r^2), to a relative 4e-9
fn ct_sin_reduced(r: F) -> F {
  let s = r * r;
  return r + r * s * ((-0.00019517206 * s + 0.0083321845) * s - 0.16666655);
}

// 1 - r^2/2 + r^4 C(r^2), to 1e-10
fn ct_cos_reduced(r: F) -> F {
  let s = r * r;
  return 1.0 - (0.5 * s - s * s * ((2.4430668e-5 * s - 0.0013887301) * s + 0.041666646));
}

// n mod 4 (in the low two bits of n), and r
struct ct_Quarters { n: I, r: F }

// For |x| <= 1e5, where n < 2^16, and as if x were ±1e5 beyond. π/2 is in four parts (Cody and
// Waite): n times each of the first three, of 8 bits, is exact, and so are the differences when
// they cancel; the last part leaves an absolute error of 4e-17 |x|, which only tells next to a
// multiple of π/2. The max never binds: it keeps a compiler that reassociates from adding the parts.
fn ct_quarters_near(x: F) -> ct_Quarters {
  let z = clamp(x, F(-1e5), F(1e5));
  let n = round(z * 0.63661977);
  var r = max(z - n * 1.5703125, F(-99.0));
  r = max(r - n * 4.84466552734375e-4, F(-9.0));
  r = max(r + n * 6.4074993133544922e-7, F(-9.0));
  return ct_Quarters(ct_int(n), r - n * 9.9209357968e-10);
}

// The upper word of m w, for m < 2^24.
fn ct_mul_upper(m: U, w: U) -> U {
  let a = m >> U(12u);
  let b = m & U(0xfffu);
  let c = w >> U(16u);
  let d = w & U(0xffffu);
  // m w = 2^28 ac + 2^16 bc + 2^12 ad + bd
  let ac = a * c;
  let bc = b * c;
  var low = a * d + ((b * d) >> U(12u)); // in 2^12, without what is above the word
  low += ((ac & U(15u)) << U(16u)) + ((bc & U(0xffffu)) << U(4u));
  return (ac >> U(4u)) + (bc >> U(16u)) + (low >> U(20u));
}

// The word of a to e in which bit s of the five lies.
fn ct_pick(s: U, a: u32, b: u32, c: u32, d: u32, e: u32) -> U {
  let low = select(U(a), U(b), s >= U(32u));
  let high = select(U(c), U(d), s >= U(96u));
  return select(select(low, high, s >= U(64u)), U(e), s >= U(128u));
}

// For 2^13 <= |x| < 2^128 (Payne and Hanek). With |x| = m 2^(s-30) and m < 2^24 whole, the bits of
// 2/π before the s-th (counting one word of zeros) give multiples of four quarters; the 80 from
// there on, times m, are the number of quarters mod 4, to 2^-53.
fn ct_quarters_far(x: F) -> ct_Quarters {
  let bits = bitcast<U>(abs(x));
  let m = (bits & U(0x7fffffu)) | U(0x800000u);
  let s = (bits >> U(23u)) - U(120u);
  let w0 = ct_pick(s, 0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u);
  let w1 = ct_pick(s, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u);
  let w2 = ct_pick(s, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u);
  let w3 = ct_pick(s, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);
  let left = s & U(31u);
  let right = U(31u) - left;
  let f0 = (w0 << left) | ((w1 >> U(1u)) >> right);
  let f1 = (w1 << left) | ((w2 >> U(1u)) >> right);
  let f2 = (w2 << left) | ((w3 >> U(1u)) >> right);
  let rest = ((m >> U(8u)) * (f2 >> U(16u))) >> U(8u);
  let low = m * f1 + rest;
  let high = m * f0 + ct_mul_upper(m, f1) + select(U(0u), U(1u), low < rest);
  // The top two bits of high count quarters; what follows, as a signed number, is r/(π/2).
  let n = (high + U(0x20000000u)) >> U(30u);
  let upper = F(bitcast<I>((high << U(2u)) | (low >> U(30u))));
  let lower = F(bitcast<I>((low << U(2u)) >> U(8u)));
  let t = upper * 0x1p-32 + lower * 0x1p-56;
  let turn = ct_Quarters(bitcast<I>(n), t * 1.5707964);
  let back = x < F(0.0);
  return ct_Quarters(select(turn.n, -turn.n, back), select(turn.r, -turn.r, back));
}

// Where the near error might tell, the far way.
fn ct_quarters_any(x: F) -> ct_Quarters {
  var q = ct_quarters_near(x);
  let far = abs(x) > F(1e4);
  if (any(far)) {
    let p = ct_quarters_far(x);
    q = ct_Quarters(select(q.n, p.n, far), select(q.r, p.r, far));
  }
  return q;
}

// An adapter that runs both sides of a branch does better with ct_quarters_near alone.
// @slot quarters
fn ct_quarters(x: F) -> ct_Quarters { return ct_quarters_any(x); }
// @end

// sin(r + n π/2)
fn ct_sin_quarter(q: ct_Quarters, shift: i32) -> F {
  let n = q.n + I(shift);
  let y = select(ct_sin_reduced(q.r), ct_cos_reduced(q.r), (n & I(1)) != I(0));
  return bitcast<F>(bitcast<I>(y) ^ ((n & I(2)) << U(30u)));
}

// 2.8 ulp, as is ct_cos
fn ct_sin(x: F) -> F {
  return select(ct_nan(), ct_sin_quarter(ct_quarters(x), 0), ct_isfinite(x));
}

fn ct_cos(x: F) -> F {
  return select(ct_nan(), ct_sin_quarter(ct_quarters(x), 1), ct_isfinite(x));
}

// 4.2 ulp
fn ct_tan(x: F) -> F {
  let q = ct_quarters(x);
  let s = ct_sin_reduced(q.r);
  let c = ct_cos_reduced(q.r);
  let odd = (q.n & I(1)) != I(0);
  return select(ct_nan(), select(s, -c, odd) / select(c, s, odd), ct_isfinite(x));
}
