/**
 * A Kafka client that answers from a script: one broker, no socket, and a list of what it was asked.
 *
 * Boundary: requests as our code makes them. What a broker makes of them is shown on a real one.
 */
import type { Identity } from '../../topology/log.ts';
import { KafkaClient } from '../../topology/log-kafka-client.ts';
import { WireReader, WireWriter } from '../../topology/log-kafka-wire.ts';

type Broker = Awaited<ReturnType<KafkaClient['broker']>>;
type Lane = Awaited<ReturnType<KafkaClient['lane']>>;

/** No tags, no throttling, and a list of nothing: the coordinator knows no transaction of the id. */
const NO_TRANSACTIONS = Buffer.from([0, 0, 0, 0, 0, 1, 0]);
/** Of an answer of a flexible version: no tags in the header, then the time for which we are throttled. */
const FLEXIBLE_HEAD = [0, 0, 0, 0, 0];
const UNSUPPORTED_VERSION = 35;

const INVALID_PRODUCER_EPOCH = 47;
const OPENED = { producerId: 7, producerEpoch: 3 } as const;

/** What the broker does when it is asked; it agrees to everything else. */
export interface Script {
  /** The level of `transaction.version` that the cluster has finalized; null where it does not know the question. */
  readonly transactionLevel?: number | null;
  /** Who had the id last, with nothing open; null where the coordinator does not know it. */
  readonly known?: Identity | null;
  /** Somebody else opens the id just before we do: who expects anything is refused. */
  readonly isOvertaken?: boolean;
  /** Error code for every produced batch; a function is asked for each. */
  readonly produceCode?: number | (() => number);
  /** Error code for every end of a transaction, in version 2. */
  readonly endCode?: number;
  readonly endTxn?: () => Promise<unknown>;
  readonly addPartitionsToTxn?: () => Promise<unknown>;
}

/** One batch as it was sent, with the header of its request. */
export interface SentBatch {
  readonly version: number;
  readonly transactionalId: string;
  readonly acks: number;
  readonly topic: string;
  readonly partition: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly records: number;
}

export class ScriptedKafka extends KafkaClient {
  /** Requests in the order in which they were made, with what matters of them. */
  readonly asked: (readonly [request: string, detail: unknown])[] = [];
  readonly sent: SentBatch[] = [];
  readonly #script: Script;

  constructor(script: Script = {}) {
    super({ brokers: ['none:9092'], clientId: 'test', requestTimeoutMs: 1_000 });
    this.#script = script;
  }

  override async anyBroker(): Promise<Broker> {
    return this.#broker();
  }

  override async broker(): Promise<Broker> {
    return this.#broker();
  }

  override async byLeader<T>(places: readonly T[]): Promise<ReadonlyMap<number, T[]>> {
    return new Map([[1, [...places]]]);
  }

  override async lane(): Promise<Lane> {
    const known = this.#script.known ?? null;
    const lane = {
      send: async ({ frame, apiName }: { readonly frame: Buffer; readonly apiName: string }) => {
        switch (apiName) {
          case 'Produce':
            return this.#produced(batchOf(frame));
          case 'EndTxn':
            return this.#ended(frame);
          case 'TxnOffsetCommit':
            this.asked.push(['TxnOffsetCommit', null]);
            return Buffer.from([...FLEXIBLE_HEAD, 1, 0]);
          case 'ApiVersions':
            return apiVersions(this.#script.transactionLevel ?? null);
          case 'DescribeTransactions':
            return known === null ? NO_TRANSACTIONS : describedTransaction(known);
          case 'InitProducerId':
            return this.#opened(frame);
          default:
            throw new Error(`the script has no answer to ${apiName}`);
        }
      },
      throttle: () => undefined,
    };
    return lane as unknown as Lane;
  }

  #broker(): Broker {
    const broker = {
      findGroupCoordinator: async () => ({ coordinator: { nodeId: 1 } }),
      addPartitionsToTxn: async () => {
        this.asked.push(['AddPartitionsToTxn', null]);
        await this.#script.addPartitionsToTxn?.();
      },
      addOffsetsToTxn: async () => this.asked.push(['AddOffsetsToTxn', null]),
      txnOffsetCommit: async () => this.asked.push(['TxnOffsetCommit', null]),
      endTxn: async ({ transactionResult }: { readonly transactionResult: boolean }) => {
        this.asked.push(['EndTxn', transactionResult]);
        await this.#script.endTxn?.();
      },
    };
    return broker as unknown as Broker;
  }

  #produced(batch: SentBatch): Buffer {
    this.asked.push(['Produce', null]);
    this.sent.push(batch);
    const { produceCode = 0 } = this.#script;
    const code = typeof produceCode === 'number' ? produceCode : produceCode();
    return batch.version === 12 ? flexibleAnswer(batch, code) : fixedAnswer(batch, code);
  }

  #opened(frame: Buffer): Buffer {
    const reader = bodyOf(frame);
    reader.skipTags();
    const transactionalId = reader.compactString();
    const timeoutMs = reader.int32();
    const expected = { producerId: reader.int64(), producerEpoch: reader.int16() };
    this.asked.push(['InitProducerId', { transactionalId, timeoutMs, expected }]);
    const isRefused = this.#script.isOvertaken === true && expected.producerId !== -1;
    return identityAnswer(isRefused ? INVALID_PRODUCER_EPOCH : 0, OPENED);
  }

  /** Every end moves the epoch on by one. */
  #ended(frame: Buffer): Buffer {
    const reader = bodyOf(frame);
    reader.skipTags();
    reader.compactString();
    const producerId = reader.int64();
    const epoch = reader.int16();
    this.asked.push(['EndTxn', frame[reader.at] === 1]);
    return identityAnswer(this.#script.endCode ?? 0, { producerId, producerEpoch: epoch + 1 });
  }
}

