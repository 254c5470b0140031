/** Shorter waits are not worth a timer, which is good to a millisecond or two. */
const LEAST_MS = 6;
/** Share of the shortest time a program took lately that can be slept through. */
const SHARE = 0.75;
/** Share of the time in which a result was there when it was looked at, that may have been enough. */
const ENOUGH = 0.25;
/** A read that comes later than after this share of a time tells nothing of it: what came before took some. */
const SOON = 0.25;
/** Times remembered of each program. */
const REMEMBERED = 4;
/** Runs looked after at once; of more, no time is expected. */
const MOST_RUNS = 256;
/** A result that is there so soon after a sleep may have been there before its end. */
const AT_ONCE_MS = 0.3;

interface Run {
  readonly program: object;
  readonly number: number;
}

/**
 * How long the device will still be at work. Node keeps WebGPU's promises by polling in a busy loop, on a
 * core that an adapter which is a CPU could compute on: there, a wait is slept through as far as earlier
 * runs tell that the result will not be there sooner.
 */
export class Patience {
  /** by program; not of its first run, which may have had to wait for its kernels */
  readonly #times = new WeakMap<object, number[]>();
  #flying: Run[] = [];
  #started = 0;
  /** since when the first of the runs under way has had the device */
  #since = 0;

  /** runs whose results nobody read may still be under way */
  #isCrowded = false;

  /** A run of `program` was submitted. */
  started(program: object): void {
    if (this.#flying.length === MOST_RUNS) {
      this.#flying = [];
      this.#isCrowded = true;
    }
    if (this.#flying.length === 0) this.#since = performance.now();
    this.#flying.push({ program, number: ++this.#started });
  }

  /**
   * Makes `promise` once all that was started until now is nearly done, and learns from when it settles.
   * What is started later is not waited for.
   */
  async until<T>(promise: () => Promise<T>): Promise<T> {
    const last = this.#started;
    const asked = performance.now();
    const left = this.#left(last);
    if (left >= LEAST_MS) await new Promise((resolve) => setTimeout(resolve, left));
    const awake = performance.now();
    const value = await promise();
    const isOverslept = left >= LEAST_MS && performance.now() - awake < AT_ONCE_MS;
    this.#ended(last, asked, isOverslept);
    return value;
  }

  #left(last: number): number {
    // of several runs the longest: a time holds some that they do not all need
    const expected = Math.max(
      0,
      ...this.#flying
        .filter((run) => run.number <= last)
        .map(({ program }) => this.#shortest(program)),
    );
    return Math.floor(SHARE * expected - (performance.now() - this.#since));
  }

  #shortest(program: object): number {
    const times = this.#times.get(program);
    return times?.length ? Math.min(...times) : 0;
  }

  /** @param isOverslept it may have ended before it was looked at */
  #ended(last: number, asked: number, isOverslept: boolean): void {
    const now = performance.now();
    const ended = this.#flying.filter((run) => run.number <= last);
    const [only] = ended;
    if (!only) return; // another read of the same results came first
    const took = now - this.#since;
    if (ended.length === 1 && !this.#isCrowded && asked - this.#since <= SOON * took) {
      const time = took * (isOverslept ? ENOUGH : 1);
      const times = this.#times.get(only.program);
      this.#times.set(only.program, times ? [...times, time].slice(-REMEMBERED) : []);
    }
    this.#flying = this.#flying.filter((run) => run.number > last);
    this.#isCrowded = false;
    this.#since = now;
  }
}

/** Whether promises of WebGPU are polled for here. */
export const isPolled =
  'process' in globalThis && 'versions' in process && 'node' in process.versions;
