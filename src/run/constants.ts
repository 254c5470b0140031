import type { HostArray } from '../util/array.ts';
import type { Allocation, BufferPool } from './buffers.ts';
import { write } from './upload.ts';
import { DATA } from './usage.ts';

interface Entry {
  users: number;
  readonly allocation: Promise<Allocation>;
}

/** Host arrays that programs closed over, each on the device once, for as long as a program uses it. */
export class ConstantCache {
  #entries = new WeakMap<HostArray, Entry>();
  readonly #pool: BufferPool;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** The array on the device, uploaded if it is not there yet. */
  async acquire(value: HostArray, bytes: number, label: string): Promise<Allocation> {
    let entry = this.#entries.get(value);
    if (!entry) {
      entry = { users: 0, allocation: this.#upload(value, bytes, label) };
      this.#entries.set(value, entry);
    }
    entry.users++;
    try {
      return await entry.allocation;
    } catch (error) {
      if (this.#entries.get(value) === entry) this.#entries.delete(value);
      throw error;
    }
  }

  /** One user less; the last one frees the memory. */
  release(value: HostArray): void {
    const entry = this.#entries.get(value);
    if (!entry || --entry.users > 0) return;
    this.#entries.delete(value);
    entry.allocation.then(
      (a) => a.release(),
      () => undefined,
    );
  }

  async #upload(value: HostArray, bytes: number, label: string): Promise<Allocation> {
    const [allocation] = (await this.#pool.allocate([{ label, bytes, usage: DATA }])) as [
      Allocation,
    ];
    write(this.#pool.device, allocation.buffer, 0, value.data, value.dtype);
    return allocation;
  }
}
