/**
 * Calls that replace one another: while one runs, only the newest of those that wait is kept. They run one
 * after the other, so that no result can come after that of a later call.
 */
export class Latest<T> {
  #busy = false;
  #next: (() => Promise<T>) | undefined;

  constructor(
    private readonly show: (result: T) => void,
    private readonly fail: (error: unknown) => void,
  ) {}

  ask(work: () => Promise<T>): void {
    this.#next = work;
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let work = this.#next; work; work = this.#next) {
      this.#next = undefined;
      try {
        this.show(await work());
      } catch (e) {
        // what was asked for since then is what the visitor looks at
        if (!this.#next) this.fail(e);
      }
    }
    this.#busy = false;
  }
}
