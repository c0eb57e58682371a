/**
 * Kills a broker while it aborts transactions and counts how often what was aborted is committed by the next transaction.
 *
 * A broker that loads its open aborts before a partition has a leader gives up the marker of that partition; whoever
 * writes there next commits the old records along with the new. With `--unguarded` the next owner does not settle its
 * partitions first, which shows the broker's behaviour alone; without it, the count must be 0 (exit code 1 otherwise).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startStack } from '../../infra/embedded/stack.ts';
import { waitUntil } from '../../infra/embedded/wait.ts';
import type { TopicPartition } from '../../topology/log.ts';
import { type KafkaLog, openKafkaLog } from '../../topology/log-kafka.ts';
import { Cuts } from './cuts.ts';
import { KafkaProxy } from './kafka-proxy.ts';

const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const PARTITIONS = 20;
const TIMEOUT_MS = 15_000;
/** Neither is ever asked. */
const NOWHERE = { schemaRegistryUrl: 'http://127.0.0.1:1/', clickhouseUrl: 'http://127.0.0.1:1/' };

const { values } = parseArgs({
  options: { cycles: { type: 'string', default: '10' }, unguarded: { type: 'boolean', default: false } },
});

function placesOf(topic: string): readonly TopicPartition[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }));
}

function records(topic: string, text: string) {
  return placesOf(topic).map((place) => ({ ...place, key: null, value: Buffer.from(text) }));
}

/** Each id has a topic of its own, of the same name. */
async function createTopics(): Promise<void> {
  const log = openKafkaLog({ brokers: [stack.kafkaBrokers], clientId: 'markers' });
  const specs = IDS.map((name) => ({ name, partitions: PARTITIONS, replicationFactor: 1, config: {} }));
  await log.admin.createTopics(specs).catch(() => undefined);
  const isThere = async (): Promise<boolean> =>
    (await Promise.all(IDS.map((id) => log.partitionCount(id)))).every((count) => count === PARTITIONS);
  if (!(await waitUntil(isThere, { timeoutMs: TIMEOUT_MS }))) throw new Error('the topics did not come up');
  await log.close();
}

/** Opens a transaction, writes to every partition, and asks for an abort. */
async function abort(log: KafkaLog, topic: string, cycle: number): Promise<void> {
  const producer = await log.producer(topic, { timeoutMs: TIMEOUT_MS });
  const open = producer.begin();
  await open.write(records(topic, `aborted ${cycle}`));
  await open.abort().catch(() => undefined);
  await producer.client.close();
}

async function commit(log: KafkaLog, topic: string, cycle: number): Promise<void> {
  const owned = values.unguarded ? [] : placesOf(topic);
  const transactor = await log.transactor(topic, { timeoutMs: TIMEOUT_MS, owned });
  await transactor.commit({ records: records(topic, `committed ${cycle}`), groupPositions: null });
  await transactor.close();
}

/** Partitions in which a committed reader meets a record of an aborted transaction; each must hold the last commit. */
async function wronglyCommitted(log: KafkaLog, topic: string, cycle: number): Promise<number> {
  const reader = await log.reader({
    positions: placesOf(topic).map((place) => ({ ...place, offset: 0 })),
    fetchBytesMax: 1 << 20,
    partitionBytesMax: 1 << 16,
    fetchWaitMs: 50,
  });
  const open = new Set(placesOf(topic).map(({ partition }) => partition));
  const wrong = new Set<number>();
  while (open.size > 0) {
    for (const { partition, records: found } of await reader.fetch()) {
      for (const value of found.map((record) => String(record.value))) {
        if (value === `aborted ${cycle}`) wrong.add(partition);
        if (value === `committed ${cycle}`) open.delete(partition);
      }
    }
  }
  await reader.close();
  return wrong.size;
}

const stateDir = await mkdtemp(join(tmpdir(), 'lost-markers-'));
const stack = await startStack({ stateDir, env: NOWHERE });
const cuts = new Cuts();
const proxy = await KafkaProxy.open(stack.kafkaBrokers, cuts.judge);
const { kafka } = stack.parts;
await createTopics();
let cyclesWithLoss = 0;
for (let cycle = 1; cycle <= Number(values.cycles); cycle += 1) {
  const log = openKafkaLog({ brokers: [proxy.address], clientId: 'markers' });
  const killed = cuts.arm(
    { api: 'EndTxn', at: 'reply', nth: 1 + (cycle % IDS.length) },
    { meanwhile: () => kafka.kill('SIGKILL') },
  );
  await Promise.all(IDS.map((id) => abort(log, id, cycle).catch(() => undefined)));
  await killed;
  await log.close();
  await kafka.restart();
  const after = openKafkaLog({ brokers: [proxy.address], clientId: 'markers' });
  await Promise.all(IDS.map((id) => commit(after, id, cycle)));
  const wrong = await Promise.all(IDS.map((id) => wronglyCommitted(after, id, cycle)));
  const partitions = wrong.reduce((sum, count) => sum + count, 0);
  if (partitions > 0) cyclesWithLoss += 1;
  process.stdout.write(
    `cycle ${cycle}: aborted records committed in ${partitions} of ${IDS.length * PARTITIONS} partitions\n`,
  );
  await after.close();
}
await proxy.close();
await stack.stop();
await rm(stateDir, { recursive: true, force: true });
process.stdout.write(`${cyclesWithLoss} of ${values.cycles} kills made an abort a commit\n`);
process.exitCode = cyclesWithLoss === 0 || values.unguarded ? 0 : 1;
