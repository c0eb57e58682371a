/**
 * Lets many tasks run on one thread, one at a time, each up to its next call of the log.
 *
 * Job: an actor parks at every await that leaves the task; whoever holds the seed resumes one of the parked ones. An
 * actor that is never resumed has died there, with nothing closed and nothing caught, as a process does.
 *
 * Invariants:
 *  1. Between two parks only one actor runs, so the order of resumes decides everything.
 *  2. An actor that is forgotten leaves no timer and no listener behind.
 */

/** Where an actor is parked: before a call, after it, or in the middle of a commit. */
export type Point =
  | 'start'
  | 'open'
  | 'opened'
  | 'bounds'
  | 'reader'
  | 'fetch'
  | 'fetched'
  | 'schema'
  | 'commit'
  | 'written'
  | 'committed'
  | 'idle';

export class Actor {
  readonly name: string;
  readonly #scheduler: Scheduler;
  /** Continues the actor; null while it runs, or when it has ended. */
  resume: (() => void) | null = null;
  point: Point = 'start';
  ended = false;

  constructor(name: string, scheduler: Scheduler) {
    this.name = name;
    this.#scheduler = scheduler;
  }

  /** Waits until the scheduler resumes this actor. */
  park(point: Point): Promise<void> {
    this.point = point;
    return new Promise((resolve) => {
      this.resume = resolve;
      this.#scheduler.yielded();
    });
  }
}

export class Scheduler {
  #onYield: () => void = () => undefined;
  /** Who runs now; null between turns. */
  current: Actor | null = null;

  /** Starts an actor and returns when it has parked for the first time. */
  async start(actor: Actor, body: () => Promise<void>): Promise<void> {
    await this.#turn(actor, () => {
      void body().finally(() => {
        actor.ended = true;
        this.yielded();
      });
    });
  }

  /** Resumes a parked actor and returns when it has parked again or ended. */
  async resume(actor: Actor): Promise<void> {
    const { resume } = actor;
    if (resume === null) throw new Error(`${actor.name} is not parked`);
    actor.resume = null;
    await this.#turn(actor, resume);
  }

  yielded(): void {
    this.#onYield();
  }

  async #turn(actor: Actor, go: () => void): Promise<void> {
    const turn = new Promise<void>((resolve) => {
      this.#onYield = resolve;
    });
    this.current = actor;
    go();
    await turn;
    this.current = null;
  }
}
