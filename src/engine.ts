import { autotune, type Tuned } from './autotune.ts';
import { makeCompiled, withSpecs, type Compiled, type CompileOptions } from './compiled.ts';
import type { DeviceArray } from './run/deviceArray.ts';
import type { AdapterFacts } from './run/device.ts';
import {
  EngineDevice,
  type EngineOptions,
  type EngineStats,
  type MemoryUse,
} from './run/engine.ts';
import type { HostArray } from './util/array.ts';
import type { DType } from './util/dtype.ts';
import type { Shape } from './util/shape.ts';

/** A device to compile functions for: its own, or the app's. */
export class Engine {
  readonly #device: EngineDevice;

  private constructor(device: EngineDevice) {
    this.#device = device;
  }

  /** @internal */
  static async create(options: EngineOptions): Promise<Engine> {
    return new Engine(await EngineDevice.create(options));
  }

  /** The device in use. */
  get device(): GPUDevice {
    return this.#device.device;
  }

  /** Vendor, architecture and kind of the adapter. */
  get info(): AdapterFacts {
    return this.#device.info;
  }

  /** Settles when the present device is lost. */
  get lost(): Promise<GPUDeviceLostInfo> {
    return this.#device.lost;
  }

  /** Submissions, dispatches, pipelines and live buffers so far. */
  get stats(): EngineStats {
    return this.#device.stats;
  }

  /** GPU memory held now, and at most so far. */
  memory(): MemoryUse {
    return this.#device.memory();
  }

  /** `f` as a function that runs on this engine; returns at once, compiles on the first call. */
  compile<A extends unknown[], R>(f: (...args: A) => R, options?: CompileOptions): Compiled<A, R> {
    return makeCompiled(f, () => Promise.resolve(this.#device), options);
  }

  /**
   * Measures the ways to compute each contraction (matrix product, convolution) of `f` for arguments of
   * these shapes, or specs in their place, on this adapter. What is fastest is remembered: functions
   * compiled on this engine from now on use it for the same contractions. Takes seconds, and is best done
   * while the GPU has nothing else to do. Plans there are already stay as they are.
   */
  autotune<A extends unknown[]>(f: (...args: A) => unknown, ...args: unknown[]): Promise<Tuned[]> {
    return autotune(this.#device, f, args.map(withSpecs));
  }

  /** A copy of a host array on the device. */
  upload(array: HostArray): DeviceArray {
    return this.#device.upload(array);
  }

  /** An app's buffer as an array, without a copy; it stays the app's. */
  wrap(
    buffer: GPUBuffer,
    shape: Shape,
    dtype: DType = 'f32',
    options: { readonly offset?: number } = {},
  ): DeviceArray {
    return this.#device.wrap(buffer, shape, dtype, options);
  }

  /** Goes on with another device of the app after the first was lost. */
  restore(device: GPUDevice): void {
    this.#device.restore(device);
  }

  /** Frees everything the engine made; a device of the app is left as it was. */
  destroy(): void {
    this.#device.destroy();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}

/**
 * An engine on a device of its own, or on the app's.
 *
 * @throws NoAdapterError where there is no WebGPU
 */
export function createEngine(options: EngineOptions = {}): Promise<Engine> {
  return Engine.create(options);
}

/** `compile` on an engine made when it is first needed, with what `options` says then. */
export function compileWith(options: () => EngineOptions) {
  let shared: Promise<EngineDevice> | null = null;
  const ready = (): Promise<EngineDevice> => {
    shared ??= EngineDevice.create(options()).catch((error: unknown) => {
      shared = null;
      throw error;
    });
    return shared;
  };
  return <A extends unknown[], R>(f: (...args: A) => R, options?: CompileOptions): Compiled<A, R> =>
    makeCompiled(f, ready, options);
}

/**
 * `f` as a function that runs on a default engine; returns at once, and is traced and compiled on the
 * first call for each tuple of shapes.
 */
export const compile = compileWith(() => ({}));
