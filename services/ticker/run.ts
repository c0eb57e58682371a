/**
 * Job: tick at an interval until told to stop.
 *
 * Boundary: clock and pause come from `main.ts`, so a test runs hours in a moment.
 *
 * Invariants:
 *  1. A failed tick is tried again at the next interval; time in the log stands still meanwhile and then catches up
 *     in one tick.
 *  2. A fenced ticker ends: another one is at work.
 */
import type { Instant } from '../../schemas/instant.ts';
import { PublishError } from '../../topology/publish-error.ts';
import type { Ticker } from './ticker.ts';

export interface TickingOptions {
  readonly now: () => Instant;
  /** Resolves after the interval, or at once when the signal comes. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}

export async function tickUntil(
  ticker: Pick<Ticker, 'publishTick'>,
  options: TickingOptions,
  signal: AbortSignal,
): Promise<'stopped' | 'fenced'> {
  while (!signal.aborted) {
    try {
      await ticker.publishTick(options.now());
    } catch (error) {
      options.onTrouble(error);
      if (error instanceof PublishError && error.code === 'fenced') return 'fenced';
    }
    await options.pause(signal);
  }
  return 'stopped';
}
