// Contraction through workgroup memory, for GPUs: a workgroup computes BLOCK_M rows by BLOCK_N columns, STEP_K
// terms at a time. Its threads load that part of both operands together, four by four elements each;
// then each multiplies TILE_M rows by TILE_N columns in registers.
//
// Slots: types, library, bindings, size  as in map.wgsl
//        start     accumulators, and what all parts share
//        load      statements that put the terms from `k` on into part_a and part_b, zeros after the last
//        step      products of term `t` of the part
//        finish    epilogue and stores

alias F = f32;
alias I = i32;
alias U = u32;
alias B = bool;
alias F4 = vec4f;
alias I4 = vec4i;
alias U4 = vec4u;
alias B4 = vec4<bool>;
@group(0) @binding(0) var<storage, read> in0: array<f32, 44>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 21>;
@group(0) @binding(2) var<storage, read> in2: array<vec4<f32>, 3>;
@group(0) @binding(3) var<storage, read_write> out3: array<vec4<f32>, 18>;
const THREADS: u32 = 64u;
const WORKGROUP: u32 = 64u;
const Z: u32 = 1u;
const M: u32 = 6u;
const N: u32 = 12u;
const K: u32 = 7u;
const TILE_M: u32 = 4u;
const TILE_N: u32 = 4u;
const BLOCK_M: u32 = 32u;
const BLOCK_N: u32 = 32u;
const STEP_K: u32 = 16u;
const BLOCKS_M: u32 = (M + BLOCK_M - 1u) / BLOCK_M;
const BLOCKS_N: u32 = (N + BLOCK_N - 1u) / BLOCK_N;
const THREADS_N: u32 = BLOCK_N / TILE_N;

