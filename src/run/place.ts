import type { HostArray } from '../util/array.ts';
import type { Shape } from '../util/shape.ts';
import { sizeOf } from '../util/shape.ts';
import { MIN_BYTES, type Allocation } from './buffers.ts';
import type { DeviceContext } from './context.ts';
import { scoped, validationError } from './faults.ts';
import { write } from './upload.ts';
import { DATA } from './usage.ts';

/** What is bound to a shader. */
export interface Binding {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  /** same key, same buffer and offset */
  readonly key: string;
}

/** Bytes of an array on the device: whole `vec4`s, at least one. */
export function paddedBytes(shape: Shape): number {
  return Math.max(MIN_BYTES, Math.ceil((sizeOf(shape) * 4) / 16) * 16);
}

/** The memory of an array on one device, with a count of its users. */
export class Place implements Binding {
  readonly context: DeviceContext;
  readonly offset: number;
  /** The app has seen the buffer: never hand it to anyone else behind the app's back. */
  exposed = false;
  #allocation: Allocation;
  #key: string;
  #pending: Promise<void> | null = null;
  #users = 1;

  constructor(context: DeviceContext, allocation: Allocation, offset = 0) {
    this.context = context;
    this.offset = offset;
    this.#allocation = allocation;
    this.#key = `${allocation.id}:${offset}`;
  }

  /** Uploads a host array. */
  static ofHost(context: DeviceContext, source: HostArray, label: string): Place {
    const { pool, device } = context;
    const request = { label, bytes: paddedBytes(source.shape), usage: DATA };
    const fill = ({ buffer }: Allocation) => write(device, buffer, 0, source.data, source.dtype);
    const idle = pool.take(request);
    if (idle) {
      fill(idle);
      return new Place(context, idle);
    }
    // new memory may be refused, which shows only later
    const { value: made, caught } = scoped(device, true, () => {
      const allocation = pool.create(request);
      fill(allocation);
      return allocation;
    });
    const place = new Place(context, made).retain();
    const verdict = async () => {
      const errors = await context.losses.guard(caught);
      if (errors.outOfMemory) {
        pool.discard(made);
        const [second] = (await pool.allocate([request])) as [Allocation];
        fill(second);
        place.#allocation = second;
        place.#key = `${second.id}:0`;
      } else if (errors.validation) throw validationError(`upload: ${label}`, errors.validation);
    };
    place.#pending = verdict().then(
      () => {
        place.#pending = null;
        place.release();
      },
      (error: unknown) => {
        place.release();
        throw error;
      },
    );
    place.#pending.catch(() => undefined); // told to whoever uses the array
    return place;
  }

  get buffer(): GPUBuffer {
    return this.#allocation.buffer;
  }

  get key(): string {
    return this.#key;
  }

  /** An upload whose memory is not yet known to be there; rejects if it is not. */
  get pending(): Promise<void> | null {
    return this.#pending;
  }

  /** The memory is the engine's, not the app's. */
  get isOurs(): boolean {
    return this.#allocation.pool !== null;
  }

  retain(): this {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users === 0) this.#allocation.release();
  }

  /** Released by the garbage collector: memory the app may still hold goes with the app's hold. */
  forget(): void {
    if (!this.exposed) this.release();
    else this.#allocation.pool?.forget(this.#allocation);
  }
}
