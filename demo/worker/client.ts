import { wrap, type Remote } from 'comlink';
import type { Service } from './worker.ts';

let service: Remote<Service> | undefined;

/** The worker of this page, started when it is first needed. */
export function worker(): Remote<Service> {
  service ??= wrap<Service>(
    new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'cotangent' }),
  );
  return service;
}

/**
 * Calls that replace one another: while one runs, only the newest of those that wait is kept, and only the
 * result of a call that no later one has overtaken is shown.
 */
export class Latest<T> {
  #busy = false;
  #next: (() => Promise<T>) | undefined;

  constructor(
    private readonly show: (result: T) => void,
    private readonly fail: (error: unknown) => void,
  ) {}

  /** Whether something runs or waits. */
  get busy(): boolean {
    return this.#busy;
  }

  ask(work: () => Promise<T>): void {
    this.#next = work;
    if (!this.#busy) void this.#run();
  }

  /** Nothing that was asked for so far will be shown. */
  cancel(): void {
    this.#next = undefined;
    this.#cancelled = true;
  }

  #cancelled = false;

  async #run(): Promise<void> {
    this.#busy = true;
    for (let work = this.#next; work; work = this.#next) {
      this.#next = undefined;
      this.#cancelled = false;
      try {
        const result = await work();
        if (!this.#cancelled) this.show(result);
      } catch (e) {
        if (!this.#cancelled && !this.#next) this.fail(e);
      }
    }
    this.#busy = false;
  }
}
