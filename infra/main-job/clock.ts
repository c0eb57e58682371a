/**
 * The moments at which the main job lets the clock tick.
 *
 * One tick begins the history and one, at the anchor, ends it. Between them two come for each moment at which a month
 * closes in one of the accounts' time zones: one a millisecond earlier, which starts everything that is due until then
 * (base fees, fallbacks), and one that closes. Between two ticks everything is worked off, so nothing that belongs to a
 * month races with its close.
 */
import { billingPeriodOf } from '../../schemas/billing-period.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import { CLOSE_GRACE_MS } from '../../services/invoice-rollups/processor.ts';
import { ZONES } from './world.ts';

const DAY_MS = 86_400_000;

export function firstTick(anchor: Instant): Instant {
  return instantOfMillis(anchor - 31 * DAY_MS);
}

export function laterTicks(anchor: Instant): readonly Instant[] {
  const closes = new Set(ZONES.flatMap((zone) => closesOf(zone, anchor)));
  const pairs = [...closes].sort((a, b) => a - b).flatMap((close) => [close - 1, close]);
  return [...pairs.map(instantOfMillis), anchor];
}

/** When the months that end within the job's history close in this zone. */
function closesOf(zone: string, anchor: Instant): readonly number[] {
  const closes: number[] = [];
  for (let at = firstTick(anchor); ; ) {
    const { end } = billingPeriodOf(at, zone);
    const close = end + CLOSE_GRACE_MS;
    if (close >= anchor) return closes;
    closes.push(close);
    at = end;
  }
}
