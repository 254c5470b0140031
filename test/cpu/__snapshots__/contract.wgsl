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
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 21>;
@group(0) @binding(2) var<storage, read> in2: array<vec4<f32>, 3>;
@group(0) @binding(3) var<storage, read_write> out3: array<vec4<f32>, 18>;
const THREADS: u32 = 3u;
const WORKGROUP: u32 = 64u;
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

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let thread = id.x + id.y * groups.x * WORKGROUP;
  if (thread >= THREADS) { return; }
  let tile_n = thread % TILES_N;
  let tile_m = thread / TILES_N % TILES_M;
  let z = thread / (TILES_N * TILES_M);
  let n0 = tile_n * TILE_N;
  let m0 = tile_m * TILE_M;
  var acc0_0 = F4(0.0);
  var acc1_0 = F4(0.0);
  var acc2_0 = F4(0.0);
  var acc3_0 = F4(0.0);
  var acc4_0 = F4(0.0);
  var acc5_0 = F4(0.0);
  let v0 = in0[0u];
  let v2 = in0[7u];
  let v3 = in0[14u];
  let v4 = in0[21u];
  let v5 = in0[28u];
  let v6 = in0[35u];
  let v7 = in0[1u];
  let v9 = in0[8u];
  let v10 = in0[15u];
  let v11 = in0[22u];
  let v12 = in0[29u];
  let v13 = in0[36u];
  let v14 = in0[2u];
  let v16 = in0[9u];
  let v17 = in0[16u];
  let v18 = in0[23u];
  let v19 = in0[30u];
  let v20 = in0[37u];
  let v21 = in0[3u];
  let v23 = in0[10u];
  let v24 = in0[17u];
  let v25 = in0[24u];
  let v26 = in0[31u];
  let v27 = in0[38u];
  let v28 = in0[4u];
  let v30 = in0[11u];
  let v31 = in0[18u];
  let v32 = in0[25u];
  let v33 = in0[32u];
  let v34 = in0[39u];
  let v35 = in0[5u];
  let v37 = in0[12u];
  let v38 = in0[19u];
  let v39 = in0[26u];
  let v40 = in0[33u];
  let v41 = in0[40u];
  let v42 = in0[6u];
  let v44 = in0[13u];
  let v45 = in0[20u];
  let v46 = in0[27u];
  let v47 = in0[34u];
  let v48 = in0[41u];
  let v1 = in1[(n0 >> 2u)];
  acc0_0 = fma(F4(v0), v1, acc0_0);
  acc1_0 = fma(F4(v2), v1, acc1_0);
  acc2_0 = fma(F4(v3), v1, acc2_0);
  acc3_0 = fma(F4(v4), v1, acc3_0);
  acc4_0 = fma(F4(v5), v1, acc4_0);
  acc5_0 = fma(F4(v6), v1, acc5_0);
  let v8 = in1[((n0 >> 2u) + 3u)];
  acc0_0 = fma(F4(v7), v8, acc0_0);
  acc1_0 = fma(F4(v9), v8, acc1_0);
  acc2_0 = fma(F4(v10), v8, acc2_0);
  acc3_0 = fma(F4(v11), v8, acc3_0);
  acc4_0 = fma(F4(v12), v8, acc4_0);
  acc5_0 = fma(F4(v13), v8, acc5_0);
  let v15 = in1[((n0 >> 2u) + 6u)];
  acc0_0 = fma(F4(v14), v15, acc0_0);
  acc1_0 = fma(F4(v16), v15, acc1_0);
  acc2_0 = fma(F4(v17), v15, acc2_0);
  acc3_0 = fma(F4(v18), v15, acc3_0);
  acc4_0 = fma(F4(v19), v15, acc4_0);
  acc5_0 = fma(F4(v20), v15, acc5_0);
  let v22 = in1[((n0 >> 2u) + 9u)];
  acc0_0 = fma(F4(v21), v22, acc0_0);
  acc1_0 = fma(F4(v23), v22, acc1_0);
  acc2_0 = fma(F4(v24), v22, acc2_0);
  acc3_0 = fma(F4(v25), v22, acc3_0);
  acc4_0 = fma(F4(v26), v22, acc4_0);
  acc5_0 = fma(F4(v27), v22, acc5_0);
  let v29 = in1[((n0 >> 2u) + 12u)];
  acc0_0 = fma(F4(v28), v29, acc0_0);
  acc1_0 = fma(F4(v30), v29, acc1_0);
  acc2_0 = fma(F4(v31), v29, acc2_0);
  acc3_0 = fma(F4(v32), v29, acc3_0);
  acc4_0 = fma(F4(v33), v29, acc4_0);
  acc5_0 = fma(F4(v34), v29, acc5_0);
  let v36 = in1[((n0 >> 2u) + 15u)];
  acc0_0 = fma(F4(v35), v36, acc0_0);
  acc1_0 = fma(F4(v37), v36, acc1_0);
  acc2_0 = fma(F4(v38), v36, acc2_0);
  acc3_0 = fma(F4(v39), v36, acc3_0);
  acc4_0 = fma(F4(v40), v36, acc4_0);
  acc5_0 = fma(F4(v41), v36, acc5_0);
  let v43 = in1[((n0 >> 2u) + 18u)];
  acc0_0 = fma(F4(v42), v43, acc0_0);
  acc1_0 = fma(F4(v44), v43, acc1_0);
  acc2_0 = fma(F4(v45), v43, acc2_0);
  acc3_0 = fma(F4(v46), v43, acc3_0);
  acc4_0 = fma(F4(v47), v43, acc4_0);
  acc5_0 = fma(F4(v48), v43, acc5_0);
  for (var k = 0u; k < LOOP_K; k += STEP_K) {
  }
  {
    let n = n0 + 0u;
    let v49 = in2[(n >> 2u)];
    let x52 = (n >> 2u);
    {
      let m = m0 + 0u;
      let acc = acc0_0;
      let v50 = (acc + v49);
      let v51 = select(v50, F4(0.0), v50 <= F4(0.0));
      let x53 = x52 + m * 3u;
      out3[x53] = v51;
    }
    {
      let m = m0 + 1u;
      let acc = acc1_0;
      let v50 = (acc + v49);
      let v51 = select(v50, F4(0.0), v50 <= F4(0.0));
      let x53 = x52 + m * 3u;
      out3[x53] = v51;
    }
    {
      let m = m0 + 2u;
      let acc = acc2_0;
      let v50 = (acc + v49);
      let v51 = select(v50, F4(0.0), v50 <= F4(0.0));
      let x53 = x52 + m * 3u;
      out3[x53] = v51;
    }
    {
      let m = m0 + 3u;
      let acc = acc3_0;
      let v50 = (acc + v49);
      let v51 = select(v50, F4(0.0), v50 <= F4(0.0));
      let x53 = x52 + m * 3u;
      out3[x53] = v51;
    }
    {
      let m = m0 + 4u;
      let acc = acc4_0;
      let v50 = (acc + v49);
      let v51 = select(v50, F4(0.0), v50 <= F4(0.0));
      let x53 = x52 + m * 3u;
      out3[x53] = v51;
    }
    {
      let m = m0 + 5u;
      let acc = acc5_0;
      let v50 = (acc + v49);
      let v51 = select(v50, F4(0.0), v50 <= F4(0.0));
      let x53 = x52 + m * 3u;
      out3[x53] = v51;
    }
  }
}
