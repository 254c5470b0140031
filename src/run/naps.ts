/** Of the time waited so far, what a nap takes: results are seen late by no more than that. */
const SHARE = 0.2;
/** Shorter naps are not worth falling asleep. */
const LEAST_MS = 0.05;
/** Longer ones would keep other work of the process waiting. */
const MOST_MS = 1;

/**
 * Node keeps WebGPU's promises by polling in a busy loop, on a core that an adapter which is a CPU could
 * compute on. While something is waited for, each turn of the loop takes a nap, the longer the longer it
 * has been waited.
 */
export class Naps {
  /** what nobody wakes it from */
  readonly #alarm = new Int32Array(new SharedArrayBuffer(4));
  #waiting = 0;
  #since = 0;
  #isOn = false;

  /** The promise, waited for with naps. */
  async until<T>(promise: Promise<T>): Promise<T> {
    if (this.#waiting++ === 0) this.#since = performance.now();
    if (!this.#isOn) this.#turn();
    try {
      return await promise;
    } finally {
      this.#waiting--;
      this.#since = performance.now(); // the next may follow soon
    }
  }

  #turn(): void {
    this.#isOn = this.#waiting > 0;
    if (!this.#isOn) return;
    const nap = SHARE * (performance.now() - this.#since);
    if (nap >= LEAST_MS) Atomics.wait(this.#alarm, 0, 0, Math.min(nap, MOST_MS));
    setImmediate(() => this.#turn());
  }
}

/** Whether promises of WebGPU are polled for here, on a thread that may take naps. */
export const isPolled = isNode() && canNap();

function isNode(): boolean {
  return 'process' in globalThis && 'versions' in process && 'node' in process.versions;
}

/** Windows of an app that is made with Node may not. */
function canNap(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
