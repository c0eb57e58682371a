/**
 * Job: end transactions whose markers a broker has lost ("hanging", KIP-664).
 *
 * A broker killed while markers are being written may come back and never write the rest. Readers of the partition then
 * wait for ever, and the next commit of the same producer would commit what was aborted.
 *
 * Boundary: called by the only writer of the partitions, who has just opened its producer and fenced its rivals: the
 * coordinators have ended everything they know of, so what is still open there is nobody's any more.
 *
 * Invariants:
 *  1. Nothing is ended that a coordinator may still be ending: only what stays undecided for `patienceMs`.
 *  2. What is written is the coordinator's own verdict on the last transaction of its id. Where that is not known,
 *     nothing is written and the task ends with the way out: guessing could lose half of a committed step.
 *  3. When it resolves, everything in the partitions is decided.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { LogError, type TopicPartition } from './log.ts';
import type { KafkaClient } from './log-kafka-client.ts';
import { errorOfCode } from './log-kafka-errors.ts';
import { askFlexibly } from './log-kafka-flexible.ts';
import { listOffsets } from './log-kafka-offsets.ts';
import type { WireReader } from './log-kafka-wire.ts';

const describeProducers = { apiKey: 61, apiVersion: 0, apiName: 'DescribeProducers' } as const;
const writeTxnMarkers = { apiKey: 27, apiVersion: 1, apiName: 'WriteTxnMarkers' } as const;
const describeTransactions = { apiKey: 65, apiVersion: 0, apiName: 'DescribeTransactions' } as const;
const idNotFound = 105;
const noTransaction: LastTransaction = {
  producerId: -1,
  producerEpoch: -1,
  state: 'none',
  verdict: null,
};
/** What is ongoing when the next producer opens is aborted by that. */
const verdicts: Readonly<Record<string, 'commit' | 'abort'>> = {
  Ongoing: 'abort',
  PrepareAbort: 'abort',
  CompleteAbort: 'abort',
  PrepareEpochFence: 'abort',
  PrepareCommit: 'commit',
  CompleteCommit: 'commit',
};
const patienceMs = 1_000;
const pauseMs = 20;

/** How a coordinator remembers the last transaction of an id, before its next producer is opened. */
export interface LastTransaction {
  /** -1 where no coordinator knows the id. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly state: string;
  /** Null when the state does not tell. */
  readonly verdict: 'commit' | 'abort' | null;
}

interface OpenProducer extends TopicPartition {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly startOffset: number;
}

/** To be asked before InitProducerId, which wipes it out. */
export async function lastTransaction(
  client: KafkaClient,
  coordinator: number,
  transactionalId: string,
): Promise<LastTransaction> {
  const known = await knownTransactions(client, coordinator, [transactionalId]);
  return known.get(transactionalId) ?? noTransaction;
}

/** The last transaction of each id that this coordinator knows. */
export async function knownTransactions(
  client: KafkaClient,
  coordinator: number,
  transactionalIds: readonly string[],
): Promise<ReadonlyMap<string, LastTransaction>> {
  const reader = await askFlexibly(client, { broker: coordinator, ...describeTransactions }, (writer) => {
    writer.compactArray(transactionalIds, (id) => writer.compactString(id));
  });
  reader.int32();
  const found = reader.compactArray(() => describedTransaction(reader));
  const known = found.filter(({ errorCode }) => errorCode !== idNotFound);
  for (const { errorCode, id } of known) {
    if (errorCode !== 0) throw errorOfCode(errorCode, `DescribeTransactions of ${id}`);
  }
  return new Map(known.map(({ id, last }) => [id, last]));
}

function describedTransaction(reader: WireReader) {
  const errorCode = reader.int16();
  const id = reader.compactString() ?? '';
  const state = reader.compactString() ?? '';
  reader.int32();
  reader.int64();
  const producerId = reader.int64();
  const producerEpoch = reader.int16();
  reader.compactArray(() => {
    reader.compactString();
    reader.compactArray(() => reader.int32());
    reader.skipTags();
  });
  reader.skipTags();
  const last: LastTransaction = { producerId, producerEpoch, state, verdict: verdicts[state] ?? null };
  return { errorCode, id, last };
}

export async function endHanging(
  client: KafkaClient,
  places: readonly TopicPartition[],
  last: readonly LastTransaction[],
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  let undecided = await undecidedOf(client, places);
  while (undecided.length > 0 && performance.now() < deadline) {
    await pause(pauseMs);
    undecided = await undecidedOf(client, undecided);
  }
  if (undecided.length === 0) return;
  for (const [leader, ofLeader] of await client.byLeader(undecided)) {
    for (const producer of await openProducers(client, leader, ofLeader)) {
      await mark(client, leader, { ...producer, verdict: verdictOn(producer, last) });
    }
  }
  const left = await undecidedOf(client, undecided);
  if (left.length > 0) throw new LogError('retriable', 'STILL_UNDECIDED', left.map(placeOf).join(', '));
}

