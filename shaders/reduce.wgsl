// Map-reduce: each thread combines TERMS values into one element (or four neighbours) of the result,
// then goes on with what follows it. Terms are combined in order: same inputs, same bits.
//
// Slots: types, library, bindings, size  as in map.wgsl
//        start     the accumulator before the first term
//        term      statements that combine term `r` into it
//        finish    statements after the last term: further reductions, too, that need this one's result

// @slot types
alias F = f32;
// @end
// @slot library
// @end
// @slot bindings
@group(0) @binding(0) var<storage, read> in0: array<f32, 4096>;
@group(0) @binding(1) var<storage, read_write> out1: array<f32, 64>;
// @end
// @slot size
const THREADS: u32 = 64u;
const PER_THREAD: u32 = 1u;
const WORKGROUP: u32 = 64u;
const TERMS: u32 = 64u;
const PER_STEP: u32 = 1u;
// @end

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let thread = id.x + id.y * groups.x * WORKGROUP;
  if (thread >= THREADS) { return; }
  let i = thread * PER_THREAD;
  // @slot start
  var acc = 0.0;
  // @end
  for (var r = 0u; r < TERMS; r += PER_STEP) {
    // @slot term
    acc = acc + in0[i * TERMS + r];
    // @end
  }
  // @slot finish
  out1[i] = acc;
  // @end
}
