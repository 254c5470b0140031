import type { Assembly } from './chain.ts';

/** An assembly on a device. */
export interface Running {
  readonly dispatches: number;
  /** writes the input, runs, reads the result */
  run(): Promise<Float32Array>;
  /** GPU milliseconds between the first and the last dispatch of one run; needs timestamp queries */
  gpuTime(): Promise<number>;
  destroy(): void;
}

export async function start(
  device: GPUDevice,
  assembly: Assembly,
  input: Float32Array,
): Promise<Running> {
  const { layout, constants, steps } = assembly;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffers = new Map(
    [...layout].map(([name, length]) => [
      name,
      device.createBuffer({ label: `by hand: ${name}`, size: length * 4, usage }),
    ]),
  );
  const buffer = (name: string): GPUBuffer => buffers.get(name) as GPUBuffer;
  for (const [name, data] of constants)
    device.queue.writeBuffer(buffer(name), 0, data as Float32Array<ArrayBuffer>);
  const prepared = await Promise.all(
    steps.map(async ({ shader, buffers: names }) => {
      const pipeline = await device.createComputePipelineAsync({
        layout: 'auto',
        compute: { module: device.createShaderModule({ code: shader.code }) },
      });
      const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: names.map((name, binding) => ({ binding, resource: { buffer: buffer(name) } })),
      });
      return { pipeline, group, workgroups: shader.workgroups };
    }),
  );
  const bytes = (layout.get(assembly.output) as number) * 4;
  const staging = device.createBuffer({
    label: 'by hand: staging',
    size: bytes,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const record = (encoder: GPUCommandEncoder, timestampWrites?: GPUComputePassTimestampWrites) => {
    const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
    for (const { pipeline, group, workgroups } of prepared) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
  };
  return {
    dispatches: steps.length,
    async run() {
      device.queue.writeBuffer(buffer(assembly.input), 0, input as Float32Array<ArrayBuffer>);
      const encoder = device.createCommandEncoder();
      record(encoder);
      encoder.copyBufferToBuffer(buffer(assembly.output), 0, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const result = new Float32Array(staging.getMappedRange().slice(0));
      staging.unmap();
      return result;
    },
    gpuTime: () => gpuTime(device, record),
    destroy() {
      for (const b of [...buffers.values(), staging]) b.destroy();
    },
  };
}

/** Milliseconds of GPU time of what `record` records into one pass. */
export async function gpuTime(
  device: GPUDevice,
  record: (encoder: GPUCommandEncoder, timestampWrites: GPUComputePassTimestampWrites) => void,
): Promise<number> {
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 });
  const resolved = device.createBuffer({
    size: 16,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  const read = device.createBuffer({
    size: 16,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  record(encoder, { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 });
  encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, read, 0, 16);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const [from, to] = new BigUint64Array(read.getMappedRange()) as unknown as [bigint, bigint];
  const milliseconds = Number(to - from) / 1e6;
  read.unmap();
  for (const b of [resolved, read]) b.destroy();
  querySet.destroy();
  return milliseconds;
}
