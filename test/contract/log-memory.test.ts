/**
 * Job: run the contract against the in-memory log.
 */

import { MemoryLog } from '../../topology/log-memory.ts';
import { logContract } from './log.contract.ts';

logContract('the in-memory log', async () => {
  const deaf = new Set<string>();
  let clock = 1_700_000_000_000;
  const log = new MemoryLog({
    now: () => {
      clock += 1;
      return clock;
    },
    faults: (point) => (point.at === 'commit' && deaf.delete(point.transactionalId) ? 'fail_after' : 'none'),
  });
  return {
    log,
    openTransaction: (id) => log.openTransaction(id),
    deafTransactor: (id, tenure) => {
      deaf.add(id);
      return log.transactor(id, { timeoutMs: 10_000, tenure });
    },
    loseMarkers: async (id, verdict, { kept, lost }) => {
      const transaction = await log.openTransaction(id);
      await transaction.write([...kept, ...lost]);
      for (const place of lost) log.loseMarker(place);
      await transaction[verdict]();
    },
    compact: async (topic, partition) => log.compact(topic, partition),
    truncate: async (topic, partition, start) => log.truncate(topic, partition, start),
    close: () => log.close(),
  };
});
