// Contraction with few results and many terms, for GPUs: as contract.wgsl, but SLICES threads add up the
// terms of one register tile, each its share, and their sums are added in pairs, always in the same
// order.
//
// Slots: as in contract.wgsl, and
//        sums      the type of an accumulator
//        share     puts the accumulators into part, WORKGROUP apart
//        collect   takes them back

alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
alias F4 = vec4f;
alias I4 = vec4i;
alias U4 = vec4u;
alias B4 = vec4<bool>;
@group(0) @binding(0) var<storage, read> in0: array<f32, 420>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 840>;
@group(0) @binding(2) var<storage, read> in2: array<f32, 12>;
@group(0) @binding(3) var<storage, read_write> out3: array<f32, 72>;
const THREADS: u32 = 1152u;
const WORKGROUP: u32 = 64u;
const Z: u32 = 1u;
const M: u32 = 6u;
const N: u32 = 12u;
const K: u32 = 70u;
const TILE_M: u32 = 2u;
const TILE_N: u32 = 1u;
const LOOP_K: u32 = 68u;
const STEP_K: u32 = 4u;
const SLICES: u32 = 32u;
const SUMS: u32 = 2u;
const TILES_M: u32 = (M + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N + TILE_N - 1u) / TILE_N;
const TILES: u32 = Z * TILES_M * TILES_N;
// tiles of a workgroup
const LANES: u32 = WORKGROUP / SLICES;

alias Sum = F;
var<workgroup> part: array<Sum, SUMS * WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let block = id.x + id.y * groups.x;
  if (block * WORKGROUP >= THREADS) { return; }
  let slice = local / LANES;
  let own = block * LANES + local % LANES;
  let tile = min(own, TILES - 1u);
  let tile_n = tile % TILES_N;
  let tile_m = tile / TILES_N % TILES_M;
  let z = tile / (TILES_N * TILES_M);
  let n0 = tile_n * TILE_N;
  let m0 = tile_m * TILE_M;
  var acc0_0 = F(0.0);
  var acc1_0 = F(0.0);
  let x0 = tile_m * 140u;
  for (var k = slice * STEP_K; k < LOOP_K; k += SLICES * STEP_K) {
    let x4 = tile_n + k * 12u;
    let v5 = in1[x4];
    let x1 = x0 + k;
    let v2 = in0[x1];
    let v3 = in0[x1 + 70u];
    acc0_0 = fma(v2, v5, acc0_0);
    acc1_0 = fma(v3, v5, acc1_0);
    let v8 = in1[x4 + 12u];
    let v6 = in0[x1 + 1u];
    let v7 = in0[x1 + 71u];
    acc0_0 = fma(v6, v8, acc0_0);
    acc1_0 = fma(v7, v8, acc1_0);
    let v11 = in1[x4 + 24u];
    let v9 = in0[x1 + 2u];
    let v10 = in0[x1 + 72u];
    acc0_0 = fma(v9, v11, acc0_0);
    acc1_0 = fma(v10, v11, acc1_0);
    let v14 = in1[x4 + 36u];
    let v12 = in0[x1 + 3u];
    let v13 = in0[x1 + 73u];
    acc0_0 = fma(v12, v14, acc0_0);
    acc1_0 = fma(v13, v14, acc1_0);
  }
  if (slice == 0u) {
    {
      let k = 68u;
      let x18 = tile_n + k * 12u;
      let v19 = in1[x18];
      let x15 = x0 + k;
      let v16 = in0[x15];
      let v17 = in0[x15 + 70u];
      acc0_0 = fma(v16, v19, acc0_0);
      acc1_0 = fma(v17, v19, acc1_0);
      let v22 = in1[x18 + 12u];
      let v20 = in0[x15 + 1u];
      let v21 = in0[x15 + 71u];
      acc0_0 = fma(v20, v22, acc0_0);
      acc1_0 = fma(v21, v22, acc1_0);
    }
  }
  part[0u * WORKGROUP + local] = acc0_0;
  part[1u * WORKGROUP + local] = acc1_0;
  for (var half = SLICES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (slice < half) {
      for (var e = local; e < SUMS * WORKGROUP; e += WORKGROUP) {
        part[e] += part[e + half * LANES];
      }
    }
  }
  if (slice == 0u && own == tile) {
    acc0_0 = part[0u * WORKGROUP + local];
    acc1_0 = part[1u * WORKGROUP + local];
    {
      let n = n0 + 0u;
      let v23 = in2[n];
      {
        let m = m0 + 0u;
        let acc = acc0_0;
        let v24 = (acc + v23);
        let v25 = select(v24, F(0.0), v24 <= F(0.0));
        let x26 = n + m * 12u;
        out3[x26] = v25;
      }
      {
        let m = m0 + 1u;
        let acc = acc1_0;
        let v24 = (acc + v23);
        let v25 = select(v24, F(0.0), v24 <= F(0.0));
        let x26 = n + m * 12u;
        out3[x26] = v25;
      }
    }
  }
}
