// Contraction with few results and many terms, for GPUs: as contract.wgsl, but SLICES threads add up the
// terms of one register tile, each its share, and their sums are added in pairs, always in the same
// order.
//
// Slots: as in contract.wgsl, and
//        sums      the type of an accumulator
//        share     puts the accumulators into part, WORKGROUP apart
//        collect   takes them back

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
const THREADS: u32 = 131072u;
const WORKGROUP: u32 = 64u;
const SLICES: u32 = 32u;
const SUMS: u32 = 1u;
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
const TILES: u32 = Z * TILES_M * TILES_N;
// tiles of a workgroup
const LANES: u32 = WORKGROUP / SLICES;

// @slot sums
alias Sum = F;
// @end
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
  // @slot start
  var acc = 0.0;
  // @end
  for (var k = slice * STEP_K; k < LOOP_K; k += SLICES * STEP_K) {
    // @slot step
    acc += in0[(z * M + m0) * K + k] * in1[(z * K + k) * N + n0];
    // @end
  }
  if (slice == 0u) {
    // @slot rest
    // @end
  }
  // @slot share
  part[local] = acc;
  // @end
  for (var half = SLICES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (slice < half) {
      for (var e = local; e < SUMS * WORKGROUP; e += WORKGROUP) {
        part[e] += part[e + half * LANES];
      }
    }
  }
  if (slice == 0u && own == tile) {
    // @slot collect
    acc = part[local];
    // @end
    // @slot finish
    out2[(z * M + m0) * N + n0] = acc;
    // @end
  }
}
