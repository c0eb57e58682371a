/**
 * A commit that arrives when its sender has given up: the broker must refuse it, and it must never end a later
 * transaction of the same id.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type KafkaLog, openKafkaLog } from '../../topology/log-kafka.ts';
import { Cuts } from './cuts.ts';
import { endErrorOf } from './kafka-frames.ts';
import { KafkaProxy } from './kafka-proxy.ts';

const TOPIC = 'torn-transactions';
const ROUNDS = 60;
const TIMEOUTS = { timeoutMs: 15_000 };
/** What a broker answers to somebody whose epoch is over. */
const FENCED: ReadonlySet<number | null> = new Set([47, 90]);

const cuts = new Cuts();
let proxy: KafkaProxy;
let log: KafkaLog;

beforeAll(async () => {
  proxy = await KafkaProxy.open(inject('kafkaBrokers'), cuts.judge);
  log = openKafkaLog({ brokers: [proxy.address], clientId: 'torn' });
  await log.admin.createTopics([{ name: TOPIC, partitions: 1, replicationFactor: 1, config: {} }]);
});

afterAll(async () => {
  await log?.close();
  await proxy?.close();
});

function record(text: string) {
  return { topic: TOPIC, partition: 0, key: null, value: Buffer.from(text) };
}

/** All committed values; reading ends at a value that was written last. */
async function committedUpTo(last: string): Promise<readonly string[]> {
  const reader = await log.reader({
    positions: [{ topic: TOPIC, partition: 0, offset: 0 }],
    fetchBytesMax: 1 << 20,
    partitionBytesMax: 1 << 20,
    fetchWaitMs: 50,
  });
  const values: string[] = [];
  while (values.at(-1) !== last) {
    for (const { records } of await reader.fetch()) values.push(...records.map(({ value }) => String(value)));
  }
  await reader.close();
  return values;
}

test(`a late commit commits nothing, ${ROUNDS} times`, async () => {
  const expected: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = await log.transactor('torn', TIMEOUTS);
    const keeping = cuts.keep({ api: 'EndTxn', clientId: 'torn' });
    const given = first.commit({ records: [record(`lost-${round}`)], groupPositions: null });
    await expect(given).rejects.toMatchObject({ kind: 'unknown_outcome' });
    const late = await keeping;
    await first.close();

    const producer = await log.producer('torn', TIMEOUTS);
    const next = producer.begin();
    await next.write([record(`open-${round}`)]);
    const answer = await late.deliver();
    expect(FENCED).toContain(answer === null ? null : endErrorOf(answer, late.asked));
    if (round % 2 === 0) {
      await next.commit();
      expected.push(`open-${round}`);
    } else await next.abort();
    await producer.client.close();
  }
  const end = await log.transactor('torn', TIMEOUTS);
  await end.commit({ records: [record('end')], groupPositions: null });
  await end.close();
  expect(await committedUpTo('end')).toEqual([...expected, 'end']);
});

test('a commit that arrives before its sender is replaced counts, late or not', async () => {
  const first = await log.transactor('torn-in-time', TIMEOUTS);
  const keeping = cuts.keep({ api: 'EndTxn', clientId: 'torn' });
  const given = first.commit({ records: [record('in time')], groupPositions: null });
  await expect(given).rejects.toMatchObject({ kind: 'unknown_outcome' });
  const late = await keeping;
  const answer = await late.deliver();
  expect(answer === null ? null : endErrorOf(answer, late.asked)).toBe(0);
  await first.close();
  expect((await committedUpTo('in time')).at(-1)).toBe('in time');
});
