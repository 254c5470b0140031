// Contraction without workgroup memory: y[z, m, n] = Σ_k a[z, m, k] · b[z, k, n], each thread a tile of
// rows and columns in registers. Loads follow index maps, so transposes, convolutions (implicit GEMM) and
// batch axes are all this one kernel; what follows the product is its epilogue.
//
// Slots: types, library, bindings, size  as in map.wgsl
//        start     accumulators
//        step      statements that load and multiply for `k`
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
const THREADS: u32 = 6u;
const WORKGROUP: u32 = 64u;
const M: u32 = 6u;
const N: u32 = 12u;
const K: u32 = 7u;
const TILE_M: u32 = 3u;
const TILE_N: u32 = 4u;
const STEP_K: u32 = 1u;
const TILES_M: u32 = (M + TILE_M - 1u) / TILE_M;
const TILES_N: u32 = (N + TILE_N - 1u) / TILE_N;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let thread = id.x + id.y * groups.x * WORKGROUP;
  if (thread >= THREADS) { return; }
  let n0 = (thread % TILES_N) * TILE_N;
  let m0 = (thread / TILES_N % TILES_M) * TILE_M;
  let z = thread / (TILES_N * TILES_M);
  let m1 = min(m0 + 1u, M - 1u);
  let m2 = min(m0 + 2u, M - 1u);
  var acc0_0: F4 = F4(0.0);
  var acc1_0: F4 = F4(0.0);
  var acc2_0: F4 = F4(0.0);
  for (var k = 0u; k < K; k += STEP_K) {
    let v0 = in0[(k + m0 * 7u)];
    let v1 = in0[(k + m1 * 7u)];
    let v2 = in0[(k + m2 * 7u)];
    let v3 = in1[((n0 / 4u) + k * 3u)];
    acc0_0 += v0 * v3;
    acc1_0 += v1 * v3;
    acc2_0 += v2 * v3;
  }
   {
    let v4 = in2[(n0 / 4u)];
    let v5 = (acc0_0 + v4);
    let v6 = select(v5, F4(0.0), v5 <= F4(0.0));
    out3[((n0 / 4u) + m0 * 3u)] = v6;
  }
   {
    let v7 = in2[(n0 / 4u)];
    let v8 = (acc1_0 + v7);
    let v9 = select(v8, F4(0.0), v8 <= F4(0.0));
    out3[((n0 / 4u) + m1 * 3u)] = v9;
  }
   {
    let v10 = in2[(n0 / 4u)];
    let v11 = (acc2_0 + v10);
    let v12 = select(v11, F4(0.0), v11 <= F4(0.0));
    out3[((n0 / 4u) + m2 * 3u)] = v12;
  }
}