function verdictOn(producer: OpenProducer, last: readonly LastTransaction[]): 'commit' | 'abort' {
  const own = last.find(({ producerId }) => producerId === producer.producerId);
  if (own?.verdict != null) return own.verdict;
  const states = last.map(({ state }) => state).join(', ');
  const found = `a transaction hangs and its coordinator (state ${states}) no longer knows how it ended`;
  throw new LogError('fatal', 'HANGING_TRANSACTION', `${found}; ${wayOut(producer)}`);
}

function wayOut({ topic, partition, startOffset }: OpenProducer): string {
  return `an administrator can end it: kafka-transactions.sh abort --topic ${topic} --partition ${partition} --start-offset ${startOffset}`;
}

async function undecidedOf(
  client: KafkaClient,
  places: readonly TopicPartition[],
): Promise<readonly TopicPartition[]> {
  const [stable, written] = await Promise.all([
    listOffsets(client, places, 'stable'),
    listOffsets(client, places, 'written'),
  ]);
  return places.filter((place) => (stable.get(placeOf(place)) ?? 0) < (written.get(placeOf(place)) ?? 0));
}

async function openProducers(
  client: KafkaClient,
  leader: number,
  places: readonly TopicPartition[],
): Promise<readonly OpenProducer[]> {
  const reader = await askFlexibly(client, { broker: leader, ...describeProducers }, (writer) => {
    const topics = [...Map.groupBy(places, ({ topic }) => topic)];
    writer.compactArray(topics, ([topic, ofTopic]) => {
      writer.compactString(topic);
      writer.compactArray(ofTopic, ({ partition }) => writer.int32(partition));
      writer.noTags();
    });
  });
  reader.int32();
  const topics = reader.compactArray(() => {
    const topic = reader.compactString() ?? '';
    const partitions = reader.compactArray(() => describedPartition(reader, topic));
    reader.skipTags();
    return partitions.flat();
  });
  return topics.flat().filter(({ startOffset }) => startOffset >= 0);
}

function describedPartition(reader: WireReader, topic: string): readonly OpenProducer[] {
  const partition = reader.int32();
  const errorCode = reader.int16();
  reader.compactString();
  const producers = reader.compactArray(() => {
    const producerId = reader.int64();
    const producerEpoch = reader.int32();
    reader.int32();
    reader.int64();
    const coordinatorEpoch = reader.int32();
    const startOffset = reader.int64();
    reader.skipTags();
    return { topic, partition, producerId, producerEpoch, coordinatorEpoch, startOffset };
  });
  reader.skipTags();
  if (errorCode !== 0) throw errorOfCode(errorCode, `DescribeProducers of ${topic}/${partition}`);
  return producers;
}

async function mark(
  client: KafkaClient,
  leader: number,
  producer: OpenProducer & { readonly verdict: 'commit' | 'abort' },
): Promise<void> {
  const { topic, partition, verdict } = producer;
  const reader = await askFlexibly(client, { broker: leader, ...writeTxnMarkers }, (writer) => {
    writer.compactArray([producer], ({ producerId, producerEpoch, coordinatorEpoch }) => {
      writer.int64(producerId);
      writer.int16(producerEpoch);
      writer.int8(verdict === 'commit' ? 1 : 0);
      writer.compactArray([topic], () => {
        writer.compactString(topic);
        writer.compactArray([partition], () => writer.int32(partition));
        writer.noTags();
      });
      writer.int32(Math.max(coordinatorEpoch, 0));
      writer.noTags();
    });
  });
  const errorCode = markerError(reader);
  if (errorCode !== 0) throw errorOfCode(errorCode, `ending a hanging transaction; ${wayOut(producer)}`);
}

/** The first error of the answer for one marker in one partition. */
function markerError(reader: WireReader): number {
  const codes = reader.compactArray(() => {
    reader.int64();
    const topics = reader.compactArray(() => {
      reader.compactString();
      const partitions = reader.compactArray(() => {
        reader.int32();
        const errorCode = reader.int16();
        reader.skipTags();
        return errorCode;
      });
      reader.skipTags();
      return partitions;
    });
    reader.skipTags();
    return topics.flat();
  });
  return codes.flat().find((code) => code !== 0) ?? 0;
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
