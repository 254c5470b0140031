/** Composes modules of shaders/lib and runs an expression of theirs over arrays. */

const files = Object.fromEntries(
  Object.entries(
    import.meta.glob<string>('../../shaders/lib/*.wgsl', {
      query: '?raw',
      import: 'default',
      eager: true,
    }),
  ).map(([path, text]) => [path.slice(path.lastIndexOf('/') + 1), text]),
);

export const libFiles = Object.keys(files);

export type Lanes = 'scalar' | 'vec4';

const aliases: Record<Lanes, string> = {
  scalar: 'alias F = f32; alias I = i32; alias U = u32; alias B = bool;\n',
  vec4: 'alias F = vec4f; alias I = vec4i; alias U = vec4u; alias B = vec4<bool>;\n',
};

/** The given files and all they require, each once, with one set of types. */
export function composeLib(names: readonly string[], lanes: Lanes): string {
  const texts = new Map<string, string>();
  const visit = (name: string): void => {
    const text = files[name];
    if (text === undefined) throw new Error(`shaders/lib has no ${name}`);
    if (texts.has(name)) return;
    for (const [, required] of text.matchAll(/^\/\/ @requires (\S+)$/gm)) visit(required as string);
    texts.set(name, text.replace(/\/\/ @slot types\n[\s\S]*?\/\/ @end\n/, ''));
  };
  names.forEach(visit);
  return aliases[lanes] + [...texts.values()].join('\n');
}

/** `expression` of x[i] and y[i] for each i; the length must be a multiple of 4. */
export async function evaluateLib(
  device: GPUDevice,
  code: string,
  expression: string,
  lanes: Lanes,
  x: Float32Array<ArrayBuffer>,
  y: Float32Array<ArrayBuffer>,
): Promise<Float32Array> {
  const module = device.createShaderModule({
    code: `${code}
@group(0) @binding(0) var<storage, read> xs: array<F>;
@group(0) @binding(1) var<storage, read> ys: array<F>;
@group(0) @binding(2) var<storage, read_write> results: array<F>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&results)) { return; }
  let x = xs[id.x];
  let y = ys[id.x];
  results[id.x] = ${expression};
}`,
  });
  const entries = (['read-only-storage', 'read-only-storage', 'storage'] as const).map(
    (type, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } }),
  );
  const layout = device.createBindGroupLayout({ entries });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module },
  });
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const size = x.byteLength;
  const buffers = [x, y, undefined].map((data) => {
    const buffer = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
    if (data) device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  });
  const staging = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    }),
  );
  pass.dispatchWorkgroups(Math.ceil(x.length / 64));
  pass.end();
  encoder.copyBufferToBuffer(buffers[2] as GPUBuffer, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const results = new Float32Array(staging.getMappedRange().slice(0));
  for (const buffer of [...buffers, staging]) buffer.destroy();
  return results;
}

/** The distance of neighbouring float32 numbers at |x|. */
export function ulp(x: number): number {
  const least = 2 ** -126; // subnormal numbers may be flushed, so nothing finer is asked for
  const a = Math.max(Math.abs(x), least);
  let e = Math.floor(Math.log2(a));
  if (2 ** e > a) e--;
  return 2 ** (e - 23);
}

/** How far `got` is from `want`, in ulps of `scale`; 0 where a subnormal number may be flushed. */
export function ulpError(got: number, want: number, scale = want): number {
  const rounded = Math.fround(want);
  if (Object.is(got, rounded) || got === rounded) return 0;
  if (!Number.isFinite(got) || !Number.isFinite(rounded)) return Infinity;
  if (Math.abs(want) <= 2 ** -126 && Math.abs(got) <= 2 ** -126) return 0;
  return Math.abs(got - want) / ulp(scale);
}
