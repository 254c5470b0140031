// Infinity, NaN and signs by their bits. A WGSL implementation may assume that no NaN or infinity
// occurs and fold `x != x` to false, so nothing here (or in the files that use it) decides by
// floating-point arithmetic on them.
//
// In this folder "n ulp" above a function is its largest error against float64 over 2^18 points in
// each of several domains, on two software adapters; a real GPU, whose division may be off by
// 2.5 ulp, adds as much as it divides. F, I, U and B are the types of one or of four values.
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// WGSL rejects constant expressions that are infinite or NaN; a variable is not constant.
var<private> ct_inf_bits: u32 = 0x7f800000u;

fn ct_inf() -> F { return F(bitcast<f32>(ct_inf_bits)); }
fn ct_nan() -> F { return F(bitcast<f32>(ct_inf_bits | 0x00400000u)); }

// The bits of |x|: as integers they are ordered as the magnitudes are.
fn ct_absbits(x: F) -> I { return bitcast<I>(x) & I(0x7fffffff); }

fn ct_isnan(x: F) -> B { return ct_absbits(x) > I(0x7f800000); }
fn ct_isinf(x: F) -> B { return ct_absbits(x) == I(0x7f800000); }
fn ct_isfinite(x: F) -> B { return ct_absbits(x) < I(0x7f800000); }

// True for -0 too.
fn ct_signbit(x: F) -> B { return bitcast<I>(x) < I(0); }

// |x| with the sign of s. Of its bits put together with those of x, lavapipe 25 makes subnormal numbers
// where s comes from a log1p.
fn ct_copysign(x: F, s: F) -> F { return select(abs(x), -abs(x), ct_signbit(s)); }

// The upper 12 bits of the significand: x = high(x) + (x - high(x)), and products of two such
// halves are exact. Opaque to a compiler that reassociates.
fn ct_high(x: F) -> F { return bitcast<F>(bitcast<U>(x) & U(0xfffff000u)); }

// 2^k for -126 <= k <= 127.
fn ct_pow2i(k: I) -> F { return bitcast<F>((k + I(127)) << U(23u)); }

// The integer in a whole number |n| < 2^22 (cheaper than a conversion, which WGSL clamps).
fn ct_int(n: F) -> I { return bitcast<I>(n + 12582912.0) - I(0x4b400000); }
