import { DeviceLostError, ValidationError } from '../util/errors.ts';
import type { Naps } from './naps.ts';

/** What the error scopes around some commands caught. */
export interface Caught {
  readonly validation: GPUError | null;
  readonly outOfMemory: GPUError | null;
}

const nothing: GPUError | null = null;

/**
 * Runs `commands` inside error scopes. The commands must be synchronous: scopes are a stack of the
 * device, and nothing of the app may come between. No error inside reaches the app's
 * `uncapturederror` handlers.
 */
export function scoped<T>(
  device: GPUDevice,
  memory: boolean,
  commands: () => T,
): { value: T; caught: Promise<Caught> } {
  device.pushErrorScope('validation');
  if (memory) device.pushErrorScope('out-of-memory');
  let outOfMemory: Promise<GPUError | null> | undefined;
  let validation: Promise<GPUError | null> | undefined;
  let value: T;
  try {
    value = commands();
  } finally {
    // a lost device may reject here; whoever waits learns of the loss from `Losses`
    if (memory) outOfMemory = device.popErrorScope().catch(() => nothing);
    validation = device.popErrorScope().catch(() => nothing);
  }
  const caught = outOfMemory
    ? Promise.all([validation, outOfMemory]).then(([v, m]) => ({ validation: v, outOfMemory: m }))
    : validation.then((v) => ({ validation: v, outOfMemory: null }));
  return { value, caught };
}

/** A GPU validation error as an error of this package. */
export function validationError(who: string, error: GPUError): ValidationError {
  return new ValidationError(`${who}: the GPU refused a command: ${error.message}`, {
    cause: error,
  });
}

/**
 * Lets promises of a device fail when the device is lost: after a loss some never settle and some
 * resolve as if all were well. (`Promise.race` with `device.lost` would pile up one reaction for
 * each call for as long as the device lives.)
 */
export class Losses {
  #pending = new Set<(error: Error) => void>();
  #error: DeviceLostError | null = null;

  /** @param naps how the device is waited for; null: as the platform does */
  constructor(private readonly naps: Naps | null = null) {}

  /** why the device is gone; null while it is there */
  get error(): DeviceLostError | null {
    return this.#error;
  }

  /** From now on every guarded promise, pending or to come, rejects. */
  fail(error: DeviceLostError): void {
    if (this.#error) return;
    this.#error = error;
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const reject of pending) reject(error);
  }

  /** `promise`, rejected with a `DeviceLostError` as soon as the device is lost. */
  guard<T>(promise: Promise<T>): Promise<T> {
    const guarded = new Promise<T>((resolve, reject) => {
      if (this.#error) {
        promise.catch(() => undefined);
        reject(this.#error);
        return;
      }
      this.#pending.add(reject);
      promise.then(
        (value) => {
          this.#pending.delete(reject);
          resolve(value);
        },
        (error: Error) => {
          this.#pending.delete(reject);
          reject(error);
        },
      );
    });
    return this.naps?.until(guarded) ?? guarded;
  }
}
