import { create } from 'webgpu';
import { compileWith, createEngine as createOn, type Engine } from './engine.ts';
import type { EngineOptions } from './run/engine.ts';

export * from './index.ts';

const home = globalThis as typeof globalThis & { __cotangentGpu?: GPU };

/**
 * WebGPU from the `webgpu` package. Its object must live as long as the process: once it is collected,
 * the process crashes.
 */
const nodeGpu = (): GPU => (home.__cotangentGpu ??= create([]));

const withGpu = (options: EngineOptions): EngineOptions =>
  options.device || options.gpu ? options : { gpu: nodeGpu(), ...options };

/** `createEngine` with an adapter from the `webgpu` package. */
export function createEngine(options: EngineOptions = {}): Promise<Engine> {
  return createOn(withGpu(options));
}

/** `compile` on a default engine with an adapter from the `webgpu` package. */
export const compile = compileWith(() => withGpu({}));
