/// <reference lib="esnext.disposable" preserve="true" />
import { ArrayValue, nest, type HostArray, type Nested } from '../util/array.ts';
import { allocate, type DType, type TypedArray } from '../util/dtype.ts';
import { BufferError, DeviceLostError, ShapeError } from '../util/errors.ts';
import { formatShape, sizeOf, type Shape } from '../util/shape.ts';
import { MIN_BYTES, type Allocation } from './buffers.ts';
import type { DeviceContext } from './context.ts';
import { scoped, validationError } from './faults.ts';
import { readBack } from './staging.ts';
import { write } from './upload.ts';
import { COPY_SRC, DATA } from './usage.ts';

/** The engine, as far as an array knows it. */
export interface ArrayHome {
  /** The context of the present device; rebuilt if it can be. */
  ready(): Promise<DeviceContext>;
  /** The same at once; null when there is none just now. */
  readonly current: DeviceContext | null;
}

/** Where the elements are: bound as they are to a shader. */
export interface Binding {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  /** same key, same buffer and offset */
  readonly key: string;
}

interface Storage extends Binding {
  readonly context: DeviceContext;
  readonly allocation: Allocation;
}

/** Bytes of an array on the device: whole `vec4`s, at least one. */
export function paddedBytes(shape: Shape): number {
  return Math.max(MIN_BYTES, Math.ceil((sizeOf(shape) * 4) / 16) * 16);
}

/**
 * An array on the GPU: a result, an upload, or a buffer of the app. Valid until it is destroyed;
 * results never share memory with later ones.
 */
export class DeviceArray extends ArrayValue {
  #storage: Storage | null;
  #source: HostArray | null;
  /** an upload whose memory is not yet known to be there */
  #pending: Promise<void> | null = null;
  #destroyed = false;

  /** @internal the engine this array belongs to */
  readonly home: ArrayHome;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly label: string;

  /** @internal */
  constructor(
    home: ArrayHome,
    shape: Shape,
    dtype: DType,
    label: string,
    place: { context: DeviceContext; allocation: Allocation; offset: number } | null,
    source: HostArray | null = null,
  ) {
    super();
    this.home = home;
    this.shape = shape;
    this.dtype = dtype;
    this.label = label;
    this.#source = source;
    this.#storage = null;
    if (place) this.#occupy(place.context, place.allocation, place.offset);
    else if (home.current) this.#startUpload(home.current);
  }

  /** The `GPUBuffer`. It may be larger than the array and is the engine's until `destroy()`. */
  get buffer(): GPUBuffer {
    const storage = this.#present();
    storage.allocation.exposed = true;
    return storage.buffer;
  }

  /** Where the array starts in `buffer`, in bytes. */
  get offset(): number {
    return this.#present().offset;
  }

  /** Bytes of the elements: four each, bool too. */
  get byteLength(): number {
    return sizeOf(this.shape) * 4;
  }

  get isDestroyed(): boolean {
    return this.#destroyed;
  }

