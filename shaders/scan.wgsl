// Running sum along a row: one thread a row, element by element, forwards or backwards.
//
// Slots: types, library, bindings, size  as in map.wgsl
//        start     the sum before the first element
//        position  the element `j` of step `s`
//        step      statements that add element `j` to `acc` and store

// @slot types
alias F = f32;
// @end
// @slot library
// @end
// @slot bindings
@group(0) @binding(0) var<storage, read> in0: array<f32, 4096>;
@group(0) @binding(1) var<storage, read_write> out1: array<f32, 4096>;
// @end
// @slot size
const THREADS: u32 = 64u;
const WORKGROUP: u32 = 64u;
const LENGTH: u32 = 64u;
// @end

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP;
  if (i >= THREADS) { return; }
  // @slot start
  var acc = F(0.0);
  // @end
  for (var s = 0u; s < LENGTH; s++) {
    // @slot position
    let j = s;
    // @end
    // @slot step
    acc = acc + in0[i * LENGTH + j];
    out1[i * LENGTH + j] = acc;
    // @end
  }
}
