/**
 * Whether every send of the job arrived, by the numbers of its producer instances (U4).
 *
 * Boundary: pure. What was sent is known from the producer's side, what arrived from ClickHouse.
 */
import type { SourceNumbers } from '../analytics/sources.ts';
import type { Check } from './checks.ts';

/** `sent` holds the last number of each instance. */
export function lossChecks(
  sent: ReadonlyMap<string, number>,
  found: readonly SourceNumbers[],
): readonly Check[] {
  if (sent.size === 0) return [];
  const arrived = new Map(found.map((source) => [source.sourceId, source]));
  const wrong = [...sent].flatMap(([sourceId, last]) => {
    const source = arrived.get(sourceId);
    if (source === undefined) return [`${sourceId}: none of ${last}`];
    const isWhole = source.last === last && source.missing === 0;
    return isWhole ? [] : [`${sourceId}: ${source.received} of ${last}, the largest ${source.last}`];
  });
  const sends = [...sent.values()].reduce((sum, last) => sum + last, 0);
  return [
    {
      name: 'every numbered send arrived, whatever became of it',
      holds: wrong.length === 0,
      detail:
        wrong.length === 0
          ? `${sends} sends of ${sent.size} sources, no number missing`
          : `${wrong.length}: ${wrong.slice(0, 5).join(', ')}`,
    },
  ];
}
