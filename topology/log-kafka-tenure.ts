/**
 * Job: tell whether a transactional id is still ours, from what its coordinator remembers of it.
 *
 * A former owner comes back after trouble of its own, a commit without an answer for instance. If somebody else has opened
 * the id meanwhile it must stand back: opening it anew would fence the new owner.
 *
 * Invariants (the coordinator's rules, with our identity of epoch e; only these bring an epoch further):
 *  1. An owner that opens the id while nothing is open makes e + 1, and its state is Empty; then it writes, Ongoing.
 *  2. One that opens it while our transaction is open has it aborted under e + 1, and asks again, which makes e + 2. Between
 *     the two nobody can tell it from a transaction that took too long, which is ours to go on from. Opening there is no harm:
 *     the new owner's second request comes later and fences us.
 *  3. In transactions of version 2 our own commit makes e + 1. In version 1 it leaves e.
 *  4. A commit under the last epoch but one goes on as epoch 0 of another producer id.
 *
 * The answer may be out of date when it comes, so whoever opens the id because of it names the epoch that was found: where
 * somebody else was faster, the coordinator refuses.
 */
import type { Identity } from './log.ts';
import type { LastTransaction } from './log-kafka-hanging.ts';
import type { TransactionVersion } from './log-kafka-transaction-requests.ts';

const epochBeforeLast = 32_766;

export function isStillOurs(held: Identity, last: LastTransaction, version: TransactionVersion): boolean {
  const isOwnCommit = version === 2 && last.verdict === 'commit';
  if (last.producerId !== held.producerId) {
    return isOwnCommit && last.producerEpoch === 0 && held.producerEpoch >= epochBeforeLast;
  }
  if (last.producerEpoch === held.producerEpoch) return true;
  if (last.producerEpoch !== held.producerEpoch + 1 || last.state === 'Ongoing') return false;
  return isOwnCommit || last.verdict === 'abort';
}
