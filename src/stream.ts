import { build, targetOf, type Build, type Target } from './compile.ts';
import type { RowBlocks } from './derive/stream.ts';
import type { TensorFunction } from './derive/types.ts';
import type { Tensor } from './ir/tensor.ts';
import { workingBytes } from './memory.ts';
import { full } from './ops/source.ts';
import type { DeviceArray } from './run/deviceArray.ts';
import type { EngineDevice } from './run/engine.ts';
import { Executable, type RunInput } from './run/executable.ts';
import { traceFunction } from './trace/trace.ts';
import { HostArray } from './util/array.ts';
import { LimitError } from './util/errors.ts';
import { sizeOf, type Shape } from './util/shape.ts';

/** Some rows of a Jacobian, on the host. */
export interface RowBlock {
  /** first row, counted over the elements of the output in row-major order */
  readonly start: number;
  /** `[rows, ...x]` */
  readonly shape: Shape;
  /** row-major; the caller's to keep */
  readonly data: Float32Array;
}

/** A Jacobian prepared to be computed a block of rows at a time. */
export interface PreparedStream {
  readonly rows: number;
  readonly columns: Shape;
  /** rows of one block; the last block may repeat rows of the one before it */
  readonly chunk: number;
  readonly executable: Executable;
}

/** Buffers alive for each block: results of two blocks in flight, and what they are read through. */
const BUFFERS_PER_BLOCK = 4;

/**
 * Compiles the block program with as many rows as the memory budget allows: the same pipelines serve
 * every block, the position of a block is an argument.
 *
 * @throws LimitError when not even one row fits into the budget
 */
export async function prepareStream(
  blocks: RowBlocks,
  args: readonly unknown[],
  engine: EngineDevice,
  label: string,
  { signal, math }: { signal?: AbortSignal; math?: Target['math'] } = {},
): Promise<PreparedStream> {
  let size = { rows: 0, columns: [] as readonly number[] };
  const measure = (...a: unknown[]): Tensor => {
    size = blocks.size(a);
    return full([], 0);
  };
  traceFunction(measure as TensorFunction, args, 'stream', () => null);
  const { rows, columns } = size;
  const rowBytes = Math.max(4, sizeOf(columns) * 4);
  const { memoryBudget, limits } = engine;
  const most = Math.min(
    rows,
    Math.floor(memoryBudget / (BUFFERS_PER_BLOCK * rowBytes)),
    Math.floor(limits.maxStorageBufferBindingSize / rowBytes),
  );
  let chunk = Math.max(1, Math.min(blocks.chunk ?? most, most));
  for (;;) {
    const made = buildBlock(blocks, args, targetOf(engine, math && { math }), label, chunk);
    const bytes = workingBytes(made) + (BUFFERS_PER_BLOCK - 1) * chunk * rowBytes;
    if (bytes <= memoryBudget) {
      const executable = await Executable.prepare(engine, made.program, { signal });
      return { rows, columns, chunk, executable };
    }
    if (chunk === 1)
      throw new LimitError(
        `stream: one row needs ${bytes} bytes of intermediates and results, the memory budget is ${memoryBudget}; raise memoryBudget`,
      );
    chunk = Math.max(1, Math.min(chunk - 1, Math.floor((chunk * memoryBudget) / bytes)));
  }
}

function buildBlock(
  blocks: RowBlocks,
  args: readonly unknown[],
  target: Target,
  label: string,
  chunk: number,
): Build {
  const block = (offset: Tensor, ...a: unknown[]): Tensor => blocks.block(a, offset, chunk);
  const offset = new HostArray(new Int32Array(1), [], 'i32');
  return build(block, [offset, ...args], target, label);
}

/** The blocks in order; while one is read, the next is computed. */
export async function* streamRows(
  stream: PreparedStream,
  inputs: readonly RunInput[],
  onProgress?: (progress: { done: number; total: number }) => void,
  signal?: AbortSignal,
): AsyncGenerator<RowBlock, void, undefined> {
  const { rows, columns, chunk, executable } = stream;
  const count = Math.ceil(rows / chunk);
  // the last block starts early enough to be a whole one
  const startOf = (i: number): number => Math.max(0, Math.min(i * chunk, rows - chunk));
  const launch = async (i: number): Promise<DeviceArray> => {
    const [array] = await executable.run([Int32Array.of(startOf(i)), ...inputs], { signal });
    return array as DeviceArray;
  };
  let next: Promise<DeviceArray> | null = count > 0 ? launch(0) : null;
  try {
    for (let i = 0; i < count; i++) {
      const array: DeviceArray = await (next as Promise<DeviceArray>);
      const reading = array.read();
      next = i + 1 < count ? launch(i + 1) : null;
      next?.catch(() => undefined); // reported when its turn comes
      const all = await reading;
      array.destroy();
      const start = i * chunk;
      const width = sizeOf(columns);
      const data = all.slice((start - startOf(i)) * width);
      onProgress?.({ done: Math.min(start + chunk, rows), total: rows });
      const shape = [width === 0 ? Math.min(chunk, rows - start) : data.length / width, ...columns];
      yield { start, shape, data };
      signal?.throwIfAborted();
    }
  } finally {
    const left = await next?.catch(() => null);
    if (left && !left.isDestroyed) left.destroy();
  }
}
