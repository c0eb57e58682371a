/**
 * Our side of the peer bench: a process that the peer's driver starts in place of its own program.
 *
 * The runtime is that of a service process (`topology/share.ts` and below it); only its names, schema ids and processor
 * are other ones. Like the peer, it publishes its positions with every transaction.
 */
import pino from 'pino';
import { z } from 'zod';
import { topicSpecs } from '../../../infra/apply/topic-specs.ts';
import { LIMITS } from '../../../topology/limits.ts';
import type { Log } from '../../../topology/log.ts';
import { openKafkaLog } from '../../../topology/log-kafka.ts';
import { runInstance } from '../../../topology/share.ts';
import { serviceTopics } from '../../../topology/topics.ts';
import { MappedLog } from './mapped-log.ts';
import { readPeerPrices } from './prices.ts';
import { peerLedger } from './processor.ts';
import { PEER_RECORDS, PeerDirectory, usePeerRecords } from './records.ts';

const Environment = z.object({
  BROKER: z.string().min(1),
  IN_TOPIC: z.string().min(1),
  OUT_TOPIC: z.string().min(1),
  GROUP: z.string().min(1),
  PARTITIONS: z.coerce.number().int().positive(),
  COMMIT_MS: z.coerce.number().int().nonnegative(),
  PEER_PRICES: z.string().min(1),
});

async function createOwnTopics(log: Log, group: string, partitions: number): Promise<Record<string, string>> {
  const own = Object.values(serviceTopics('rating'));
  const theirs = Object.fromEntries(own.map((name) => [name, `${group}-${name}`]));
  const known = await log.admin.describeTopics(Object.values(theirs));
  const specs = topicSpecs({ partitions, replicationFactor: 1 })
    .filter(({ name }) => own.includes(name))
    .map((spec) => ({ ...spec, name: theirs[spec.name] ?? spec.name }))
    .filter(({ name }) => (known.get(name) ?? null) === null);
  if (specs.length > 0) await log.admin.createTopics(specs);
  return theirs;
}

async function main(signal: AbortSignal): Promise<void> {
  const env = Environment.parse(process.env);
  usePeerRecords();
  const kafka = openKafkaLog({ brokers: [env.BROKER], clientId: env.GROUP });
  const own = await createOwnTopics(kafka, env.GROUP, env.PARTITIONS);
  const topics = { ...own, 'payment-events': env.IN_TOPIC, charges: env.OUT_TOPIC };
  const log = new MappedLog(kafka, { topics, group: env.GROUP });
  try {
    const options = {
      processor: peerLedger(readPeerPrices(env.PEER_PRICES)),
      log,
      directory: new PeerDirectory(PEER_RECORDS),
      limits: { ...LIMITS, commitIntervalMs: env.COMMIT_MS, positionsIntervalMs: 0 },
      logger: pino({ base: { group: env.GROUP } }),
      signal,
    };
    await runInstance(options, '0/1');
  } finally {
    await log.close();
  }
}

const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
await main(stopping.signal);
