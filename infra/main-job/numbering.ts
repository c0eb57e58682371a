/**
 * Numbers the sends of the main job, as every producer should: each instance counts 1, 2, 3 ... without gaps, and says
 * when it handed the event over (U4).
 *
 * Invariants:
 *  1. Every send has a number of its own, a repeat of the same use too.
 *  2. The instances of a run are new ones: a started producer does not know how far an earlier one came.
 */
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';

export interface NumberingOptions {
  readonly anchor: Instant;
  /** Which run of the job this is, from 1. */
  readonly run: number;
  readonly now: () => number;
}

export class Numbering {
  readonly #prefix: string;
  readonly #now: () => number;
  readonly #last = new Map<string, number>();

  constructor({ anchor, run, now }: NumberingOptions) {
    this.#prefix = `main-job-${anchor}-run-${run}`;
    this.#now = now;
  }

  /** The events as they are sent now, by the instances that their generator chose. */
  send(events: readonly UsageEvent[]): readonly UsageEvent[] {
    const sentAt = instantOfMillis(this.#now());
    return events.map((event) => {
      const sourceId = `${this.#prefix}/${event.sourceId ?? 'one'}`;
      const sourceSequence = (this.#last.get(sourceId) ?? 0) + 1;
      this.#last.set(sourceId, sourceSequence);
      return { ...event, sourceId, sourceSequence, sentAt };
    });
  }

  /** The last number of each instance. */
  lasts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#last);
  }
}
