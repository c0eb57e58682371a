/**
 * Job: put time into the log, one tick after the other, each as one copy to every partition.
 *
 * Boundary: the clock is given by the caller; when to tick is the caller's business too (`main.ts` every second, a demo
 * when it wants time to pass). Nothing else in the system makes time move.
 *
 * Invariants:
 *  1. Sequence numbers count up by one and time never goes back, whoever ran before and whatever the clock says.
 *  2. All copies of a tick are written in one transaction, so no partition is ahead of time for good.
 *  3. There is one ticker: opening another fences the one before, and a fenced ticker never opens again by itself.
 */
import type { ClockTick } from '../../schemas/generated/clock-tick.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import type { Log } from '../../topology/log.ts';
import { PublishError } from '../../topology/publish-error.ts';
import { Publisher } from '../../topology/publisher.ts';
import { lastTick } from './last-tick.ts';

export interface TickerOptions {
  readonly log: Log;
  readonly directory: SchemaDirectory;
}

export class Ticker {
  readonly #options: TickerOptions;
  readonly #publisher: Publisher;
  #last: ClockTick | null = null;
  #isFenced = false;
  #turn: Promise<unknown> = Promise.resolve();
  /** Whether the last write may have happened, so the log must be asked before the next. */
  #isUnsure = false;

  private constructor(options: TickerOptions, publisher: Publisher) {
    this.#options = options;
    this.#publisher = publisher;
  }

  /** Takes over from any other ticker, and then reads where it stopped. */
  static async open(options: TickerOptions): Promise<Ticker> {
    const publisher = await Publisher.open({
      ...options,
      source: '/outcome-ledger/ticker',
      transactionalId: 'ticker',
      transactor: 'held',
    });
    const ticker = new Ticker(options, publisher);
    await ticker.#takeOver();
    return ticker;
  }

  /** The last tick in the log as far as we know; null when there is none. */
  get last(): ClockTick | null {
    return this.#last;
  }

  /** Writes the next tick with this time, or with the smallest later one if time would not move on otherwise. */
  publishTick(time: Instant): Promise<ClockTick> {
    const tick = this.#turn.then(() => this.#publish(time));
    this.#turn = tick.catch(() => undefined);
    return tick;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#publisher.close();
  }

  async #publish(time: Instant): Promise<ClockTick> {
    if (this.#isFenced) throw new PublishError('fenced', 'another ticker has taken over');
    if (this.#isUnsure) await this.#takeOver();
    const tick = nextTick(this.#last, time);
    this.#isUnsure = true;
    try {
      await this.#publisher.publishCopies([{ topic: 'clock-ticks', value: tick }]);
    } catch (error) {
      this.#isFenced = error instanceof PublishError && error.code === 'fenced';
      throw error;
    }
    this.#isUnsure = false;
    this.#last = tick;
    return tick;
  }

  async #takeOver(): Promise<void> {
    await this.#publisher.acquire();
    this.#last = await lastTick(this.#options.log, this.#options.directory);
    this.#isUnsure = false;
  }
}

function nextTick(last: ClockTick | null, time: Instant): ClockTick {
  if (last === null) return { sequence: 1, time };
  return { sequence: last.sequence + 1, time: instantOfMillis(Math.max(last.time + 1, time)) };
}
