import { create, globals } from 'webgpu';
import { createEngine, type Engine } from '../src/node.ts';

Object.assign(globalThis, globals); // GPUBufferUsage and its like, for kernels written by hand
const home = globalThis as typeof globalThis & { __benchGpu?: GPU };

/** WebGPU with clocks that are not rounded. Its object must live as long as the process. */
export const gpu = (home.__benchGpu ??= create(['disable-dawn-features=timestamp_quantization']));

/** An engine of its own for each contender, so that first calls find no kernels of others. */
export const makeEngine = (options: { memoryBudget?: number } = {}): Promise<Engine> =>
  createEngine({ gpu, ...options });

/** What the adapter calls itself. */
export const nameOf = ({ info }: Engine): string =>
  [info.vendor, info.architecture, info.description].filter(Boolean).join(', ');
