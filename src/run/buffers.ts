import { OutOfMemoryError } from '../util/errors.ts';
import { scoped, type Losses } from './faults.ts';

/** No buffer is smaller: arrays without elements and lone scalars bind like any other. */
export const MIN_BYTES = 16;

/**
 * Bytes of the buffer that is made for so many, so that buffers can be used again for others of about
 * their size: powers of two up to 64 KiB, above it steps of at most an eighth.
 */
export function allocatedBytes(bytes: number): number {
  const power = 2 ** Math.ceil(Math.log2(Math.max(bytes, MIN_BYTES)));
  if (power <= 65_536) return power;
  const step = power / 16;
  return Math.ceil(bytes / step) * step;
}

/** Bytes in words, for messages. */
export function formatBytes(bytes: number): string {
  if (bytes < 10_240) return `${bytes} B`;
  if (bytes < 10 * 2 ** 20) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** What is asked of the pool. */
export interface BufferRequest {
  readonly label: string;
  readonly bytes: number;
  readonly usage: number;
}

/** A GPU buffer of a pool, or one of the app, which has no pool and is left alone. */
export class Allocation {
  readonly id: number;
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  readonly usage: number;
  readonly pool: BufferPool | null;

  constructor(
    id: number,
    buffer: GPUBuffer,
    bytes: number,
    usage: number,
    pool: BufferPool | null,
  ) {
    this.id = id;
    this.buffer = buffer;
    this.bytes = bytes;
    this.usage = usage;
    this.pool = pool;
  }

  /** Gives it back to its pool. */
  release(): void {
    this.pool?.recycle(this);
  }
}

/**
 * Buffers by usage and rounded size. A released buffer waits for the next request of its size, so a
 * loop that destroys its results creates nothing. The queue runs in order, so a buffer may be handed
 * out again while commands that read its old contents are still waiting there.
 */
export class BufferPool {
  /** from the oldest to the one released last */
  #idle = new Set<Allocation>();
  #bySize = new Map<number, Allocation[]>();
  #live = new Set<Allocation>();
  #foreignIds = new WeakMap<GPUBuffer, number>();
  #nextId = 1;
  #bytes = 0;
  #idleBytes = 0;
  #peakBytes = 0;
  #closed = false;

  readonly device: GPUDevice;
  private readonly losses: Losses;
  /** idle buffers are destroyed, oldest first, once the pool holds more than this */
  private readonly budget: number;

  constructor(device: GPUDevice, losses: Losses, budget: number) {
    this.device = device;
    this.losses = losses;
    this.budget = budget;
  }

  /** Buffers created and not yet destroyed, idle ones included. */
  get usage(): { buffers: number; bytes: number; idleBytes: number; peakBytes: number } {
    return {
      buffers: this.#live.size,
      bytes: this.#bytes,
      idleBytes: this.#idleBytes,
      peakBytes: this.#peakBytes,
    };
  }

  /** An idle buffer that fits, if there is one. */
  take(request: BufferRequest): Allocation | null {
    const list = this.#bySize.get(this.#key(request.usage, this.#round(request.bytes)));
    const found = list?.at(-1);
    if (!found) return null;
    this.#unlist(found);
    if (found.buffer.label !== request.label) found.buffer.label = request.label;
    return found;
  }

  /**
   * A new buffer. The caller stands inside error scopes and discards the buffer if they caught
   * anything; an exception of `createBuffer` becomes an `OutOfMemoryError`.
   */
  create(request: BufferRequest): Allocation {
    if (this.losses.error) throw this.losses.error;
    const bytes = this.#round(request.bytes);
    this.#evict(this.budget - bytes);
    const descriptor = { label: request.label, size: bytes, usage: request.usage };
    let buffer: GPUBuffer;
    try {
      buffer = this.device.createBuffer(descriptor);
    } catch {
      this.trim();
      try {
        buffer = this.device.createBuffer(descriptor);
      } catch (cause) {
        throw this.outOfMemory([request], cause);
      }
    }
    const allocation = new Allocation(this.#nextId++, buffer, bytes, request.usage, this);
    this.#live.add(allocation);
    this.#bytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return allocation;
  }

  /** The app's own buffer, counted nowhere and never destroyed. */
  adopt(buffer: GPUBuffer): Allocation {
    let id = this.#foreignIds.get(buffer);
    if (id === undefined) this.#foreignIds.set(buffer, (id = this.#nextId++));
    return new Allocation(id, buffer, buffer.size, buffer.usage, null);
  }

  /**
   * Buffers for all requests, or none. When memory runs out, idle buffers are let go and the
   * requests tried once more, one by one.
   *
   * @throws OutOfMemoryError with the sizes
   */
  async allocate(requests: readonly BufferRequest[]): Promise<Allocation[]> {
    const first = await this.#attempt(requests);
    if (first.allocations) return first.allocations;
    this.trim();
    const done: Allocation[] = [];
    for (const request of requests) {
      const { allocations, cause } = await this.#attempt([request]);
      if (!allocations) {
        done.forEach((a) => this.discard(a));
        throw this.outOfMemory([request], cause, requests);
      }
      done.push(...allocations);
    }
    return done;
  }

  async #attempt(
    requests: readonly BufferRequest[],
  ): Promise<{ allocations: Allocation[] | null; cause?: unknown }> {
    const taken: Allocation[] = [];
    const created: Allocation[] = [];
    const { value: thrown, caught } = scoped(this.device, true, () => {
      try {
        for (const request of requests) {
          const idle = this.take(request);
          if (!idle) created.push(this.create(request));
          taken.push(idle ?? (created.at(-1) as Allocation));
        }
        return null;
      } catch (error) {
        return error as Error;
      }
    });
    let cause: unknown = thrown;
    if (created.length || thrown) {
      const errors = await this.losses.guard(caught);
      cause ??= errors.outOfMemory ?? errors.validation;
    }
    if (!cause) return { allocations: taken };
    for (const a of taken)
      if (created.includes(a)) this.discard(a);
      else a.release();
    return { allocations: null, cause };
  }

  /** Keeps a buffer for the next request of its size. */
  recycle(allocation: Allocation): void {
    if (this.#closed || !this.#live.has(allocation) || this.#idle.has(allocation)) return;
    const key = this.#key(allocation.usage, allocation.bytes);
    const list = this.#bySize.get(key);
    if (list) list.push(allocation);
    else this.#bySize.set(key, [allocation]);
    this.#idle.add(allocation);
    this.#idleBytes += allocation.bytes;
    this.#evict(this.budget);
  }

  /** Destroys a buffer that must not be used again. */
  discard(allocation: Allocation): void {
    if (this.forget(allocation)) allocation.buffer.destroy();
  }

  /** Stops counting a buffer that only the app holds now; it goes with the app's last reference. */
  forget(allocation: Allocation): boolean {
    if (!this.#live.delete(allocation)) return false;
    this.#bytes -= allocation.bytes;
    this.#unlist(allocation);
    return true;
  }

  /** Destroys all idle buffers. */
  trim(): void {
    this.#evict(-Infinity);
  }

  /** Destroys everything the pool ever made. */
  close(): void {
    this.#closed = true;
    for (const allocation of this.#live) allocation.buffer.destroy();
    this.#live.clear();
    this.#idle.clear();
    this.#bySize.clear();
    this.#bytes = this.#idleBytes = 0;
  }

  /** An `OutOfMemoryError` that tells what was asked for and what is held. */
  outOfMemory(
    requests: readonly BufferRequest[],
    cause: unknown,
    all: readonly BufferRequest[] = requests,
  ): OutOfMemoryError {
    if (cause instanceof OutOfMemoryError) return cause;
    const what = requests.map((r) => `${r.label} (${formatBytes(r.bytes)})`).join(', ');
    const total = all.reduce((sum, r) => sum + r.bytes, 0);
    return new OutOfMemoryError(
      `${what}: the device could not allocate it, of ${formatBytes(total)} asked for at once; ` +
        `this engine holds ${formatBytes(this.#bytes)} in ${this.#live.size} buffers; ` +
        'destroy results you no longer need, or lower the memory budget so that work is done in smaller chunks',
      { cause },
    );
  }

  /** Destroys idle buffers, oldest first, until the pool holds at most `target` bytes. */
  #evict(target: number): void {
    if (this.#bytes <= target) return;
    for (const allocation of this.#idle) {
      if (this.#bytes <= target) return;
      this.discard(allocation);
    }
  }

  /** Takes a buffer off the list of idle ones, if it is there. */
  #unlist(allocation: Allocation): void {
    if (!this.#idle.delete(allocation)) return;
    this.#idleBytes -= allocation.bytes;
    const list = this.#bySize.get(this.#key(allocation.usage, allocation.bytes));
    list?.splice(list.indexOf(allocation), 1);
  }

  #round(bytes: number): number {
    const rounded = allocatedBytes(bytes);
    // what would pass the limit only by rounding is asked for as it is
    return rounded > this.device.limits.maxBufferSize ? Math.ceil(bytes / 16) * 16 : rounded;
  }

  #key(usage: number, bytes: number): number {
    return bytes * 1024 + usage;
  }
}
