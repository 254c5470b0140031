// Contraction without workgroup memory: y[z, m, n] = Σ_k a[z, m, k] · b[z, k, n], each thread a tile of
// rows and columns in registers. Loads follow index maps, so transposes, convolutions (implicit GEMM) and
// batch axes are all this one kernel; what follows the product is its epilogue.
//
// Slots: types, library, bindings, size  as in map.wgsl
//        start     accumulators, and what all terms share
//        step      statements that load and multiply STEP_K terms from `k` on
//        rest      the last terms, where STEP_K does not divide their number
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
@group(0) @binding(1) var<storage, read> in1: array<f32, 84>;
@group(0) @binding(2) var<storage, read> in2: array<f32, 12>;
@group(0) @binding(3) var<storage, read_write> out3: array<f32, 72>;
const THREADS: u32 = 72u;
const WORKGROUP: u32 = 64u;
const Z: u32 = 1u;
const M: u32 = 6u;
const N: u32 = 12u;
const K: u32 = 7u;
const TILE_M: u32 = 1u;
const TILE_N: u32 = 1u;
const LOOP_K: u32 = 0u;
const STEP_K: u32 = 1u;
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
  var acc0_0 = F(0.0);
  let v1 = in1[tile_n];
  let v0 = in0[tile_m * 7u];
  acc0_0 = fma(v0, v1, acc0_0);
  let v3 = in1[(tile_n + 12u)];
  let v2 = in0[(tile_m * 7u + 1u)];
  acc0_0 = fma(v2, v3, acc0_0);
  let v5 = in1[(tile_n + 24u)];
  let v4 = in0[(tile_m * 7u + 2u)];
  acc0_0 = fma(v4, v5, acc0_0);
  let v7 = in1[(tile_n + 36u)];
  let v6 = in0[(tile_m * 7u + 3u)];
  acc0_0 = fma(v6, v7, acc0_0);
  let v9 = in1[(tile_n + 48u)];
  let v8 = in0[(tile_m * 7u + 4u)];
  acc0_0 = fma(v8, v9, acc0_0);
  let v11 = in1[(tile_n + 60u)];
  let v10 = in0[(tile_m * 7u + 5u)];
  acc0_0 = fma(v10, v11, acc0_0);
  let v13 = in1[(tile_n + 72u)];
  let v12 = in0[(tile_m * 7u + 6u)];
  acc0_0 = fma(v12, v13, acc0_0);
  for (var k = 0u; k < LOOP_K; k += STEP_K) {
  }
  {
    let n = n0 + 0u;
    let v14 = in2[n];
    {
      let m = m0 + 0u;
      let acc = acc0_0;
      let v15 = (acc + v14);
      let v16 = select(v15, F(0.0), v15 <= F(0.0));
      let x17 = n + m * 12u;
      out3[x17] = v16;
    }
  }
}
