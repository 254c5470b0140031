import { HostArray } from '../util/array.ts';
import { checkDType, type DType } from '../util/dtype.ts';
import { BufferError, DeviceLostError, UnsupportedError } from '../util/errors.ts';
import { checkShape, formatShape, type Shape } from '../util/shape.ts';
import { DeviceContext, type Counters } from './context.ts';
import { adapterFacts, requestDevice, type AdapterFacts, type DeviceOptions } from './device.ts';
import { DeviceArray, type ArrayHome } from './deviceArray.ts';
import { isPolled } from './naps.ts';
import { paddedBytes, Place } from './place.ts';
import { STORAGE } from './usage.ts';

export interface EngineOptions extends DeviceOptions {
  /** bytes of GPU memory the engine tries to stay within; default 1 GiB */
  readonly memoryBudget?: number;
  /** `"leaks"`: warn of results that were forgotten without `destroy()` */
  readonly debug?: 'leaks';
}

/** Counts since the engine was made; `liveBuffers` is how many GPU buffers it holds now. */
export interface EngineStats extends Readonly<Counters> {
  readonly liveBuffers: number;
}

/** GPU memory held by an engine, buffers waiting to be used again (`idleBytes`) included. */
export interface MemoryUse {
  readonly buffers: number;
  readonly bytes: number;
  readonly idleBytes: number;
  readonly peakBytes: number;
}

/** Between attempts to get a device back after a loss: the GPU process may still be starting. */
const REBUILD_DELAYS_MS = [0, 50, 200, 500, 1000];

const OPTIONS = ['device', 'adapter', 'gpu', 'powerPreference', 'memoryBudget', 'debug'];

/** Refuses what would be ignored: the app's device must never silently be another one. */
function checkOptions(options: EngineOptions): void {
  const unknown = Object.keys(options).filter((name) => !OPTIONS.includes(name));
  if (unknown.length)
    throw new UnsupportedError(
      `createEngine: there is no option ${unknown.join(', ')}; the options are ${OPTIONS.join(', ')}`,
    );
  const { device, adapter, memoryBudget } = options;
  const awaited = (value: object, what: string): string =>
    `createEngine: ${what} is not one${'then' in value ? ' but a promise of one; await it first' : `; pass what request${what === 'device' ? 'Device' : 'Adapter'}() gives`}`;
  if (device !== undefined && typeof device?.createBuffer !== 'function')
    throw new UnsupportedError(awaited(Object(device) as object, 'device'));
  if (adapter !== undefined && typeof adapter?.requestDevice !== 'function')
    throw new UnsupportedError(awaited(Object(adapter) as object, 'adapter'));
  if (memoryBudget !== undefined && !(memoryBudget > 0))
    throw new UnsupportedError(
      `createEngine: memoryBudget is a number of bytes > 0, got ${String(memoryBudget)}`,
    );
}

/** A device to run programs on: the engine's own, or the app's. */
export class EngineDevice implements ArrayHome {
  /** bytes of GPU memory the engine tries to stay within */
  readonly memoryBudget: number;
  /** false: the device is the app's and never destroyed here */
  readonly ownsDevice: boolean;
  readonly #options: EngineOptions;
  readonly #counters: Counters = { submissions: 0, dispatches: 0, pipelines: 0, readbacks: 0 };
  #context: DeviceContext;
  #info: AdapterFacts;
  #rebuilding: Promise<DeviceContext> | null = null;
  #destroyed = false;

  private constructor(options: EngineOptions, device: GPUDevice, adapter?: GPUAdapter) {
    this.#options = options;
    this.ownsDevice = !options.device;
    this.memoryBudget = options.memoryBudget ?? 2 ** 30;
    this.#info = adapterFacts(device, adapter);
    this.#context = this.#contextOf(device);
  }

  /**
   * @throws NoAdapterError where there is no WebGPU, or no adapter
   * @throws UnsupportedError for options that there are not
   */
  static async create(options: EngineOptions = {}): Promise<EngineDevice> {
    checkOptions(options);
    if (options.device) return new EngineDevice(options, options.device, options.adapter);
    const { device, adapter } = await requestDevice(options);
    return new EngineDevice(options, device, adapter);
  }

  get device(): GPUDevice {
    return this.#context.device;
  }

  get info(): AdapterFacts {
    return this.#info;
  }

  get limits(): GPUSupportedLimits {
    return this.device.limits;
  }

  get features(): GPUSupportedFeatures {
    return this.device.features;
  }

  /** Settles when the present device is lost, and only then. */
  get lost(): Promise<GPUDeviceLostInfo> {
    return this.device.lost;
  }

  get isDestroyed(): boolean {
    return this.#destroyed;
  }

