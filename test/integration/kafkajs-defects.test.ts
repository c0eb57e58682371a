/**
 * Job: the defects of kafkajs that show only against a broker, on its stock producer and consumer and then, with the
 * same input, on ours. The table of all defects is in `test/contract/kafkajs-defects.test.ts`.
 */
import { type Consumer, Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type KafkaLog, openKafkaLog } from '../../topology/log-kafka.ts';
import { drain, fresh, freshTopic } from '../contract/log.harness.ts';
import { textRecord, valuesOf } from '../contract/log.records.ts';

const timeoutMs = 20_000;
const waiting = { timeout: 30_000, interval: 50 } as const;

let log: KafkaLog;
let kafka: Kafka;
const closers: (() => Promise<void>)[] = [];

beforeAll(() => {
  const brokers = inject('kafkaBrokers').split(',');
  log = openKafkaLog({ brokers, clientId: 'kafkajs-defects', requestTimeoutMs: 15_000 });
  kafka = new Kafka({ brokers, clientId: 'stock', logLevel: logLevel.NOTHING });
});

afterAll(async () => {
  for (const close of closers) await close();
  await log?.close();
});

async function stockProducer(transactionalId: string): Promise<Producer> {
  const producer = kafka.producer({
    transactionalId,
    maxInFlightRequests: 1,
    transactionTimeout: timeoutMs,
    createPartitioner: () => () => 0,
    retry: { initialRetryTime: 20 },
  });
  await producer.connect();
  closers.push(() => producer.disconnect());
  return producer;
}

interface Reading {
  readonly values: string[];
  readonly crashes: Error[];
  readonly consumer: Consumer;
}

/** A stock consumer at work; what its handler is given and whether it ever complains. */
async function stockReading(
  topic: string,
  group: string,
  options: { readonly fromBeginning: boolean },
): Promise<Reading> {
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 });
  const values: string[] = [];
  const crashes: Error[] = [];
  consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload.error));
  await consumer.connect();
  closers.push(() => consumer.disconnect());
  await consumer.subscribe({ topics: [topic], ...options });
  await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) });
  return { values, crashes, consumer };
}

function read(topic: string, decidedTo: number) {
  return drain(log, { topic, partition: 0, offset: 0 }, { decidedTo });
}

describe('a sequence that is used again after a failed send', () => {
  /** One topic takes the record, the other refuses it as too large: one request, one error for both. */
  async function twoTopics(): Promise<readonly [string, string]> {
    return [await freshTopic(log, 1), await freshTopic(log, 1, { 'max.message.bytes': '200' })];
  }
  const large = 'x'.repeat(1_000);

  test('loses data of kafkajs with a successful commit, and none of ours', async () => {
    const [topic, narrow] = await twoTopics();
    const producer = await stockProducer(fresh('tx'));
    const failed = await producer.transaction();
    const topicMessages = [topic, narrow].map((name) => ({ topic: name, messages: [{ value: large }] }));
    await expect(failed.sendBatch({ topicMessages })).rejects.toThrow();
    await failed.abort();
    const next = await producer.transaction();
    await next.send({ topic, messages: [{ value: 'lost' }] });
    await next.commit();
    const after = await producer.transaction();
    await after.send({ topic, messages: [{ value: 'kept' }] });
    await after.commit();
    const { records } = await read(topic, 4);
    expect(valuesOf(records)).toEqual(['kept']);
  });

  test('is not possible with ours, because an error ends the transactor', async () => {
    const [topic, narrow] = await twoTopics();
    const id = fresh('tx');
    const failing = await log.transactor(id, { timeoutMs });
    const records = [topic, narrow].map((name) => textRecord(name, 0, [null, large]));
    await expect(failing.commit({ records, groupPositions: null })).rejects.toMatchObject({ kind: 'fatal' });
    const second = { records: [textRecord(topic, 0, [null, 'lost'])], groupPositions: null };
    await expect(failing.commit(second)).rejects.toMatchObject({ code: 'TRANSACTOR_SPENT' });
    await failing.close();
    const next = await log.transactor(id, { timeoutMs });
    await next.commit(second);
    await next.commit({ records: [textRecord(topic, 0, [null, 'kept'])], groupPositions: null });
    await next.close();
    expect(valuesOf((await read(topic, 6)).records)).toEqual(['lost', 'kept']);
  });
});

