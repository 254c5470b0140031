import type { Engine } from '../../src/node.ts';
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

/** Results are read by way of `engine`: what is around the kernels is the same for them as for ours. */
export async function start(
  engine: Engine,
  assembly: Assembly,
  input: Float32Array,
): Promise<Running> {
  const { device } = engine;
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
  const result = engine.wrap(buffer(assembly.output), [layout.get(assembly.output) as number]);
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
      device.queue.submit([encoder.finish()]);
      return await result.read();
    },
    gpuTime: () => gpuTime(engine, record),
    destroy() {
      result.destroy();
      for (const b of buffers.values()) b.destroy();
    },
  };
}

/** Milliseconds of GPU time of what `record` records into one pass. */
export async function gpuTime(
  engine: Engine,
  record: (encoder: GPUCommandEncoder, timestampWrites: GPUComputePassTimestampWrites) => void,
): Promise<number> {
  const { device } = engine;
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 });
  const resolved = device.createBuffer({
    size: 16,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.STORAGE,
  });
  const encoder = device.createCommandEncoder();
  record(encoder, { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 });
  encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
  device.queue.submit([encoder.finish()]);
  using words = engine.wrap(resolved, [4], 'u32');
  const ticks = new BigUint64Array((await words.read<Uint32Array>()).buffer);
  resolved.destroy();
  querySet.destroy();
  return Number((ticks[1] as bigint) - (ticks[0] as bigint)) / 1e6;
}
