// Elementwise map: each thread computes one element of every output, or four neighbours as a vector, or
// such in several rows. Index maps (reshape, transpose, slice, broadcast, ...) are part of the loads.
//
// Slots: types     the value types F, I, U, B
//        library   functions of shaders/lib that the body calls
//        bindings  the arrays
//        size      number of threads with work
//        body      statements; `i` is the first element of this thread, counted without further rows

// @slot types
alias F = f32;
// @end
// @slot library
// @end
// @slot bindings
@group(0) @binding(0) var<storage, read> in0: array<f32, 64>;
@group(0) @binding(1) var<storage, read_write> out1: array<f32, 64>;
// @end
// @slot size
const THREADS: u32 = 64u;
const PER_THREAD: u32 = 1u;
const WORKGROUP: u32 = 64u;
// @end

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let thread = id.x + id.y * groups.x * WORKGROUP;
  if (thread >= THREADS) { return; }
  let i = thread * PER_THREAD;
  // @slot body
  out1[i] = in0[i];
  // @end
}
