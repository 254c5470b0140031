// @requires special.wgsl
// @requires exp.wgsl
// @slot types
alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
// @end

// tanh |x| = -t/(2 + t), t = e^(-2|x|) - 1
fn ct_tanh(x: F) -> F {
  let t = ct_expm1(-2.0 * abs(x));
  return ct_copysign(t / (2.0 + t), x);
}