describe('a position out of range', () => {
  test('makes kafkajs jump over records in silence, and ours stop', async () => {
    const topic = await freshTopic(log, 1);
    await log.append(['0', '1', '2', '3'].map((value) => textRecord(topic, 0, [null, value])));
    const admin = kafka.admin();
    await admin.connect();
    closers.push(() => admin.disconnect());
    const groupId = fresh('group');
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '1' }] });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
    const reading = await stockReading(topic, groupId, { fromBeginning: false });
    let appended = 0;
    await expect
      .poll(async () => {
        appended += 1;
        await log.append([textRecord(topic, 0, [null, `later ${appended}`])]);
        return reading.values.length;
      }, waiting)
      .toBeGreaterThan(0);
    expect(reading.values[0]).toMatch(/^later/);
    expect(reading.crashes).toEqual([]);
    await reading.consumer.stop();
    const limits = { fetchBytesMax: 100_000, partitionBytesMax: 100_000, fetchWaitMs: 100 };
    const reader = await log.reader({ positions: [{ topic, partition: 0, offset: 1 }], ...limits });
    await expect(reader.fetch()).rejects.toMatchObject({ kind: 'out_of_range' });
    await expect(reader.fetch()).rejects.toMatchObject({ kind: 'out_of_range' });
    await reader.close();
  });
});

describe('aborted records', () => {
  test('of interleaved producers are given to the handler of kafkajs, and never come out of ours', async () => {
    const topic = await freshTopic(log, 1);
    const [one, two] = await Promise.all(
      [1, 2].map(async () => {
        const producer = await log.producer(fresh('tx'), { timeoutMs });
        closers.push(() => producer.client.close());
        return producer.begin();
      }),
    );
    await one?.write([textRecord(topic, 0, [null, 'one'])]);
    await two?.write([textRecord(topic, 0, [null, 'two'])]);
    await one?.write([textRecord(topic, 0, [null, 'one again'])]);
    await two?.abort();
    await one?.abort();
    await log.append([textRecord(topic, 0, [null, 'plain'])]);
    const { records } = await read(topic, 6);
    expect(valuesOf(records)).toEqual(['plain']);
    const reading = await stockReading(topic, fresh('group'), { fromBeginning: true });
    await expect.poll(() => reading.values, waiting).toContain('plain');
    expect(reading.values.filter((value) => value !== 'plain')).not.toEqual([]);
    await reading.consumer.stop();
  });
});

describe('a commit that throws', () => {
  test('leaves the producer of kafkajs stuck; ours is spent, and the next one goes on', async () => {
    const topic = await freshTopic(log, 1);
    const id = fresh('tx');
    const stock = await stockProducer(id);
    const transaction = await stock.transaction();
    await transaction.send({ topic, messages: [{ value: 'fenced' }] });
    const owner = await log.transactor(id, { timeoutMs });
    await expect(transaction.commit()).rejects.toThrow();
    await expect(stock.transaction()).rejects.toThrow('in state "COMMITTING"');
    const thief = await log.transactor(id, { timeoutMs });
    const batch = { records: [textRecord(topic, 0, [null, 'ours'])], groupPositions: null };
    await expect(owner.commit(batch)).rejects.toMatchObject({ kind: 'fenced' });
    await expect(owner.commit(batch)).rejects.toMatchObject({ code: 'TRANSACTOR_SPENT' });
    await thief.commit(batch);
    await Promise.all([owner.close(), thief.close()]);
    expect(valuesOf((await read(topic, 4)).records)).toEqual(['ours']);
  });
});