// term by term, four neighbouring rows or columns together
var<workgroup> part_a: array<F4, STEP_K * BLOCK_M / 4u>;
var<workgroup> part_b: array<F4, STEP_K * BLOCK_N / 4u>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let block = id.x + id.y * groups.x;
  if (block * WORKGROUP >= THREADS) { return; }
  let index_n = block % BLOCKS_N;
  let index_m = block / BLOCKS_N % BLOCKS_M;
  let z = block / (BLOCKS_N * BLOCKS_M);
  let block_m = index_m * BLOCK_M;
  let block_n = index_n * BLOCK_N;
  // the rows of a thread are neighbours, its vectors of four columns are THREADS_N vectors apart
  let own_m = local / THREADS_N * TILE_M;
  let own_n = local % THREADS_N * 4u;
  let m0 = block_m + own_m;
  let n0 = block_n + own_n;
  var acc0_0 = F4(0.0);
  var acc1_0 = F4(0.0);
  var acc2_0 = F4(0.0);
  var acc3_0 = F4(0.0);
  let part_of_a = local;
  let part_of_b = local - BLOCK_M;
  let s_a = part_of_a % 8u;
  let t_a = part_of_a / 8u;
  let m_a0 = min(block_m + s_a * 4u + 0u, 5u);
  let m_a1 = min(block_m + s_a * 4u + 1u, 5u);
  let m_a2 = min(block_m + s_a * 4u + 2u, 5u);
  let m_a3 = min(block_m + s_a * 4u + 3u, 5u);
  let x0 = m_a0 * 7u;
  let x3 = m_a1 * 7u;
  let x6 = m_a2 * 7u;
  let x9 = m_a3 * 7u;
  let s_b = part_of_b % 8u;
  let t_b = part_of_b / 8u;
  let first_b = min(block_n + s_b * 4u, 8u);
  let x36 = (first_b >> 2u);
  for (var k = 0u; k < K; k += STEP_K) {
    if (local < BLOCK_M) {
      let k_a0 = min(k + t_a * 4u + 0u, 6u);
      let k_a1 = min(k + t_a * 4u + 1u, 6u);
      let k_a2 = min(k + t_a * 4u + 2u, 6u);
      let k_a3 = min(k + t_a * 4u + 3u, 6u);
      let x1 = x0 + k_a0;
      let v2 = in0[x1];
      let x4 = x3 + k_a0;
      let v5 = in0[x4];
      let x7 = x6 + k_a0;
      let v8 = in0[x7];
      let x10 = x9 + k_a0;
      let v11 = in0[x10];
      let x12 = x0 + k_a1;
      let v13 = in0[x12];
      let x14 = x3 + k_a1;
      let v15 = in0[x14];
      let x16 = x6 + k_a1;
      let v17 = in0[x16];
      let x18 = x9 + k_a1;
      let v19 = in0[x18];
      let x20 = x0 + k_a2;
      let v21 = in0[x20];
      let x22 = x3 + k_a2;
      let v23 = in0[x22];
      let x24 = x6 + k_a2;
      let v25 = in0[x24];
      let x26 = x9 + k_a2;
      let v27 = in0[x26];
      let x28 = x0 + k_a3;
      let v29 = in0[x28];
      let x30 = x3 + k_a3;
      let v31 = in0[x30];
      let x32 = x6 + k_a3;
      let v33 = in0[x32];
      let x34 = x9 + k_a3;
      let v35 = in0[x34];
      part_a[(t_a * 4u + 0u) * 8u + s_a] = select(F4(0.0), F4(v2, v5, v8, v11), k + t_a * 4u + 0u < K);
      part_a[(t_a * 4u + 1u) * 8u + s_a] = select(F4(0.0), F4(v13, v15, v17, v19), k + t_a * 4u + 1u < K);
      part_a[(t_a * 4u + 2u) * 8u + s_a] = select(F4(0.0), F4(v21, v23, v25, v27), k + t_a * 4u + 2u < K);
      part_a[(t_a * 4u + 3u) * 8u + s_a] = select(F4(0.0), F4(v29, v31, v33, v35), k + t_a * 4u + 3u < K);
    } else {
      let k_b0 = min(k + t_b * 4u + 0u, 6u);
      let k_b1 = min(k + t_b * 4u + 1u, 6u);
      let k_b2 = min(k + t_b * 4u + 2u, 6u);
      let k_b3 = min(k + t_b * 4u + 3u, 6u);
      let x37 = x36 + k_b0 * 3u;
      let v38 = in1[x37];
      let x39 = x36 + k_b1 * 3u;
      let v40 = in1[x39];
      let x41 = x36 + k_b2 * 3u;
      let v42 = in1[x41];
      let x43 = x36 + k_b3 * 3u;
      let v44 = in1[x43];
      part_b[(t_b * 4u + 0u) * 8u + s_b] = select(F4(0.0), v38, k + t_b * 4u + 0u < K);
      part_b[(t_b * 4u + 1u) * 8u + s_b] = select(F4(0.0), v40, k + t_b * 4u + 1u < K);
      part_b[(t_b * 4u + 2u) * 8u + s_b] = select(F4(0.0), v42, k + t_b * 4u + 2u < K);
      part_b[(t_b * 4u + 3u) * 8u + s_b] = select(F4(0.0), v44, k + t_b * 4u + 3u < K);
    }
    workgroupBarrier();
    for (var t = 0u; t < STEP_K; t++) {
      let b0 = part_b[(t * BLOCK_N + own_n) / 4u + 0u];
      let a0 = part_a[(t * BLOCK_M + own_m) / 4u + 0u];
      acc0_0 = fma(F4(a0.x), b0, acc0_0);
      acc1_0 = fma(F4(a0.y), b0, acc1_0);
      acc2_0 = fma(F4(a0.z), b0, acc2_0);
      acc3_0 = fma(F4(a0.w), b0, acc3_0);
    }
    workgroupBarrier();
  }
  {
    let n = n0 + 0u * 32u;
    let v45 = in2[(n >> 2u)];
    let x48 = (n >> 2u);
    {
      let m = m0 + 0u;
      let acc = acc0_0;
      if (m < M && n < N) {
        let v46 = (acc + v45);
        let v47 = select(v46, F4(0.0), v46 <= F4(0.0));
        let x49 = x48 + m * 3u;
        out3[x49] = v47;
      }
    }
    {
      let m = m0 + 1u;
      let acc = acc1_0;
      if (m < M && n < N) {
        let v46 = (acc + v45);
        let v47 = select(v46, F4(0.0), v46 <= F4(0.0));
        let x49 = x48 + m * 3u;
        out3[x49] = v47;
      }
    }
    {
      let m = m0 + 2u;
      let acc = acc2_0;
      if (m < M && n < N) {
        let v46 = (acc + v45);
        let v47 = select(v46, F4(0.0), v46 <= F4(0.0));
        let x49 = x48 + m * 3u;
        out3[x49] = v47;
      }
    }
    {
      let m = m0 + 3u;
      let acc = acc3_0;
      if (m < M && n < N) {
        let v46 = (acc + v45);
        let v47 = select(v46, F4(0.0), v46 <= F4(0.0));
        let x49 = x48 + m * 3u;
        out3[x49] = v47;
      }
    }
  }
}
