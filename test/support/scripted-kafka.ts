/**
 * A Kafka client that answers from a script: one broker, no socket, and a list of what it was asked.
 *
 * Boundary: requests as our code makes them. What a broker makes of them is shown on a real one.
 */
import { KafkaClient } from '../../topology/log-kafka-client.ts';
import { WireReader, WireWriter } from '../../topology/log-kafka-wire.ts';

type Broker = Awaited<ReturnType<KafkaClient['broker']>>;
type Lane = Awaited<ReturnType<KafkaClient['lane']>>;

/** No tags, no throttling, and a list of nothing: the coordinator knows no transaction of the id. */
const NO_TRANSACTIONS = Buffer.from([0, 0, 0, 0, 0, 1, 0]);

/** What the broker does when it is asked; it agrees to everything else. */
export interface Script {
  /** Error code for every produced batch. */
  readonly produceCode?: number;
  readonly endTxn?: () => Promise<unknown>;
  readonly addPartitionsToTxn?: () => Promise<unknown>;
}

/** One batch as it was sent, with the header of its request. */
export interface SentBatch {
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
    const lane = {
      send: async ({ frame, apiName }: { readonly frame: Buffer; readonly apiName: string }) => {
        if (apiName === 'Produce') return this.#produced(batchOf(frame));
        if (apiName === 'DescribeTransactions') return NO_TRANSACTIONS;
        throw new Error(`the script has no answer to ${apiName}`);
      },
      throttle: () => undefined,
    };
    return lane as unknown as Lane;
  }

  #broker(): Broker {
    const broker = {
      findGroupCoordinator: async () => ({ coordinator: { nodeId: 1 } }),
      initProducerId: async (request: object) => {
        this.asked.push(['InitProducerId', request]);
        return { producerId: '7', producerEpoch: 3 };
      },
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
    const writer = new WireWriter();
    writer.int32(1);
    writer.string(batch.topic);
    writer.int32(1);
    writer.int32(batch.partition);
    writer.int16(this.#script.produceCode ?? 0);
    for (const part of [0, -1, 0]) writer.int64(part);
    writer.int32(0);
    return writer.buffer.subarray(0, writer.at);
  }
}

/** Reads a Produce request of one batch, by the protocol and not by our encoder. */
function batchOf(frame: Buffer): SentBatch {
  const reader = new WireReader(frame);
  reader.at = 12;
  reader.string();
  const transactionalId = reader.string();
  const acks = reader.int16();
  reader.int32();
  reader.int32();
  const topic = reader.string();
  reader.int32();
  const partition = reader.int32();
  const batch = reader.bytes();
  return {
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
