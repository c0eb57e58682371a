/** The requests behind a transaction and a fetch, as they leave us: who is fenced, what is promised, in which order. */
import { describe, expect, test } from 'vitest';
import type { OutgoingRecord, Tenure } from '../../topology/log.ts';
import { encodeFetch } from '../../topology/log-kafka-fetch.ts';
import { KafkaProducer } from '../../topology/log-kafka-transaction.ts';
import { WireWriter } from '../../topology/log-kafka-wire.ts';
import { type Script, ScriptedKafka } from '../support/scripted-kafka.ts';

const POSITIONS = { group: 'rating', positions: [{ topic: 'usage-events', partition: 0, offset: 5 }] };

const WHOEVER = { producerId: -1, producerEpoch: -1 };
const HELD = { producerId: 7, producerEpoch: 2 };

async function opened(script?: Script, versionMax: 1 | 2 = 2, tenure?: Tenure) {
  const client = new ScriptedKafka(script);
  const producer = await KafkaProducer.open({
    client,
    transactionalId: 'rating-0',
    timeoutMs: 15_000,
    now: () => 0,
    versionMax,
    tenure,
  });
  return { client, producer };
}

function records(count: number, partition = 0): readonly OutgoingRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    topic: 'charges',
    partition,
    key: Buffer.from('acme'),
    value: Buffer.from([n]),
  }));
}

describe('a transactional identity', () => {
  test('is asked for under the very id that was given: so the former owner is fenced', async () => {
    const { client } = await opened();
    const request = { transactionalId: 'rating-0', timeoutMs: 15_000, expected: WHOEVER };
    expect(client.asked).toEqual([['InitProducerId', request]]);
  });

  test('that is still held is opened under the epoch that the coordinator named, and fences nobody who came since', async () => {
    const tenure = { identity: HELD };
    const { client, producer } = await opened({ known: HELD }, 2, tenure);
    expect(client.asked).toMatchObject([['InitProducerId', { expected: HELD }]]);
    expect(producer.isNew).toBe(false);
    await expect(opened({ known: HELD, isOvertaken: true }, 2, { identity: HELD })).rejects.toMatchObject({
      kind: 'fenced',
      code: 'TAKEN_OVER',
    });
  });

  test('that the coordinator has forgotten is opened like a new one, before its rivals are fenced', async () => {
    const { client, producer } = await opened({ known: null }, 2, { identity: HELD });
    expect(client.asked).toMatchObject([['InitProducerId', { expected: WHOEVER }]]);
    expect(producer.isNew).toBe(true);
  });

  test('counts the records of each partition, over all its transactions', async () => {
    const { client, producer } = await opened();
    for (const count of [3, 2, 4]) {
      const transaction = producer.begin();
      await transaction.write(records(count));
      await transaction.commit();
    }
    const other = producer.begin();
    await other.write(records(1, 1));
    const sequences = client.sent.map(({ partition, baseSequence, records: sent }) => [
      partition,
      baseSequence,
      sent,
    ]);
    expect(sequences).toEqual([
      [0, 0, 3],
      [0, 3, 2],
      [0, 5, 4],
      [1, 0, 1],
    ]);
  });

  test('stands on every batch with its epoch, and asks for all replicas', async () => {
    const { client, producer } = await opened();
    await producer.begin().write(records(1));
    expect(client.sent).toMatchObject([{ transactionalId: 'rating-0', producerEpoch: 3, acks: -1 }]);
  });
});