function identityAnswer(code: number, { producerId, producerEpoch }: Identity): Buffer {
  const writer = new WireWriter();
  for (const byte of FLEXIBLE_HEAD) writer.int8(byte);
  writer.int16(code);
  writer.int64(producerId);
  writer.int16(producerEpoch);
  writer.noTags();
  return writer.buffer.subarray(0, writer.at);
}

/** One transaction of an id, with no partitions. */
function describedTransaction({ producerId, producerEpoch }: Identity): Buffer {
  const writer = new WireWriter();
  for (const byte of FLEXIBLE_HEAD) writer.int8(byte);
  writer.compactArray(['rating-0'], (transactionalId) => {
    writer.int16(0);
    writer.compactString(transactionalId);
    writer.compactString('Empty');
    writer.int32(0);
    writer.int64(0);
    writer.int64(producerId);
    writer.int16(producerEpoch);
    writer.compactArray([], () => undefined);
    writer.noTags();
  });
  writer.noTags();
  return writer.buffer.subarray(0, writer.at);
}

function fixedAnswer({ topic, partition }: SentBatch, code: number): Buffer {
  const writer = new WireWriter();
  writer.int32(1);
  writer.string(topic);
  writer.int32(1);
  writer.int32(partition);
  writer.int16(code);
  for (const part of [0, -1, 0]) writer.int64(part);
  writer.int32(0);
  return writer.buffer.subarray(0, writer.at);
}

function flexibleAnswer({ topic, partition }: SentBatch, code: number): Buffer {
  const writer = new WireWriter();
  writer.noTags();
  writer.compactArray([topic], () => {
    writer.compactString(topic);
    writer.compactArray([partition], () => {
      writer.int32(partition);
      writer.int16(code);
      for (const part of [0, -1, 0]) writer.int64(part);
      writer.compactArray([0], (batchIndex) => {
        writer.int32(batchIndex);
        writer.compactString('what was wrong with this record');
        writer.noTags();
      });
      writer.compactString(null);
      writer.noTags();
    });
    writer.noTags();
  });
  writer.int32(0);
  writer.noTags();
  return writer.buffer.subarray(0, writer.at);
}

function apiVersions(level: number | null): Buffer {
  const writer = new WireWriter();
  writer.int16(level === null ? UNSUPPORTED_VERSION : 0);
  writer.compactArray([0, 26], (apiKey) => {
    for (const part of [apiKey, 0, 12]) writer.int16(part);
    writer.noTags();
  });
  writer.int32(0);
  writer.uvarint(3);
  // What this broker could do is no reason to do it: others of its cluster may not.
  writeTag(writer, 0, (content) =>
    content.compactArray(['transaction.version'], (name) => {
      content.compactString(name);
      content.int16(0);
      content.int16(2);
      content.noTags();
    }),
  );
  writeTag(writer, 1, (content) => content.int64(7));
  writeTag(writer, 2, (content) =>
    content.compactArray(['metadata.version', 'transaction.version'], (name) => {
      content.compactString(name);
      content.int16(name === 'transaction.version' ? (level ?? 0) : 25);
      content.int16(0);
      content.noTags();
    }),
  );
  return writer.buffer.subarray(0, writer.at);
}

function writeTag(writer: WireWriter, tag: number, write: (content: WireWriter) => void): void {
  const content = new WireWriter();
  write(content);
  writer.uvarint(tag);
  writer.uvarint(content.at);
  for (const byte of content.buffer.subarray(0, content.at)) writer.int8((byte << 24) >> 24);
}

/** Behind size, kind, version, correlation id and client id. */
function bodyOf(frame: Buffer): WireReader {
  const reader = new WireReader(frame);
  reader.at = 12;
  reader.string();
  return reader;
}

/** Reads a Produce request of one batch, by the protocol and not by our encoder. */
function batchOf(frame: Buffer): SentBatch {
  const version = frame.readInt16BE(6);
  const reader = bodyOf(frame);
  const isFlexible = version >= 9;
  const text = (): string => (isFlexible ? (reader.compactString() ?? '') : reader.string());
  const count = (): number => (isFlexible ? reader.uvarint() - 1 : reader.int32());
  if (isFlexible) reader.skipTags();
  const transactionalId = text();
  const acks = reader.int16();
  reader.int32();
  count();
  const topic = text();
  count();
  const partition = reader.int32();
  const bytes = count();
  const batch = frame.subarray(reader.at, reader.at + bytes);
  return {
    version,
    transactionalId,
    acks,
    topic,
    partition,
    producerEpoch: batch.readInt16BE(51),
    baseSequence: batch.readInt32BE(53),
    records: batch.readInt32BE(57),
  };
}

/** An answer of the broker as kafkajs raises it. */
export function protocolError(type: string): Error {
  return Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type });
}

/** What kafkajs raises when the connection ends before the answer came. */
export function lostConnection(): Error {
  return Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' });
}
