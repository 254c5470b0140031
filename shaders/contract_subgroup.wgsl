// Contraction for adapters whose subgroups have one known size: as contract.wgsl, but the lanes of a
// subgroup have the same rows and neighbouring columns. They load the elements of a together, each lane
// its share, and spread them by subgroupBroadcast (`spread`, where a subgroup is a quad), so that few
// loads feed many products.
//
// Where a thread computes several tiles of rows, the loop over terms has the loop over tiles inside: the
// columns of some terms are loaded first, and between such parts of the terms sums are kept in the result.
//
// All lanes stay active: lanes beyond the last column compute the last ones once more and store nothing.
// WORKGROUP is a multiple of the subgroup size.
//
// Slots: as in contract.wgsl; `lane` is the number of a thread in its subgroup

enable subgroups;

// @slot types
alias F = f32;
// @end
// @slot library
// @end
// @slot spread
// The value that one lane of a quad has, in all four: `mask` has all bits set in that lane, none in the
// others. SwiftShader takes half as many instructions for it as for subgroupBroadcast.
fn spread(x: f32, mask: u32) -> f32 {
  let own = bitcast<u32>(x) & mask;
  let pair = own | quadSwapX(own);
  return bitcast<f32>(pair | quadSwapY(pair));
}
// @end
// @slot bindings
@group(0) @binding(0) var<storage, read> in0: array<f32, 4096>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 4096>;
@group(0) @binding(2) var<storage, read_write> out2: array<f32, 4096>;
// @end
// @slot size
const THREADS: u32 = 4096u;
const WORKGROUP: u32 = 32u;
const Z: u32 = 1u;
const M: u32 = 64u;
const N: u32 = 64u;
const K: u32 = 64u;
const TILE_M: u32 = 1u;
const TILE_N: u32 = 1u;
const LOOP_K: u32 = 64u;
const STEP_K: u32 = 4u;
// @end
const TILES_M: u32 = (M + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N + TILE_N - 1u) / TILE_N;
const BLOCKS_N: u32 = (TILES_N + WORKGROUP - 1u) / WORKGROUP;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let block = id.x + id.y * groups.x;
  if (block * WORKGROUP >= THREADS) { return; }
  let own_n = block % BLOCKS_N * WORKGROUP + local.x;
  let tile_n = min(own_n, TILES_N - 1u);
  let tile_m = block / BLOCKS_N % TILES_M;
  let z = block / (BLOCKS_N * TILES_M);
  let n0 = tile_n * TILE_N;
  let m0 = tile_m * TILE_M;
  // @slot start
  var acc = 0.0;
  // @end
  for (var k = 0u; k < LOOP_K; k += STEP_K) {
    // @slot step
    let a = in0[(z * M + m0) * K + k + lane % 4u];
    acc += subgroupBroadcast(a, 0u) * in1[(z * K + k) * N + n0];
    acc += subgroupBroadcast(a, 1u) * in1[(z * K + k + 1u) * N + n0];
    acc += subgroupBroadcast(a, 2u) * in1[(z * K + k + 2u) * N + n0];
    acc += subgroupBroadcast(a, 3u) * in1[(z * K + k + 3u) * N + n0];
    // @end
  }
  // @slot rest
  // @end
  if (own_n == tile_n) {
    // @slot finish
    out2[(z * M + m0) * N + n0] = acc;
    // @end
  }
}
