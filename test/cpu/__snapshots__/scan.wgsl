// Running sum along a row: one thread a row, element by element, forwards or backwards.
//
// Slots: types, library, bindings, size  as in map.wgsl
//        start     the sum before the first element
//        position  the element `j` of step `s`
//        step      statements that add element `j` to `acc` and store

alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
alias F4 = vec4f;
alias I4 = vec4i;
alias U4 = vec4u;
alias B4 = vec4<bool>;
@group(0) @binding(0) var<storage, read> in0: array<f32, 16>;
@group(0) @binding(1) var<storage, read_write> out1: array<f32, 16>;
const THREADS: u32 = 3u;
const WORKGROUP: u32 = 64u;
const LENGTH: u32 = 5u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= THREADS) { return; }
  var acc = F(0.0);
  for (var s = 0u; s < LENGTH; s++) {
    let j = s;
    let v0 = in0[(j + i * 5u)];
    acc = acc + v0;
    let sum1 = acc;
    out1[(j + i * 5u)] = sum1;
  }
}
