/**
 * The moments at which the main job lets the clock tick.
 *
 * One tick begins the history. Then one comes after the start of each calendar month, late enough that the month has
 * begun in every time zone, and one at the anchor. Between two ticks everything is worked off, so what a tick starts
 * (base fees) is always done before the next one closes the month it belongs to.
 */
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';

const DAY_MS = 86_400_000;
/** The last time zone enters a day twelve hours after UTC. */
const EVERY_ZONE_MS = 13 * 3_600_000;

export function firstTick(anchor: Instant): Instant {
  return instantOfMillis(anchor - 31 * DAY_MS);
}

export function laterTicks(anchor: Instant): readonly Instant[] {
  const ticks: Instant[] = [];
  const month = new Date(firstTick(anchor));
  for (;;) {
    month.setUTCMonth(month.getUTCMonth() + 1, 1);
    month.setUTCHours(0, 0, 0, 0);
    const tick = month.getTime() + EVERY_ZONE_MS;
    if (tick >= anchor) break;
    ticks.push(instantOfMillis(tick));
  }
  return [...ticks, anchor];
}
