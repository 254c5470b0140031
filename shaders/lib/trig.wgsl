// @requires special.wgsl
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// sin r = r + r^3 S(r^2) and cos r = 1 - r^2/2 + r^4 C(r^2) for |r| <= pi/4: minimax fits made for
// this project.
fn ct_sin_reduced(r: F) -> F {
  let s = r * r;
  return r + r * s * ((-0.00019517206 * s + 0.0083321845) * s - 0.16666655);
}
fn ct_cos_reduced(r: F) -> F {
  let s = r * r;
  return 1.0 - (0.5 * s - s * s * ((2.4430668e-5 * s - 0.0013887301) * s + 0.041666646));
}

// Quarter turns: round(x / (π/2)), exact enough for |x| < 2^17.
fn ct_quarters(x: F) -> F { return round(x * 0.63661977); }

// x - n π/2, for n < 2^16. π/2 in four parts (Cody and Waite): n times each of the first three, of
// 8 bits, is exact, and so are the differences when they cancel. The max never binds: it keeps a
// compiler that reassociates from adding the parts up.
fn ct_quarter_rest(x: F, n: F) -> F {
  var r = max(x - n * 1.5703125, F(-99.0));
  r = max(r - n * 4.84466552734375e-4, F(-9.0));
  r = max(r + n * 6.4074993133544922e-7, F(-9.0));
  return r - n * 9.9209357968e-10;
}

// sin(r + q π/2), for |r| <= π/4
fn ct_sin_quarter(r: F, q: I) -> F {
  let y = select(ct_sin_reduced(r), ct_cos_reduced(r), (q & I(1)) != I(0));
  return bitcast<F>(bitcast<I>(y) ^ ((q & I(2)) << U(30u)));
}

fn ct_sin(x: F) -> F {
  let n = ct_quarters(x);
  let y = ct_sin_quarter(ct_quarter_rest(x, n), ct_int(n));
  return select(ct_nan(), y, ct_isfinite(x));
}

fn ct_cos(x: F) -> F {
  let n = ct_quarters(x);
  let y = ct_sin_quarter(ct_quarter_rest(x, n), ct_int(n) + I(1));
  return select(ct_nan(), y, ct_isfinite(x));
}

fn ct_tan(x: F) -> F {
  let n = ct_quarters(x);
  let r = ct_quarter_rest(x, n);
  let s = ct_sin_reduced(r);
  let c = ct_cos_reduced(r);
  let odd = (ct_int(n) & I(1)) != I(0);
  let y = select(s, -c, odd) / select(c, s, odd);
  return select(ct_nan(), y, ct_isfinite(x));
}
