/** Lets a limited number of tasks run at once, keeps the others waiting in order, and refuses them beyond a limit. */

export interface GateOptions {
  readonly concurrentMax: number;
  readonly waitingMax: number;
  readonly refuse: () => Error;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  async pass<T>(task: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#options.concurrentMax) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#options.waitingMax) throw this.#options.refuse();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes straight to the next in line, so that nobody slips in between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
