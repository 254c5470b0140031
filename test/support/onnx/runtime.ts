import * as ort from 'onnxruntime-web';
import type { Operand } from './build.ts';

// one thread: no worker files to be found beside the module
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

type Arrays = Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>;

function toRuntime({ type, shape, data }: Operand): ort.Tensor {
  if (type === 'float') return new ort.Tensor('float32', Float32Array.from(data), shape);
  if (type === 'int64') return new ort.Tensor('int64', BigInt64Array.from(data.map(BigInt)), shape);
  if (type === 'int32') return new ort.Tensor('int32', Int32Array.from(data), shape);
  if (type === 'uint8') return new ort.Tensor('uint8', Uint8Array.from(data), shape);
  return new ort.Tensor('bool', Uint8Array.from(data), shape);
}

/** Runs a model in ONNX Runtime (float32, on the CPU). */
export async function runInRuntime(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, Operand>>,
): Promise<Arrays> {
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'disabled',
  });
  try {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [name, toRuntime(value)]),
    );
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        name,
        { shape: tensor.dims, data: Float64Array.from(tensor.data as Float32Array, Number) },
      ]),
    );
  } finally {
    await session.release();
  }
}
