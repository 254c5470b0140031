// Contraction without workgroup memory: y[z, m, n] = Σ_k a[z, m, k] · b[z, k, n], each thread a tile of
// rows and columns in registers. Loads follow index maps, so transposes, convolutions (implicit GEMM) and
// batch axes are all this one kernel; what follows the product is its epilogue.
//
// Slots: types, library, bindings, size  as in map.wgsl
//        start     accumulators, and what all terms share
//        step      statements that load and multiply STEP_K terms from `k` on
//        rest      the last terms, where STEP_K does not divide their number
//        finish    epilogue and stores

// @slot types
alias F = f32;
// @end
// @slot library
// @end
// @slot bindings
@group(0) @binding(0) var<storage, read> in0: array<f32, 4096>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 4096>;
@group(0) @binding(2) var<storage, read_write> out2: array<f32, 4096>;
// @end
// @slot size
const THREADS: u32 = 4096u;
const WORKGROUP: u32 = 64u;
const Z: u32 = 1u;
const M: u32 = 64u;
const N: u32 = 64u;
const K: u32 = 64u;
const TILE_M: u32 = 1u;
const TILE_N: u32 = 1u;
const LOOP_K: u32 = 64u;
const STEP_K: u32 = 1u;
// @end
const TILES_M: u32 = (M + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N + TILE_N - 1u) / TILE_N;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let thread = id.x + id.y * groups.x * WORKGROUP;
  if (thread >= THREADS) { return; }
  let tile_n = thread % TILES_N;
  let tile_m = thread / TILES_N % TILES_M;
  let z = thread / (TILES_N * TILES_M);
  let n0 = tile_n * TILE_N;
  let m0 = tile_m * TILE_M;
  // @slot start
  var acc = 0.0;
  // @end
  for (var k = 0u; k < LOOP_K; k += STEP_K) {
    // @slot step
    acc += in0[(z * M + m0) * K + k] * in1[(z * K + k) * N + n0];
    // @end
  }
  // @slot rest
  // @end
  // @slot finish
  out2[(z * M + m0) * N + n0] = acc;
  // @end
}
