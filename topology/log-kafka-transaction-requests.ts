/**
 * Job: the requests of a transaction that go to its coordinators, in the two versions of the protocol (KIP-890).
 *
 * In version 1 what takes part is enlisted first, and an identity stays the same from one transaction to the next. In
 * version 2 what is written enlists itself, which saves a round trip, and every end moves the epoch on: a request of an
 * earlier transaction that arrives late can never join a later one.
 *
 * An id is opened in the same way in both.
 *
 * Boundary: one request, one answer; which version a cluster works with is asked in `log-kafka-transaction-version.ts`,
 * retries and order belong to `log-kafka-transaction.ts`.
 *
 * Invariant: an answer that is not plain success is raised, and nothing here asks twice.
 */
import type { Identity, Position, TopicPartition } from './log.ts';
import type { KafkaClient } from './log-kafka-client.ts';
import { errorOfCode } from './log-kafka-errors.ts';
import { askFlexibly } from './log-kafka-flexible.ts';
import type { ProduceVersion } from './log-kafka-produce.ts';
import type { WireReader, WireWriter } from './log-kafka-wire.ts';

/** The oldest that names whom the id is expected to belong to and tells a refusal because of that from others. */
const initProducerId = { apiKey: 22, apiVersion: 4, apiName: 'InitProducerId' } as const;
const endTxn = { apiKey: 26, apiVersion: 5, apiName: 'EndTxn' } as const;
const txnOffsetCommit = { apiKey: 28, apiVersion: 5, apiName: 'TxnOffsetCommit' } as const;
const noGeneration = -1;
const noLeaderEpoch = -1;
const anyIdentity: Identity = { producerId: -1, producerEpoch: -1 };

export type Verdict = 'commit' | 'abort';

export interface GroupPositions {
  readonly group: string;
  readonly positions: readonly Position[];
}

/** Whom a request goes to, and in whose name. */
export interface Asking extends Identity {
  readonly client: KafkaClient;
  readonly coordinator: number;
  readonly transactionalId: string;
}

export interface TransactionRequests {
  readonly produceVersion: ProduceVersion;
  /** Null where what is written enlists itself. */
  readonly enlist: {
    partitions(asking: Asking, places: readonly TopicPartition[]): Promise<void>;
    group(asking: Asking, groupId: string): Promise<void>;
  } | null;
  publish(asking: Asking, published: GroupPositions): Promise<void>;
  /** Resolves with the identity of the next transaction. */
  end(asking: Asking, verdict: Verdict): Promise<Identity>;
}

const versionOne: TransactionRequests = {
  produceVersion: 7,
  enlist: {
    async partitions(asking, places) {
      const topics = byTopic(places).map(([topic, ofTopic]) => ({
        topic,
        partitions: ofTopic.map(({ partition }) => partition),
      }));
      await (await brokerOf(asking)).addPartitionsToTxn({ ...namesOf(asking), topics });
    },
    async group(asking, groupId) {
      await (await brokerOf(asking)).addOffsetsToTxn({ ...namesOf(asking), groupId });
    },
  },
  async publish(asking, { group, positions }) {
    const topics = byTopic(positions).map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
    }));
    await (await brokerOf(asking)).txnOffsetCommit({ ...namesOf(asking), groupId: group, topics });
  },
  async end(asking, verdict) {
    const transactionResult = verdict === 'commit';
    await (await brokerOf(asking)).endTxn({ ...namesOf(asking), transactionResult });
    const { producerId, producerEpoch } = asking;
    return { producerId, producerEpoch };
  },
};

const versionTwo: TransactionRequests = {
  produceVersion: 12,
  enlist: null,
  async publish(asking, { group, positions }) {
    const reader = await ask(asking, txnOffsetCommit, (writer) => {
      writer.compactString(asking.transactionalId);
      writer.compactString(group);
      writeIdentity(writer, asking);
      writer.int32(noGeneration);
      writer.compactString('');
      writer.compactString(null);
      writer.compactArray(byTopic(positions), (ofTopic) => writeOffsets(writer, ofTopic));
    });
    raise(firstOffsetError(reader), `TxnOffsetCommit of ${asking.transactionalId}`);
  },
  async end(asking, verdict) {
    const reader = await ask(asking, endTxn, (writer) => {
      writer.compactString(asking.transactionalId);
      writeIdentity(writer, asking);
      writer.int8(verdict === 'commit' ? 1 : 0);
    });
    reader.int32();
    raise(reader.int16(), `EndTxn of ${asking.transactionalId}`);
    return { producerId: reader.int64(), producerEpoch: reader.int16() };
  },
};

export const REQUESTS = { 1: versionOne, 2: versionTwo } as const;

export type TransactionVersion = keyof typeof REQUESTS;

export interface Opening {
  readonly client: KafkaClient;
  readonly coordinator: number;
  readonly transactionalId: string;
  /** The coordinator aborts a transaction that lasts longer. */
  readonly timeoutMs: number;
  /** Who must have the id now: anybody else is not fenced, the request is refused (KIP-360). Null: whoever has it is fenced. */
  readonly expected: Identity | null;
}

/** Opens an id: nobody who had it before can write any more. */
export async function openId(opening: Opening): Promise<Identity> {
  const { client, coordinator, transactionalId, timeoutMs, expected } = opening;
  const reader = await askFlexibly(client, { broker: coordinator, ...initProducerId }, (writer) => {
    writer.compactString(transactionalId);
    writer.int32(timeoutMs);
    writeIdentity(writer, expected ?? anyIdentity);
  });
  reader.int32();
  raise(reader.int16(), `InitProducerId of ${transactionalId}`);
  return { producerId: reader.int64(), producerEpoch: reader.int16() };
}

function brokerOf({ client, coordinator }: Asking): ReturnType<KafkaClient['broker']> {
  return client.broker(coordinator);
}

/** As kafkajs wants them. */
function namesOf({ transactionalId, producerId, producerEpoch }: Asking): {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
} {
  return { transactionalId, producerId: String(producerId), producerEpoch };
}

function ask(
  { client, coordinator }: Asking,
  request: typeof endTxn | typeof txnOffsetCommit,
  writeBody: (writer: WireWriter) => void,
): Promise<WireReader> {
  return askFlexibly(client, { broker: coordinator, ...request }, writeBody);
}

function writeIdentity(writer: WireWriter, { producerId, producerEpoch }: Identity): void {
  writer.int64(producerId);
  writer.int16(producerEpoch);
}

function writeOffsets(
  writer: WireWriter,
  [topic, positions]: readonly [topic: string, readonly Position[]],
): void {
  writer.compactString(topic);
  writer.compactArray(positions, ({ partition, offset }) => {
    writer.int32(partition);
    writer.int64(offset);
    writer.int32(noLeaderEpoch);
    writer.compactString(null);
    writer.noTags();
  });
  writer.noTags();
}

function firstOffsetError(reader: WireReader): number {
  reader.int32();
  const codes = reader.compactArray(() => {
    reader.compactString();
    const ofTopic = reader.compactArray(() => {
      reader.int32();
      const code = reader.int16();
      reader.skipTags();
      return code;
    });
    reader.skipTags();
    return ofTopic;
  });
  return codes.flat().find((code) => code !== 0) ?? 0;
}

function raise(errorCode: number, place: string): void {
  if (errorCode !== 0) throw errorOfCode(errorCode, place);
}

function byTopic<T extends TopicPartition>(places: readonly T[]): readonly (readonly [string, T[]])[] {
  return [...Map.groupBy(places, ({ topic }) => topic)];
}
