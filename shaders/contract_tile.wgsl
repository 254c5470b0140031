// Contraction through workgroup memory, for GPUs: a workgroup computes BLOCK_M rows by BLOCK_N columns, STEP_K
// terms at a time. Its threads load that part of both operands together, four by four elements each;
// then each multiplies TILE_M rows by TILE_N columns in registers.
//
// Slots: types, library, bindings, size  as in map.wgsl
//        start     accumulators, and what all parts share
//        load      statements that put the terms from `k` on into part_a and part_b, zeros after the last
//        step      products of term `t` of the part
//        finish    epilogue and stores

// @slot types
alias F = f32;
alias F4 = vec4f;
// @end
// @slot library
// @end
// @slot bindings
@group(0) @binding(0) var<storage, read> in0: array<vec4f, 1024>;
@group(0) @binding(1) var<storage, read> in1: array<vec4f, 1024>;
@group(0) @binding(2) var<storage, read_write> out2: array<vec4f, 1024>;
// @end
// @slot size
const THREADS: u32 = 256u;
const WORKGROUP: u32 = 64u;
const Z: u32 = 1u;
const M: u32 = 64u;
const N: u32 = 64u;
const K: u32 = 64u;
const TILE_M: u32 = 4u;
const TILE_N: u32 = 4u;
const BLOCK_M: u32 = 32u;
const BLOCK_N: u32 = 32u;
const STEP_K: u32 = 16u;
// @end
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
  // @slot start
  var acc0 = vec4f();
  var acc1 = vec4f();
  var acc2 = vec4f();
  var acc3 = vec4f();
  // @end
  for (var k = 0u; k < K; k += STEP_K) {
    // @slot load
    for (var e = local; e < STEP_K * BLOCK_N / 4u; e += WORKGROUP) {
      let row = block_m + e % BLOCK_M;
      let term = k / 4u + e / BLOCK_M;
      part_a[e] = in0[(z * M + row) * K / 4u + term];
      part_b[e] = in1[(z * N + block_n + e % BLOCK_M) * K / 4u + term];
    }
    // @end
    workgroupBarrier();
    for (var t = 0u; t < STEP_K; t++) {
      // @slot step
      let b = part_b[(t * BLOCK_N + own_n) / 4u];
      let a = part_a[(t * BLOCK_M + own_m) / 4u];
      acc0 += a.x * b;
      acc1 += a.y * b;
      acc2 += a.z * b;
      acc3 += a.w * b;
      // @end
    }
    workgroupBarrier();
  }
  // @slot finish
  out2[((z * M + m0) * N + n0) / 4u] = acc0 + acc1 + acc2 + acc3;
  // @end
}
