// Contraction for adapters whose subgroups have one known size: as contract.wgsl, but the lanes of a
// subgroup have the same rows and neighbouring columns. They load the elements of a together, each lane
// its share, and spread them by subgroupBroadcast (`spread`, where a subgroup is a quad), so that few
// loads feed many products.
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
@group(0) @binding(0) var<storage, read> in0: array<f32, 44>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 21>;
@group(0) @binding(2) var<storage, read> in2: array<vec4<f32>, 3>;
@group(0) @binding(3) var<storage, read_write> out3: array<vec4<f32>, 18>;
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
  let e0 = min(lane + 40u, 41u);
  let only0 = select(0u, ~0u, lane == 0u);
  let only1 = select(0u, ~0u, lane == 1u);
  let only2 = select(0u, ~0u, lane == 2u);
  let only3 = select(0u, ~0u, lane == 3u);
  var acc0_0 = F4(0.0);
  var acc1_0 = F4(0.0);
  var acc2_0 = F4(0.0);
  var acc3_0 = F4(0.0);
  var acc4_0 = F4(0.0);
  var acc5_0 = F4(0.0);
  let v12 = in1[(n0 >> 2u)];
  let v1 = in0[lane];
  let v2 = in0[(lane + 4u)];
  let v3 = in0[(lane + 8u)];
  let v4 = in0[(lane + 12u)];
  let v5 = in0[(lane + 16u)];
  let v6 = in0[(lane + 20u)];
  let v7 = in0[(lane + 24u)];
  let v8 = in0[(lane + 28u)];
  let v9 = in0[(lane + 32u)];
  let v10 = in0[(lane + 36u)];
  let v11 = in0[e0];
  acc0_0 = fma(F4(spread(v1, only0)), v12, acc0_0);
  acc1_0 = fma(F4(spread(v2, only3)), v12, acc1_0);
  acc2_0 = fma(F4(spread(v4, only2)), v12, acc2_0);
  acc3_0 = fma(F4(spread(v6, only1)), v12, acc3_0);
  acc4_0 = fma(F4(spread(v8, only0)), v12, acc4_0);
  acc5_0 = fma(F4(spread(v9, only3)), v12, acc5_0);
  let v13 = in1[((n0 >> 2u) + 3u)];
  acc0_0 = fma(F4(spread(v1, only1)), v13, acc0_0);
  acc1_0 = fma(F4(spread(v3, only0)), v13, acc1_0);
  acc2_0 = fma(F4(spread(v4, only3)), v13, acc2_0);
  acc3_0 = fma(F4(spread(v6, only2)), v13, acc3_0);
  acc4_0 = fma(F4(spread(v8, only1)), v13, acc4_0);
  acc5_0 = fma(F4(spread(v10, only0)), v13, acc5_0);
  let v14 = in1[((n0 >> 2u) + 6u)];
  acc0_0 = fma(F4(spread(v1, only2)), v14, acc0_0);
  acc1_0 = fma(F4(spread(v3, only1)), v14, acc1_0);
  acc2_0 = fma(F4(spread(v5, only0)), v14, acc2_0);
  acc3_0 = fma(F4(spread(v6, only3)), v14, acc3_0);
  acc4_0 = fma(F4(spread(v8, only2)), v14, acc4_0);
  acc5_0 = fma(F4(spread(v10, only1)), v14, acc5_0);
  let v15 = in1[((n0 >> 2u) + 9u)];
  acc0_0 = fma(F4(spread(v1, only3)), v15, acc0_0);
  acc1_0 = fma(F4(spread(v3, only2)), v15, acc1_0);
  acc2_0 = fma(F4(spread(v5, only1)), v15, acc2_0);
  acc3_0 = fma(F4(spread(v7, only0)), v15, acc3_0);
  acc4_0 = fma(F4(spread(v8, only3)), v15, acc4_0);
  acc5_0 = fma(F4(spread(v10, only2)), v15, acc5_0);
  let v16 = in1[((n0 >> 2u) + 12u)];
  acc0_0 = fma(F4(spread(v2, only0)), v16, acc0_0);
  acc1_0 = fma(F4(spread(v3, only3)), v16, acc1_0);
  acc2_0 = fma(F4(spread(v5, only2)), v16, acc2_0);
  acc3_0 = fma(F4(spread(v7, only1)), v16, acc3_0);
  acc4_0 = fma(F4(spread(v9, only0)), v16, acc4_0);
  acc5_0 = fma(F4(spread(v10, only3)), v16, acc5_0);
  let v17 = in1[((n0 >> 2u) + 15u)];
  acc0_0 = fma(F4(spread(v2, only1)), v17, acc0_0);
  acc1_0 = fma(F4(spread(v4, only0)), v17, acc1_0);
  acc2_0 = fma(F4(spread(v5, only3)), v17, acc2_0);
  acc3_0 = fma(F4(spread(v7, only2)), v17, acc3_0);
  acc4_0 = fma(F4(spread(v9, only1)), v17, acc4_0);
  acc5_0 = fma(F4(spread(v11, only0)), v17, acc5_0);
  let v18 = in1[((n0 >> 2u) + 18u)];
  acc0_0 = fma(F4(spread(v2, only2)), v18, acc0_0);
  acc1_0 = fma(F4(spread(v4, only1)), v18, acc1_0);
  acc2_0 = fma(F4(spread(v6, only0)), v18, acc2_0);
  acc3_0 = fma(F4(spread(v7, only3)), v18, acc3_0);
  acc4_0 = fma(F4(spread(v9, only2)), v18, acc4_0);
  acc5_0 = fma(F4(spread(v11, only1)), v18, acc5_0);
  for (var k = 0u; k < LOOP_K; k += STEP_K) {
  }
  if (own_n == tile_n) {
    {
      let n = n0 + 0u;
      let v19 = in2[(n >> 2u)];
      let x22 = (n >> 2u);
      {
        let m = m0 + 0u;
        let acc = acc0_0;
        let v20 = (acc + v19);
        let v21 = select(v20, F4(0.0), v20 <= F4(0.0));
        let x23 = x22 + m * 3u;
        out3[x23] = v21;
      }
      {
        let m = m0 + 1u;
        let acc = acc1_0;
        let v20 = (acc + v19);
        let v21 = select(v20, F4(0.0), v20 <= F4(0.0));
        let x23 = x22 + m * 3u;
        out3[x23] = v21;
      }
      {
        let m = m0 + 2u;
        let acc = acc2_0;
        let v20 = (acc + v19);
        let v21 = select(v20, F4(0.0), v20 <= F4(0.0));
        let x23 = x22 + m * 3u;
        out3[x23] = v21;
      }
      {
        let m = m0 + 3u;
        let acc = acc3_0;
        let v20 = (acc + v19);
        let v21 = select(v20, F4(0.0), v20 <= F4(0.0));
        let x23 = x22 + m * 3u;
        out3[x23] = v21;
      }
      {
        let m = m0 + 4u;
        let acc = acc4_0;
        let v20 = (acc + v19);
        let v21 = select(v20, F4(0.0), v20 <= F4(0.0));
        let x23 = x22 + m * 3u;
        out3[x23] = v21;
      }
      {
        let m = m0 + 5u;
        let acc = acc5_0;
        let v20 = (acc + v19);
        let v21 = select(v20, F4(0.0), v20 <= F4(0.0));
        let x23 = x22 + m * 3u;
        out3[x23] = v21;
      }
    }
  }
}
