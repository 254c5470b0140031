/// <reference lib="esnext.disposable" preserve="true" />
import { ArrayValue, nest, type HostArray, type Nested } from '../util/array.ts';
import { allocate, type DType, type TypedArray } from '../util/dtype.ts';
import { BufferError, DeviceLostError, DTypeError, ShapeError } from '../util/errors.ts';
import { formatShape, sizeOf, type Shape } from '../util/shape.ts';
import type { DeviceContext } from './context.ts';
import { Place, type Binding } from './place.ts';
import { readBack } from './staging.ts';
import { COPY_SRC } from './usage.ts';

/** The engine, as far as an array knows it. */
export interface ArrayHome {
  /** The context of the present device; rebuilt if it can be. */
  ready(): Promise<DeviceContext>;
  /** The same at once; null when there is none just now. */
  readonly current: DeviceContext | null;
}

/**
 * An array on the GPU: a result, an upload, or a buffer of the app. Valid until it is destroyed;
 * results never share memory with later ones.
 */
export class DeviceArray extends ArrayValue {
  /** @internal the engine this array belongs to */
  readonly home: ArrayHome;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly label: string;
  /** null after `destroy()`, and for an upload while there is no device */
  #place: Place | null = null;
  /** from where it can be uploaded again */
  #source: HostArray | null;
  #destroyed = false;

  /** @internal */
  constructor(
    home: ArrayHome,
    shape: Shape,
    dtype: DType,
    label: string,
    from: { place: Place | null; source?: HostArray | null },
  ) {
    super();
    this.home = home;
    this.shape = shape;
    this.dtype = dtype;
    this.label = label;
    this.#source = from.source ?? null;
    if (from.place) this.#occupy(from.place);
    else if (home.current) this.#upload(home.current);
  }

  /** The `GPUBuffer`. It may be larger than the array and is the engine's until `destroy()`. */
  get buffer(): GPUBuffer {
    const place = this.#mustBe('buffer');
    place.exposed = true;
    return place.buffer;
  }

  /** Where the array starts in `buffer`, in bytes. */
  get offset(): number {
    return this.#mustBe('offset').offset;
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
   * @typeParam T the array type of the dtype; `Float32Array` unless said
   * @throws DeviceLostError when the device goes away first
   * @throws ShapeError, DTypeError when `into` has another length or type
   * @throws BufferError after `destroy()`, or when a wrapped buffer lacks `COPY_SRC`
   */
  async read<T extends TypedArray = Float32Array>(into?: T): Promise<T> {
    const out = into ?? allocate(this.dtype, sizeOf(this.shape));
    const type = allocate(this.dtype, 0)[Symbol.toStringTag];
    // by its name: an array of another window or worker is as good
    if (out[Symbol.toStringTag] !== type)
      throw new DTypeError(
        `read: ${this.#name} is ${this.dtype}, which does not go into a ${out[Symbol.toStringTag]}; pass a ${type}`,
      );
    if (out.length !== sizeOf(this.shape))
      throw new ShapeError(
        `read: ${this.#name} has ${sizeOf(this.shape)} elements, got an array of ${out.length}`,
      );
    let place = this.#present('read');
    if (!place || place.pending) place = await this.settle('read');
    if (out.length === 0) return out as T;
    if (!(place.buffer.usage & COPY_SRC))
      throw new BufferError(
        `read: the buffer of ${this.#name} lacks the usage flag COPY_SRC; create it with usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC`,
      );
    const { context } = place;
    place.retain();
    try {
      context.counters.submissions++;
      context.counters.readbacks++;
      await readBack(context, `read: ${this.#name}`, place, this.dtype, out);
    } finally {
      place.release();
    }
    return out as T;
  }

  /** The elements as nested JavaScript arrays; a number for rank 0. */
  async toNested(): Promise<Nested> {
    return nest(await this.read(), this.shape, this.dtype);
  }

  /** Gives the memory back. A wrapped buffer stays as it is. Harmless the second time. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#leave();
    this.#source = null;
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  /**
   * Where the array is on the present device; uploads it again if the one it was on is lost.
   *
   * @internal
   */
  bindingOn(context: DeviceContext, who: string): Binding {
    const place = this.#present(who);
    return place?.context === context ? place : this.#upload(context);
  }

  /**
   * An upload is not yet known to have found memory.
   *
   * @internal
   */
  get isPending(): boolean {
    return this.#place?.pending != null;
  }

  /**
   * Waits until the array is on the present device.
   *
   * @internal
   */
  async settle(who: string): Promise<Place> {
    for (;;) {
      const context = await this.home.ready();
      this.bindingOn(context, who);
      const place = this.#place as Place;
      if (!place.pending) return place;
      try {
        await place.pending;
      } catch (error) {
        if (!context.isLost) throw error; // lost: upload again
      }
    }
  }

  /**
   * A second array on the same memory, which stays until both are destroyed.
   *
   * @internal
   */
  share(): DeviceArray {
    const place = this.#present('share')?.retain() ?? null;
    const from = { place, source: this.#source };
    return new DeviceArray(this.home, this.shape, this.dtype, this.label, from);
  }

  /**
   * Commands of the app are about to use the memory, at a time of the app's own: never hand it to
   * anyone else before `destroy()`. If they write, the host's copy no longer tells.
   *
   * @internal
   */
  lend(toWrite: boolean): void {
    if (this.#place) this.#place.exposed = true;
    if (toWrite) this.#source = null;
  }

  get #name(): string {
    return `${this.label} ${formatShape(this.shape)}`;
  }

  /** Where the array is; null when it has to be uploaded (again) first. */
  #present(who: string): Place | null {
    if (this.#destroyed)
      throw new BufferError(
        `${who}: ${this.#name} was destroyed; use it before destroy(), or compute it again`,
      );
    const place = this.#place;
    if (place && !place.context.isLost) return place;
    if (this.#source) return null;
    throw new DeviceLostError(
      `${who}: ${this.#name} was on a device that is gone; compute it again`,
      { cause: place?.context.losses.error },
    );
  }

  #mustBe(who: string): Place {
    const place = this.#present(who);
    if (place) return place;
    throw new DeviceLostError(
      `${who}: ${this.#name} was on a device that is gone; run or read() something first, so that it is uploaded again`,
    );
  }

  #occupy(place: Place): Place {
    this.#place = place;
    if (place.isOurs) place.context.track(this, { label: this.#name, free: () => place.forget() });
    return place;
  }

  #leave(): void {
    this.#place?.context.untrack(this);
    this.#place?.release();
    this.#place = null;
  }

  #upload(context: DeviceContext): Place {
    this.#leave();
    return this.#occupy(Place.ofHost(context, this.#source as HostArray, this.label));
  }
}
