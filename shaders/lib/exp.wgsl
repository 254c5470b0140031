// @requires special.wgsl
// e^x = 2^n e^r with n = round(x / ln 2), |r| <= (ln 2)/2. The polynomial is a minimax fit of
// (e^r - 1 - r)/r^2, made for this project.
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// e^r - 1 for |r| <= 0.35, to a relative 1.5e-8.
fn ct_expm1_reduced(r: F) -> F {
  let p = (((0.0013938711 * r + 0.008367154) * r + 0.041666426) * r + 0.16666539) * r + 0.5;
  return r + r * r * p;
}

fn ct_exp_n(x: F) -> F { return round(x * 1.4426950); }

// x - n ln 2, for |n| < 2^13: ln 2 = 355/512 - 2.12e-4, and n 355/512 is exact. The max never
// binds: it keeps a compiler that reassociates from adding the two constants up.
fn ct_exp_r(x: F, n: F) -> F {
  return max(x - n * 0.693359375, F(-1.0)) + n * 2.12194440e-4;
}

// y 2^k for -252 <= k <= 254, over- and underflowing as it should.
fn ct_scale(y: F, k: I) -> F {
  let h = k >> U(1u);
  return y * ct_pow2i(h) * ct_pow2i(k - h);
}

// e^(x + dx) for -150 < x < 150 and a small correction dx.
fn ct_exp_sum(x: F, dx: F) -> F {
  let n = ct_exp_n(x);
  return ct_scale(1.0 + ct_expm1_reduced(ct_exp_r(x, n) + dx), ct_int(n));
}

// 1.3 ulp
fn ct_exp(x: F) -> F {
  let y = ct_exp_sum(clamp(x, F(-105.0), F(89.0)), F(0.0));
  return select(y, x, ct_isnan(x));
}

// 1.3 ulp
fn ct_exp2(x: F) -> F {
  let z = clamp(x, F(-151.0), F(129.0));
  let n = round(z);
  let y = ct_scale(1.0 + ct_expm1_reduced((z - n) * 0.69314718), ct_int(n));
  return select(y, x, ct_isnan(x));
}

// (e^x - 1)/4 = 2^(n-2) (e^r - 1) + (2^(n-2) - 1/4), for -18 <= x < 89.7 (where n = 129)
fn ct_expm1_quarter(x: F) -> F {
  let n = ct_exp_n(x);
  let s = ct_pow2i(ct_int(n) - I(2));
  return s * ct_expm1_reduced(ct_exp_r(x, n)) + (s - 0.25);
}

// 1.7 ulp
fn ct_expm1(x: F) -> F {
  let y = 4.0 * ct_expm1_quarter(clamp(x, F(-18.0), F(89.5)));
  return select(y, x, ct_isnan(x));
}
