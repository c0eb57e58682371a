/**
 * Job: the log port on a Kafka cluster.
 *
 * Boundary: puts the parts together; each part holds its own rules: reader, transactor, appender, membership, admin.
 *
 * Invariants (those of `log.ts`, and):
 *  1. Every reader, transactor and membership has connections of its own; appends and questions share one client.
 *  2. `close` closes the shared client only; readers, transactors and memberships belong to who opened them.
 */

import type {
  AppendedAt,
  Log,
  LogReader,
  Membership,
  OffsetBounds,
  OutgoingRecord,
  ReaderOptions,
  TopicPartition,
  Transactor,
  TransactorOptions,
} from './log.ts';
import { KafkaAdmin } from './log-kafka-admin.ts';
import { KafkaAppender } from './log-kafka-append.ts';
import { KafkaClient, type KafkaConnectionOptions } from './log-kafka-client.ts';
import { KafkaMembership } from './log-kafka-group.ts';
import { listOffsets } from './log-kafka-offsets.ts';
import { KafkaReader } from './log-kafka-reader.ts';
import { fenceRivals } from './log-kafka-rivals.ts';
import { topicIds } from './log-kafka-topic-ids.ts';
import { KafkaProducer, type ProducerOptions } from './log-kafka-transaction.ts';
import type { TransactionVersion } from './log-kafka-transaction-requests.ts';
import { KafkaTransactor } from './log-kafka-transactor.ts';

const asking = { attemptsMax: 20, pauseMs: 50 } as const;

const requestTimeoutDefaultMs = 30_000;

export interface KafkaLogOptions extends Omit<KafkaConnectionOptions, 'requestTimeoutMs'> {
  readonly requestTimeoutMs?: number;
  /** Time stamped on records; topics with LogAppendTime replace it. */
  readonly now?: () => number;
  /** The newest version of transactions to use; 2 unless given. Clusters that have only version 1 get version 1. */
  readonly transactionVersionMax?: TransactionVersion;
}

export function openKafkaLog(options: KafkaLogOptions): KafkaLog {
  return new KafkaLog(options);
}

export class KafkaLog implements Log {
  readonly admin: KafkaAdmin;
  readonly #options: KafkaConnectionOptions;
  readonly #client: KafkaClient;
  readonly #appender: KafkaAppender;
  readonly #now: () => number;
  readonly #transactionVersionMax: TransactionVersion;

  constructor({ now, transactionVersionMax, ...given }: KafkaLogOptions) {
    const options = { ...given, requestTimeoutMs: given.requestTimeoutMs ?? requestTimeoutDefaultMs };
    this.#options = options;
    this.#now = now ?? Date.now;
    this.#transactionVersionMax = transactionVersionMax ?? 2;
    this.#client = new KafkaClient(options);
    this.#appender = new KafkaAppender(this.#client, this.#now);
    this.admin = new KafkaAdmin(options);
  }

  async clusterId(): Promise<string> {
    return this.#client.retrying({ place: 'clusterId', ...asking }, () => this.#client.clusterId());
  }

  async partitionCount(topic: string): Promise<number> {
    return this.#client.retrying({ place: topic, ...asking }, () => this.#client.partitionCount(topic));
  }

  async topicIds(topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#client.retrying({ place: 'topicIds', ...asking }, () => topicIds(this.#client, topics));
  }

  async bounds(partitions: readonly TopicPartition[]): Promise<readonly OffsetBounds[]> {
    return this.#client.retrying({ place: 'ListOffsets', ...asking }, async () => {
      const [starts, ends] = await Promise.all([
        listOffsets(this.#client, partitions, 'earliest'),
        listOffsets(this.#client, partitions, 'stable'),
      ]);
      return partitions.map(({ topic, partition }) => {
        const place = `${topic}/${partition}`;
        return { topic, partition, start: starts.get(place) ?? 0, end: ends.get(place) ?? 0 };
      });
    });
  }

  async reader(options: ReaderOptions): Promise<LogReader> {
    const client = new KafkaClient(this.#options);
    try {
      await client.retrying({ place: 'reader', ...asking }, () => client.byLeader(options.positions));
    } catch (error) {
      await client.close();
      throw error;
    }
    return new KafkaReader(client, options);
  }

  async transactor(transactionalId: string, options: TransactorOptions): Promise<Transactor> {
    const producer = await this.producer(transactionalId, options);
    try {
      const opening = this.#producerOptions(producer.client, options.timeoutMs);
      // Whoever still holds the id has fenced its rivals before; one of them that is just opening would be its successor.
      const rivals = await fenceRivals(producer, producer.isNew ? (options.rivals ?? []) : [], opening);
      await producer.settle(options.owned ?? [], rivals);
    } catch (error) {
      await producer.client.close();
      throw error;
    }
    return new KafkaTransactor(producer);
  }

  /** The identity under a transactor, for those who need a transaction step by step. */
  async producer(
    transactionalId: string,
    { timeoutMs, tenure }: Pick<TransactorOptions, 'timeoutMs' | 'tenure'>,
  ): Promise<KafkaProducer> {
    const client = new KafkaClient(this.#options);
    try {
      return await KafkaProducer.open({
        ...this.#producerOptions(client, timeoutMs),
        transactionalId,
        tenure,
      });
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  #producerOptions(client: KafkaClient, timeoutMs: number): Omit<ProducerOptions, 'transactionalId'> {
    return { client, timeoutMs, now: this.#now, versionMax: this.#transactionVersionMax };
  }

  append(records: readonly OutgoingRecord[]): Promise<readonly AppendedAt[]> {
    return this.#appender.append(records);
  }

  async join(group: string, partitions: number): Promise<Membership> {
    const membership = new KafkaMembership(new KafkaClient(this.#options), group, partitions);
    await membership.start();
    return membership;
  }

  async close(): Promise<void> {
    await Promise.all([this.#client.close(), this.admin.close()]);
  }
}
