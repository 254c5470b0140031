import { DeviceLostError } from '../util/errors.ts';
import { BufferPool } from './buffers.ts';
import { ConstantCache } from './constants.ts';
import { Losses } from './faults.ts';
import { Naps } from './naps.ts';
import { PipelineCache } from './pipelines.ts';

/** Counts since the engine was made. */
export interface Counters {
  /** queue submissions, readbacks included */
  submissions: number;
  dispatches: number;
  /** pipelines compiled */
  pipelines: number;
  readbacks: number;
}

/** Something on the device whose JavaScript owner may be forgotten without `destroy()`. */
export interface Held {
  readonly label: string;
  /** must not refer to the owner */
  free(): void;
}

export interface ContextOptions {
  /** bytes of GPU memory to try to stay within */
  readonly budget: number;
  readonly warnOfLeaks: boolean;
  /** waiting for the device takes away from what it computes with */
  readonly isPolled: boolean;
}

/** Everything that lives and dies with one `GPUDevice`. After a loss an engine makes another. */
export class DeviceContext {
  readonly losses: Losses;
  readonly pool: BufferPool;
  readonly constants: ConstantCache;
  readonly pipelines: PipelineCache;
  readonly #forgotten: FinalizationRegistry<Held>;

  readonly device: GPUDevice;
  readonly counters: Counters;

  constructor(
    device: GPUDevice,
    counters: Counters,
    { budget, warnOfLeaks, isPolled }: ContextOptions,
  ) {
    this.device = device;
    this.counters = counters;
    this.losses = new Losses(isPolled ? new Naps() : null);
    this.pool = new BufferPool(device, this.losses, budget);
    this.constants = new ConstantCache(this.pool);
    this.pipelines = new PipelineCache(device, this.losses, () => counters.pipelines++);
    this.#forgotten = new FinalizationRegistry((held) => {
      if (this.isLost) return;
      if (warnOfLeaks)
        console.warn(`cotangent: ${held.label} was forgotten without destroy(); freed it now`);
      held.free();
    });
    // weak, because a device of the app may outlive many engines
    const self = new WeakRef(this);
    void device.lost.then((info) => {
      const why = [info.reason, info.message].filter(Boolean).join(': ');
      self
        .deref()
        ?.close(
          new DeviceLostError(
            `the GPU device was lost (${why}); results on it are gone, host data is not: call again, or with your own device call engine.restore(device) first`,
            { cause: info },
          ),
        );
    });
  }

  get isLost(): boolean {
    return this.losses.error !== null;
  }

  /** Frees `held` when `owner` is collected, unless it is let go before. */
  track(owner: object, held: Held): void {
    this.#forgotten.register(owner, held, owner);
  }

  untrack(owner: object): void {
    this.#forgotten.unregister(owner);
  }

  /** Rejects what is pending and destroys every buffer made here; the device stays. */
  close(error: DeviceLostError): void {
    if (this.isLost) return;
    this.losses.fail(error);
    this.pool.close();
  }
}
