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

alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
alias F4 = vec4f;
alias I4 = vec4i;
alias U4 = vec4u;
alias B4 = vec4<bool>;
// The value that one lane of a quad has, in all four: `mask` has all bits set in that lane, none in the
// others. SwiftShader takes half as many instructions for it as for subgroupBroadcast.
fn spread(x: f32, mask: u32) -> f32 {
  let own = bitcast<u32>(x) & mask;
  let pair = own | quadSwapX(own);
  return bitcast<f32>(pair | quadSwapY(pair));
}
@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 3>;
@group(0) @binding(1) var<storage, read_write> out1: array<vec4<f32>, 18>;
@group(0) @binding(2) var<storage, read> in2: array<f32, 44>;
@group(0) @binding(3) var<storage, read> in3: array<vec4<f32>, 21>;
const THREADS: u32 = 4u;
const WORKGROUP: u32 = 4u;
const Z: u32 = 1u;
const M: u32 = 6u;
const N: u32 = 12u;
const K: u32 = 7u;
const TILE_M: u32 = 6u;
const TILE_N: u32 = 4u;
const LOOP_K: u32 = 0u;
const STEP_K: u32 = 1u;
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
  let e6 = min(lane + 4u, 6u);
  let only0 = select(0u, ~0u, lane == 0u);
  let only1 = select(0u, ~0u, lane == 1u);
  let only2 = select(0u, ~0u, lane == 2u);
  let only3 = select(0u, ~0u, lane == 3u);
  let column0 = n0 + 0u;
  let v1 = in0[(column0 >> 2u)];
  let x4 = (column0 >> 2u);
  let v11 = in3[(n0 >> 2u)];
  let v12 = in3[((n0 >> 2u) + 3u)];
  let v13 = in3[((n0 >> 2u) + 6u)];
  let v14 = in3[((n0 >> 2u) + 9u)];
  let v15 = in3[((n0 >> 2u) + 12u)];
  let v16 = in3[((n0 >> 2u) + 15u)];
  let v17 = in3[((n0 >> 2u) + 18u)];
  for (var r = 0u; r < 6u; r++) {
    var acc0_0 = F4(0.0);
    let x7 = lane + r * 7u;
    let v8 = in2[x7];
    let x9 = e6 + r * 7u;
    let v10 = in2[x9];
    acc0_0 = fma(F4(spread(v8, only0)), v11, acc0_0);
    acc0_0 = fma(F4(spread(v8, only1)), v12, acc0_0);
    acc0_0 = fma(F4(spread(v8, only2)), v13, acc0_0);
    acc0_0 = fma(F4(spread(v8, only3)), v14, acc0_0);
    acc0_0 = fma(F4(spread(v10, only0)), v15, acc0_0);
    acc0_0 = fma(F4(spread(v10, only1)), v16, acc0_0);
    acc0_0 = fma(F4(spread(v10, only2)), v17, acc0_0);
    if (own_n == tile_n) {
      let v2 = (acc0_0 + v1);
      let v3 = select(v2, F4(0.0), v2 <= F4(0.0));
      let x5 = x4 + r * 3u;
      out1[x5] = v3;
    }
  }
  for (var k = 0u; k < LOOP_K; k += STEP_K) {
  }
  if (own_n == tile_n) {
  }
}
