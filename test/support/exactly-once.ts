/**
 * What every test of faults ends with: all of it worked off, each accepted use charged once, and the replay agrees.
 *
 * Boundary: looks at a broker and at what its feed was acknowledged.
 */
import { expect } from 'vitest';
import { waitUntil } from '../../infra/embedded/wait.ts';
import { untilDrained } from '../../infra/main-job/drained.ts';
import { audit } from '../../infra/proof/audit.ts';
import { fateChecks } from '../../infra/proof/checks.ts';
import { rating } from '../../services/rating/processor.ts';
import { LIMITS } from '../../topology/limits.ts';
import { replayTask } from '../../topology/replay.ts';
import { type Feed, type OwnBroker, PARTITIONS } from './own-broker.ts';

const DRAIN_TIMEOUT_MS = 60_000;
const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);

export async function endOf({ log }: OwnBroker, topic: string): Promise<number> {
  const bounds = await log.bounds(partitions.map((partition) => ({ topic, partition })));
  return bounds.reduce((sum, { end }) => sum + end, 0);
}

/** Resolves when rating has committed a step that was not there at the call. */
export async function nextStep(broker: OwnBroker): Promise<void> {
  const before = await endOf(broker, 'rating-steps');
  const isThere = async (): Promise<boolean> => (await endOf(broker, 'rating-steps')) > before;
  expect(await waitUntil(isThere, { timeoutMs: DRAIN_TIMEOUT_MS, intervalMs: 5 })).toBe(true);
}

export async function drained({ log }: OwnBroker): Promise<void> {
  await untilDrained({ log, processors: [rating], timeoutMs: DRAIN_TIMEOUT_MS });
}

export async function expectExactlyOnce(broker: OwnBroker, feed: Feed): Promise<void> {
  const found = await audit(broker);
  const sent = new Map(feed.sent.entries());
  expect(fateChecks(found, sent).filter(({ holds }) => !holds)).toEqual([]);
  expect(found.charges.byKind.get('usage')).toBe(found.acceptedRecords);
  expect([...found.acceptedIds].filter((id) => !found.charges.usageIds.has(id))).toEqual([]);
  expect(found.charges.uniqueChargeIds).toBe(found.charges.records);
  for (const partition of partitions) {
    const report = await replayTask({ ...broker, processor: rating, partition, limits: LIMITS });
    expect(report.difference).toBeNull();
  }
}
