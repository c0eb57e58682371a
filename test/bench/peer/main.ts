/**
 * Our side of the peer bench: a process that the peer's driver starts in place of its own program.
 *
 * The runtime is that of a service process (`topology/share.ts` and below it); only its names, schema ids and processor
 * are other ones. Like the peer, it publishes its positions with every transaction.
 *
 * Where there are as many partitions, each of `OUR_THREADS` threads has a share of them, as processes would have: the driver
 * counts one process.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
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
  OUR_THREADS: z.coerce.number().int().positive(),
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

async function runShare(share: string, signal: AbortSignal): Promise<void> {
  const env = Environment.parse(process.env);
  usePeerRecords();
  const kafka = openKafkaLog({ brokers: [env.BROKER], clientId: env.GROUP });
  const own = await createOwnTopics(kafka, env.GROUP, env.PARTITIONS);
  const topics = { ...own, 'cost-events': env.IN_TOPIC, charges: env.OUT_TOPIC };
  const log = new MappedLog(kafka, { topics, group: env.GROUP });
  try {
    if (isMainThread) startOthers(Math.min(env.OUR_THREADS, env.PARTITIONS), signal);
    const options = {
      processor: peerLedger(readPeerPrices(env.PEER_PRICES)),
      log,
      directory: new PeerDirectory(PEER_RECORDS),
      limits: { ...LIMITS, commitIntervalMs: env.COMMIT_MS, positionsIntervalMs: 0 },
      logger: pino({ base: { group: env.GROUP } }),
      signal,
    };
    await runInstance(options, share);
  } finally {
    await log.close();
  }
}

/** The topics exist by now. A thread that fails ends the process, because nobody would do its part. */
function startOthers(threads: number, signal: AbortSignal): void {
  for (let k = 1; k < threads; k += 1) {
    const worker = new Worker(new URL(import.meta.url), { workerData: `${k}/${threads}` });
    signal.addEventListener('abort', () => worker.postMessage('stop'));
  }
}

const stopping = new AbortController();
const stop = (): void => stopping.abort();
if (isMainThread) process.once('SIGTERM', stop);
else parentPort?.once('message', stop);
const { OUR_THREADS, PARTITIONS } = Environment.parse(process.env);
const ownShare = isMainThread ? `0/${Math.min(OUR_THREADS, PARTITIONS)}` : String(workerData);
await runShare(ownShare, stopping.signal);
