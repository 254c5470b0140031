// Map-reduce: each thread combines TERMS values into one element (or four neighbours) of the result,
// then goes on with what follows it. Terms are combined in order: same inputs, same bits.
//
// Slots: types, library, bindings, size  as in map.wgsl
//        start     the accumulator before the first term
//        term      statements that combine term `r` into it
//        finish    statements after the last term: further reductions, too, that need this one's result

alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
alias F4 = vec4f;
alias I4 = vec4i;
alias U4 = vec4u;
alias B4 = vec4<bool>;
@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 10>;
@group(0) @binding(1) var<storage, read_write> out1: array<vec4<f32>, 2>;
const THREADS: u32 = 2u;
const WORKGROUP: u32 = 64u;
const PER_THREAD: u32 = 4u;
const TERMS: u32 = 5u;
const PER_STEP: u32 = 5u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let thread = id.x + id.y * groups.x * WORKGROUP;
  if (thread >= THREADS) { return; }
  let i = thread * PER_THREAD;
  let v2 = in0[(i >> 2u)];
  let v3 = in0[((i >> 2u) + 2u)];
  let v4 = in0[((i >> 2u) + 4u)];
  let v5 = in0[((i >> 2u) + 6u)];
  let v6 = in0[((i >> 2u) + 8u)];
  var acc0: F4 = F4(F4(0.0));
  for (var r = 0u; r < TERMS; r += PER_STEP) {
    acc0 = acc0 + v2;
    acc0 = acc0 + v3;
    acc0 = acc0 + v4;
    acc0 = acc0 + v5;
    acc0 = acc0 + v6;
  }
  let total7 = acc0;
  let v8 = select(total7, F4(0.0), total7 <= F4(0.0));
  out1[(i >> 2u)] = v8;
}