  get stats(): EngineStats {
    return { ...this.#counters, liveBuffers: this.#context.pool.usage.buffers };
  }

  memory(): MemoryUse {
    return this.#context.pool.usage;
  }

  /** Destroys the buffers that wait to be used again. */
  trim(): void {
    this.#context.pool.trim();
  }

  /**
   * A copy of a host array on the device. The host array is kept, and must not be changed, so that
   * it can be uploaded again after a device loss.
   */
  upload(array: HostArray, label = 'upload'): DeviceArray {
    this.#mustLive('upload');
    if (!(array instanceof HostArray))
      throw new BufferError(
        'upload: takes an array on the host; wrap numbers and typed arrays in array(...)',
      );
    return new DeviceArray(this, array.shape, array.dtype, label, { place: null, source: array });
  }

  /**
   * A buffer of the app as an array, without a copy. It stays the app's: `destroy()` of the array
   * leaves it alone. The array takes whole multiples of 16 bytes from `offset` on; as an output, what
   * follows the elements there may be overwritten.
   *
   * @throws BufferError when a usage flag is missing, the offset is not aligned, or it is too small
   */
  wrap(
    buffer: GPUBuffer,
    shape: Shape,
    dtype: DType = 'f32',
    { offset = 0, label = buffer?.label || 'buffer' }: { offset?: number; label?: string } = {},
  ): DeviceArray {
    this.#mustLive('wrap');
    if (typeof buffer?.usage !== 'number')
      throw new BufferError('wrap: takes a GPUBuffer first; upload(array(...)) takes numbers');
    checkShape(shape, 'wrap');
    checkDType(dtype, 'wrap');
    const who = `wrap: ${label} ${formatShape(shape)}`;
    if (!(buffer.usage & STORAGE))
      throw new BufferError(
        `${who}: the buffer lacks the usage flag STORAGE; create it with usage: GPUBufferUsage.STORAGE (and COPY_SRC, if you want to read() it)`,
      );
    const align = this.limits.minStorageBufferOffsetAlignment;
    if (!Number.isInteger(offset) || offset < 0 || offset % align)
      throw new BufferError(
        `${who}: offset ${offset} is not a multiple of ${align}, this device's minStorageBufferOffsetAlignment; move the data to such an offset`,
      );
    const bytes = paddedBytes(shape);
    if (offset + bytes > buffer.size)
      throw new BufferError(
        `${who}: needs ${bytes} bytes (whole multiples of 16) from offset ${offset}, the buffer has ${buffer.size}; create it with size >= ${offset + bytes}`,
      );
    const context = this.#context;
    const place = new Place(context, context.pool.adopt(buffer), offset);
    return new DeviceArray(this, [...shape], dtype, label, { place });
  }

  /** The context of the present device; null after a loss. */
  get current(): DeviceContext | null {
    return this.#context.isLost ? null : this.#context;
  }

  /**
   * The context of the present device. After a loss, an engine that owns its device gets another.
   *
   * @throws DeviceLostError when the device is the app's, until `restore`
   * @throws NoAdapterError when no other device can be had
   */
  async ready(): Promise<DeviceContext> {
    this.#mustLive('engine');
    if (!this.#context.isLost) return this.#context;
    if (!this.ownsDevice) throw this.#context.losses.error as Error;
    this.#rebuilding ??= this.#rebuild().finally(() => (this.#rebuilding = null));
    return this.#rebuilding;
  }

  /**
   * Goes on with another device of the app after the first was lost. Arrays uploaded from the host
   * and prepared programs follow by themselves; results that were on the old device are gone.
   *
   * @throws UnsupportedError when the engine makes its own devices
   */
  restore(device: GPUDevice): void {
    this.#mustLive('restore');
    if (this.ownsDevice)
      throw new UnsupportedError(
        'restore: this engine makes its own devices and replaces a lost one by itself; pass { device } to createEngine to bring yours',
      );
    if (device === this.#context.device) return;
    this.#context.close(
      new DeviceLostError('restore: the engine goes on with another device; call again'),
    );
    this.#info = adapterFacts(device);
    this.#context = this.#contextOf(device);
  }

  /**
   * Frees everything the engine made, rejects what is pending, and destroys the device if the engine
   * made that too. A device of the app is left as it was. Harmless the second time.
   */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#context.close(
      new DeviceLostError('the engine was destroyed before the result was there'),
    );
    if (this.ownsDevice) this.device.destroy();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  #mustLive(who: string): void {
    if (this.#destroyed)
      throw new DeviceLostError(`${who}: the engine was destroyed; create another one`);
  }

  #contextOf(device: GPUDevice): DeviceContext {
    return new DeviceContext(device, this.#counters, {
      budget: this.memoryBudget,
      warnOfLeaks: this.#options.debug === 'leaks',
      isPolled: isPolled && this.#info.isSoftware,
    });
  }

  async #rebuild(): Promise<DeviceContext> {
    // an adapter gives one device only: ask for another
    const { gpu, powerPreference } = this.#options;
    const options = { ...(gpu && { gpu }), ...(powerPreference && { powerPreference }) };
    let failure: unknown;
    for (const delay of REBUILD_DELAYS_MS) {
      if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
      try {
        const { device, adapter } = await requestDevice(options);
        if (this.#destroyed) {
          device.destroy();
          this.#mustLive('engine');
        }
        this.#info = adapterFacts(device, adapter);
        this.#context = this.#contextOf(device);
        return this.#context;
      } catch (error) {
        if (this.#destroyed) throw error;
        failure = error;
      }
    }
    throw failure;
  }
}
