/**
 * Job: fence the owners of other transactional ids that may write what we write (decisions/0008).
 *
 * Boundary: called once our own id is open; which ids are rivals is the caller's to say.
 *
 * Invariants:
 *  1. Every rival that a coordinator knows has a new epoch when it resolves, and no transaction open. One that none knows
 *     has never been opened; whoever opens it now will look for us and find us.
 *  2. How the last transaction of a rival ended is asked before it is fenced, which wipes that out.
 */
import { knownTransactions, type LastTransaction } from './log-kafka-hanging.ts';
import { findCoordinator, KafkaProducer, opening, type ProducerOptions } from './log-kafka-transaction.ts';

/** Returns how the last transaction of each rival that was fenced had ended. */
export async function fenceRivals(
  own: KafkaProducer,
  rivals: readonly string[],
  options: Omit<ProducerOptions, 'transactionalId'>,
): Promise<readonly LastTransaction[]> {
  if (rivals.length === 0) return [];
  const place = `rivals of ${own.transactionalId}`;
  const known = await own.client.retrying({ place, ...opening }, () => knownOf(own, rivals));
  const fenced: LastTransaction[] = [];
  for (const transactionalId of known) {
    fenced.push((await KafkaProducer.open({ ...options, transactionalId })).last);
  }
  return fenced;
}

async function knownOf({ client }: KafkaProducer, rivals: readonly string[]): Promise<readonly string[]> {
  const coordinators = await Promise.all(
    rivals.map(async (id) => ({ id, broker: await findCoordinator(client, id, 'transaction') })),
  );
  const known: string[] = [];
  for (const [broker, found] of Map.groupBy(coordinators, (each) => each.broker)) {
    const ids = found.map(({ id }) => id);
    known.push(...(await knownTransactions(client, broker, ids)).keys());
  }
  return known;
}