describe('a transaction', () => {
  test('sends nothing before all that takes part is enlisted', async () => {
    const enlisted = Promise.withResolvers<void>();
    const { client, producer } = await opened({ addPartitionsToTxn: () => enlisted.promise });
    const delivery = producer.begin().deliver({ records: records(1), groupPositions: POSITIONS });
    // Everything that could go on without the answer has gone on by then.
    await new Promise((resolve) => setImmediate(resolve));
    const early = client.asked.map(([request]) => request);
    enlisted.resolve();
    await delivery;
    expect(early).toEqual(['InitProducerId', 'AddPartitionsToTxn', 'AddOffsetsToTxn']);
    expect(client.asked.slice(3).map(([request]) => request)).toEqual(['Produce', 'TxnOffsetCommit']);
  });

  test.each([
    ['has never heard of versions', { transactionLevel: null }, 2, 7],
    ['has finalized version 1', { transactionLevel: 1 }, 2, 7],
    ['has finalized version 2', { transactionLevel: 2 }, 2, 12],
    ['has finalized a later one', { transactionLevel: 3 }, 2, 12],
    ['has version 2, but we are to use 1', { transactionLevel: 2 }, 1, 7],
  ] as const)('of a cluster that %s', async (_, script, versionMax, produceVersion) => {
    const { client, producer } = await opened(script, versionMax);
    await producer.begin().deliver({ records: records(1), groupPositions: POSITIONS });
    expect(client.sent.map(({ version }) => version)).toEqual([produceVersion]);
    expect(client.asked.some(([request]) => request === 'AddPartitionsToTxn')).toBe(produceVersion === 7);
  });

  test('of version 2 enlists by writing: one request at a time, then its end', async () => {
    const { client, producer } = await opened({ transactionLevel: 2 });
    const transaction = producer.begin();
    await transaction.deliver({ records: records(2), groupPositions: POSITIONS });
    await transaction.commit();
    expect(client.asked.slice(1)).toEqual([
      ['Produce', null],
      ['TxnOffsetCommit', null],
      ['EndTxn', true],
    ]);
  });

  test('of version 2 moves the epoch on, and sequences begin anew with it', async () => {
    const { client, producer } = await opened({ transactionLevel: 2 });
    for (const verdict of ['commit', 'abort', 'commit'] as const) {
      const transaction = producer.begin();
      await transaction.write(records(3));
      await transaction.write(records(1));
      await transaction[verdict]();
    }
    expect(client.sent.map(({ producerEpoch, baseSequence }) => [producerEpoch, baseSequence])).toEqual([
      [3, 0],
      [3, 3],
      [4, 0],
      [4, 3],
      [5, 0],
      [5, 3],
    ]);
  });

  test('of version 2 sends the same batch again while the markers before it are being written', async () => {
    const answers = [51, 51, 0];
    const { client, producer } = await opened({
      transactionLevel: 2,
      produceCode: () => answers.shift() ?? 0,
    });
    await producer.begin().write(records(2));
    expect(client.sent.map(({ baseSequence, records: sent }) => [baseSequence, sent])).toEqual([
      [0, 2],
      [0, 2],
      [0, 2],
    ]);
  });

  test.each([
    [10, 'fatal', 'MESSAGE_TOO_LARGE'],
    [47, 'fenced', 'INVALID_PRODUCER_EPOCH'],
    [6, 'retriable', 'NOT_LEADER_FOR_PARTITION'],
    [999, 'fatal', 'KAFKA_ERROR_999'],
  ])('fails when a batch is refused with code %i', async (produceCode, kind, code) => {
    const { producer } = await opened({ produceCode });
    await expect(producer.begin().write(records(1))).rejects.toMatchObject({ kind, code });
  });
});

test('a fetch asks for committed records only', () => {
  const frame = encodeFetch(new WireWriter(), [{ topic: 'charges', partition: 0, offset: 9 }], {
    clientId: 'test',
    limits: { fetchBytesMax: 1_000, partitionBytesMax: 500, fetchWaitMs: 50 },
  });
  // Size, key, version, correlation id and client id; then replica, wait, least and most bytes; then the isolation level.
  const isolationAt = 4 + 2 + 2 + 4 + (2 + 'test'.length) + 4 * 4;
  expect(frame.readInt32BE(isolationAt - 4)).toBe(1_000);
  expect(frame.readInt8(isolationAt)).toBe(1);
});
