import type { Engine } from '../../src/node.ts';
import { productFlops } from '../flops.ts';
import { random } from '../subject.ts';
import { median } from '../statistics.ts';
import type { Assembly } from './chain.ts';
import { matmul, variantsFor, type Shader } from './matmul.ts';
import { start } from './run.ts';

/** What an adapter does at most, by kernels written for nothing else. */
export interface Ceilings {
  /** GFLOP/s of multiply-adds in registers */
  readonly arithmetic: number;
  /** GFLOP/s of the best product by hand, 512³ */
  readonly product: number;
  /** GB/s of a copy, read and written bytes together, of more than caches hold */
  readonly traffic: number;
  /** milliseconds of a dispatch that does next to nothing */
  readonly dispatch: number;
}

const ROUNDS = 9;
const side = 512;

/** @throws Error where the adapter has no timestamp queries */
export async function measureCeilings(engine: Engine): Promise<Ceilings> {
  const { info } = engine;
  if (!engine.device.features.has('timestamp-query'))
    throw new Error('the adapter has no timestamp queries');
  const work = registers(info.isSoftware ? 2 ** 12 : 2 ** 18);
  const vectors = info.isSoftware ? 2 ** 20 : 2 ** 23;
  const products = [];
  for (const variant of variantsFor(engine)) {
    const shader = matmul(variant, { m: side, k: side, n: side }, info.subgroupMaxSize);
    products.push(await time(engine, shader, { a: side ** 2, b: side ** 2, c: side ** 2 }));
  }
  return {
    arithmetic: work.flops / (await time(engine, work.shader, work.buffers)) / 1e6,
    product: productFlops(side, side, side) / Math.min(...products) / 1e6,
    traffic: (2 * 16 * vectors) / (await time(engine, copy(vectors), both(4 * vectors))) / 1e6,
    dispatch: await time(engine, copy(1), both(4)),
  };
}

const both = (length: number): Record<string, number> => ({ x: length, y: length });

/** Median milliseconds of one dispatch; its bindings are `buffers`, with their lengths, the last is written. */
async function time(
  engine: Engine,
  shader: Shader,
  buffers: Record<string, number>,
): Promise<number> {
  const names = Object.keys(buffers);
  const input = names[0] as string;
  const data = (name: string): Float32Array =>
    random([buffers[name] as number]).data as Float32Array;
  const assembly: Assembly = {
    layout: new Map(Object.entries(buffers)),
    constants: new Map(names.slice(1, -1).map((name) => [name, data(name)])),
    steps: [{ shader, buffers: names }],
    input,
    output: names.at(-1) as string,
  };
  const running = await start(engine, assembly, data(input));
  await running.run();
  const times = [];
  for (let i = 0; i < ROUNDS; i++) times.push(await running.gpuTime());
  running.destroy();
  return median(times);
}

const WORKGROUP = 64;

/** Eight chains of multiply-adds on vectors of four, in each of so many threads. */
function registers(threads: number) {
  const [chains, steps] = [8, 1024];
  const each = (line: (i: number) => string): string =>
    Array.from({ length: chains }, (_, i) => line(i)).join('\n');
  const code = `
@group(0) @binding(0) var<storage, read> x: array<vec4f, ${chains + 1}>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f, ${threads}>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = x[${chains}];
  ${each((i) => `var s${i} = x[${i}] * f32(id.x);`)}
  for (var k = 0u; k < ${steps}u; k++) {
    ${each((i) => `s${i} = fma(s${i}, a, a);`)}
  }
  y[id.x] = ${Array.from({ length: chains }, (_, i) => `s${i}`).join(' + ')};
}`;
  return {
    shader: { code, workgroups: [threads / WORKGROUP, 1] } as Shader,
    buffers: { x: 4 * (chains + 1), y: 4 * threads },
    flops: 2 * 4 * chains * steps * threads,
  };
}

/** So many vectors of four, one for each thread. */
function copy(vectors: number): Shader {
  const workgroups = Math.ceil(vectors / 256);
  const columns = Math.min(workgroups, 2 ** 15);
  const code = `
@group(0) @binding(0) var<storage, read> x: array<vec4f, ${vectors}>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f, ${vectors}>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * ${256 * columns}u;
  if (i < ${vectors}u) { y[i] = x[i]; }
}`;
  return { code, workgroups: [columns, workgroups / columns] };
}