  /**
   * The elements in row-major order: `Float32Array`, `Int32Array`, `Uint32Array`, and `Uint8Array`
   * of 0 and 1 for bool. What is done to the array after the call does not change the answer.
   *
   * @param into where to put them instead of a new array
   * @throws DeviceLostError when the device goes away first
   * @throws BufferError after `destroy()`, or when a wrapped buffer lacks `COPY_SRC`
   */
  async read(into?: TypedArray): Promise<TypedArray> {
    const out = into ?? allocate(this.dtype, sizeOf(this.shape));
    if (out.length !== sizeOf(this.shape))
      throw new ShapeError(
        `read: ${this.#name} has ${sizeOf(this.shape)} elements, got an array of ${out.length}`,
      );
    let storage = this.#present('read', true);
    if (!storage || this.#pending) storage = await this.settle();
    if (out.length === 0) return out;
    if (!(storage.allocation.usage & COPY_SRC))
      throw new BufferError(
        `read: the buffer of ${this.#name} lacks the usage flag COPY_SRC; create it with usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC`,
      );
    const { context, allocation } = storage;
    allocation.retain();
    try {
      context.counters.submissions++;
      context.counters.readbacks++;
      await readBack(context.pool, context.losses, `read: ${this.#name}`, storage, this.dtype, out);
    } finally {
      allocation.release();
    }
    return out;
  }

  /** The elements as nested JavaScript arrays; a number for rank 0. */
  async toNested(): Promise<Nested> {
    return nest(await this.read(), this.shape, this.dtype);
  }

  /** Gives the memory back. A wrapped buffer stays as it is. Harmless the second time. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#source = null;
    const storage = this.#storage;
    this.#storage = null;
    if (!storage) return;
    storage.context.untrack(this);
    storage.allocation.release();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  /**
   * The binding on a device, if the array can be bound to it at once.
   *
   * @internal
   */
  bindingOn(context: DeviceContext, who: string): Binding | null {
    const storage = this.#present(who, true);
    return storage && storage.context === context && !this.#pending ? storage : null;
  }

  /**
   * Waits for an upload, and repeats it on the present device if the one it went to was lost.
   *
   * @internal
   */
  async settle(): Promise<Storage> {
    for (;;) {
      const context = await this.home.ready();
      const storage = this.#present('settle', true);
      if (!storage || storage.context !== context) this.#startUpload(context);
      else if (!this.#pending) return storage;
      await this.#pending;
    }
  }

  /**
   * A second user of the memory, so that `destroy()` frees it only when that user is done.
   *
   * @internal
   */
  retain(): Allocation | null {
    return this.#storage?.allocation.retain() ?? null;
  }

  /**
   * The elements are about to change on the device: the host's copy no longer tells.
   *
   * @internal
   */
  overwrite(): void {
    this.#source = null;
  }

  get #name(): string {
    return `${this.label} ${formatShape(this.shape)}`;
  }

  #present(who?: string): Storage;
  #present(who: string, orUpload: true): Storage | null;
  #present(who = 'buffer', orUpload = false): Storage | null {
    if (this.#destroyed)
      throw new BufferError(
        `${who}: ${this.#name} was destroyed; use it before destroy(), or compute it again`,
      );
    const storage = this.#storage;
    if (storage && !storage.context.isLost) return storage;
    if (this.#source && orUpload) return null;
    throw (
      storage?.context.losses.error ??
      new DeviceLostError(`${who}: ${this.#name} is on no device; await engine.ready() first`)
    );
  }

  #occupy(context: DeviceContext, allocation: Allocation, offset: number): void {
    this.#storage = {
      context,
      allocation,
      offset,
      buffer: allocation.buffer,
      key: `${allocation.id}:${offset}`,
    };
    if (allocation.pool)
      context.track(this, {
        label: this.#name,
        free: () => context.freeForgotten(allocation),
      });
  }

  /** Uploads the source. New memory may be refused, which shows later: until then it is pending. */
  #startUpload(context: DeviceContext): void {
    const source = this.#source as HostArray;
    this.#storage?.context.untrack(this);
    const request = { label: this.label, bytes: paddedBytes(this.shape), usage: DATA };
    const { pool, device } = context;
    const put = (allocation: Allocation) => {
      this.#occupy(context, allocation, 0);
      write(device, allocation.buffer, 0, source.data, source.dtype);
      return allocation;
    };
    const idle = pool.take(request);
    if (idle) {
      put(idle);
      return;
    }
    const { value: made, caught } = scoped(device, true, () => put(pool.create(request)));
    const verdict = context.losses.guard(caught).then(async (errors) => {
      if (errors.outOfMemory) {
        pool.discard(made);
        context.untrack(this);
        const [second] = (await pool.allocate([request])) as [Allocation];
        if (this.#destroyed) second.release();
        else put(second);
      } else if (errors.validation) throw validationError('upload', errors.validation);
    });
    this.#pending = verdict.then(
      () => {
        this.#pending = null;
      },
      (error: Error) => {
        if (!context.isLost) throw error; // lost: `settle` uploads again
        this.#pending = null;
      },
    );
    this.#pending.catch(() => undefined); // told to whoever uses the array
  }
}
