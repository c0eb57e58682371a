/**
 * Transactions exactly as the runtime commits them: a rating task works off uses on a log in memory, and what each of
 * its commits holds is kept.
 *
 * Boundary: the batches hold no positions of a group, because a plain append could not carry them.
 */

import { rating } from '../../services/rating/processor.ts';
import { LIMITS } from '../../topology/limits.ts';
import { shareOf } from '../../topology/lock.ts';
import type { OutgoingRecord } from '../../topology/log.ts';
import { MemoryLog } from '../../topology/log-memory.ts';
import { Task } from '../../topology/task.ts';
import { serviceTopics } from '../../topology/topics.ts';
import { logWith } from '../support/log-double.ts';
import { writtenIn } from '../support/packed.ts';
import { kernelCase } from './kernel.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const ACCOUNTS = 1_000;
/** More than any of these steps holds, so that none is cut in two. */
const BYTES_MAX = 1 << 28;

export const BATCH_TOPICS: readonly string[] = [
  ...rating.outputs,
  ...Object.values(serviceTopics(rating.service)),
];

/** `batches` transactions, each of a step of `uses` uses. */
export async function capturedBatches(
  uses: number,
  batches: number,
): Promise<readonly (readonly OutgoingRecord[])[]> {
  const work = kernelCase({ accounts: ACCOUNTS, uses: uses * batches });
  const memory = new MemoryLog({ now: () => NOW });
  const topics = [...rating.inputs, ...BATCH_TOPICS];
  await memory.admin.createTopics(
    topics.map((name) => ({ name, partitions: 1, replicationFactor: 1, config: {} })),
  );
  for (const { topic, records } of work.reference) await append(memory, topic, records);
  const captured: (readonly OutgoingRecord[])[] = [];
  const log = logWith(memory, {
    async transactor(id, options) {
      const inner = await memory.transactor(id, options);
      return {
        transactionalId: id,
        commit(batch) {
          captured.push(writtenIn(batch));
          return inner.commit(batch);
        },
        close: () => inner.close(),
      };
    },
  });
  const bytes = { stepBytesMax: BYTES_MAX, fetchBytesMax: BYTES_MAX, partitionBytesMax: BYTES_MAX };
  const limits = { ...LIMITS, ...bytes, fetchWaitMs: 0, stepRecordsMax: uses };
  const task = await Task.acquire({
    log,
    directory: work.directory,
    processor: rating,
    share: shareOf(rating.service, { k: 0, n: 1 }, 1),
    limits,
  });
  const worked = async (): Promise<void> => {
    await task.inbox.fill();
    while ((await task.step()).length > 0);
  };
  await worked();
  captured.length = 0;
  for (let start = 0; captured.length < batches; start += uses) {
    await append(memory, 'usage-events', work.uses.slice(start, start + uses));
    await worked();
  }
  await task.close();
  return captured;
}

async function append(
  log: MemoryLog,
  topic: string,
  records: readonly { readonly key: Buffer | null; readonly value: Buffer | null }[],
): Promise<void> {
  await log.append(records.map(({ key, value }) => ({ topic, partition: 0, key, value })));
}
