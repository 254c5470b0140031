// Elementwise map: each thread computes one element of every output, or four neighbours as a vector, or
// such in several rows. Index maps (reshape, transpose, slice, broadcast, ...) are part of the loads.
//
// Slots: types     the value types F, I, U, B
//        library   functions of shaders/lib that the body calls
//        bindings  the arrays
//        size      number of threads with work
//        body      statements; `i` is the first element of this thread, counted without further rows

alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
alias F4 = vec4f;
alias I4 = vec4i;
alias U4 = vec4u;
alias B4 = vec4<bool>;
@group(0) @binding(0) var<storage, read> in0: array<f32, 12>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 4>;
@group(0) @binding(2) var<storage, read_write> out2: array<f32, 12>;
const THREADS: u32 = 12u;
const WORKGROUP: u32 = 64u;
const PER_THREAD: u32 = 1u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let thread = id.x + id.y * groups.x * WORKGROUP;
  if (thread >= THREADS) { return; }
  let i = thread * PER_THREAD;
  let v0 = in0[((i / 3u) + (i % 3u) * 4u)];
  let v1 = in1[(i / 3u)];
  let v2 = (v0 + v1);
  let v3 = select(v2, F(0.0), v2 <= F(0.0));
  out2[i] = v3;
}
