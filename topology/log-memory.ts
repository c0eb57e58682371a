/**
 * Job: the log port inside one process, for tests and for simulations with seeded faults.
 *
 * Boundary: no broker, no clock of its own, no randomness: time comes from `now`, waiting from `schedule`, failure from
 * `faults`. Every topic has LogAppendTime.
 *
 * Invariants (those of `log.ts`, and):
 *  1. The same calls with the same hooks give the same log, offset for offset. Markers take offsets, as in Kafka, so
 *     code that counts offsets instead of following `nextOffset` fails here too.
 *  2. Nothing is lost by closing a log: a test may hand one `MemoryLog` to several lives of a service.
 */

import {
  type AppendedAt,
  type Log,
  LogError,
  type LogReader,
  type Membership,
  type OffsetBounds,
  type OutgoingRecord,
  type ReaderOptions,
  type TopicPartition,
  type Transactor,
  type TransactorOptions,
} from './log.ts';
import { MemoryTopics } from './log-memory-admin.ts';
import { type FaultHook, lostReply, strike } from './log-memory-faults.ts';
import { MemoryGroup } from './log-memory-group.ts';
import type { MemoryPartition } from './log-memory-partition.ts';
import { MemoryReader, type Scheduler } from './log-memory-reader.ts';
import { MemoryTransaction, MemoryTransactor, type ProducerSeat, takeSeat } from './log-memory-transactor.ts';
import { sizeOfContent } from './text-bytes.ts';

/** The largest record the broker's default `message.max.bytes` lets through with room for its batch. */
const recordBytesMax = 900_000;

export interface MemoryLogOptions {
  /** Append time of records, in milliseconds. */
  readonly now: () => number;
  readonly faults?: FaultHook;
  readonly schedule?: Scheduler;
  /** Awaited between the writes of a transactor's transaction and its end, so that others may run meanwhile. */
  readonly pause?: () => Promise<void>;
  readonly clusterId?: string;
}

export class MemoryLog implements Log {
  readonly admin = new MemoryTopics();
  readonly now: () => number;
  readonly faults: FaultHook | undefined;
  readonly schedule: Scheduler;
  readonly pause: (() => Promise<void>) | undefined;
  readonly #clusterId: string;
  readonly #seats = new Map<string, ProducerSeat>();
  readonly #groups = new Map<string, MemoryGroup>();

  constructor(options: MemoryLogOptions) {
    this.now = options.now;
    this.faults = options.faults;
    this.schedule = options.schedule ?? scheduleByTimer;
    this.pause = options.pause;
    this.#clusterId = options.clusterId ?? 'memory';
  }

  async clusterId(): Promise<string> {
    return this.#clusterId;
  }

  async partitionCount(topic: string): Promise<number> {
    return this.admin.topic(topic).partitions.length;
  }

  async topicIds(topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Map(topics.map((topic) => [topic, this.admin.topic(topic).id]));
  }

  async bounds(partitions: readonly TopicPartition[]): Promise<readonly OffsetBounds[]> {
    return partitions.map((place) => {
      const { topic, partition, start, stableOffset } = this.admin.partition(place);
      return { topic, partition, start, end: stableOffset };
    });
  }

  async reader(options: ReaderOptions): Promise<LogReader> {
    return new MemoryReader(this, options);
  }

  async transactor(transactionalId: string, options?: TransactorOptions): Promise<Transactor> {
    strike(this.faults, { at: 'open', transactionalId });
    const tenure = options?.tenure ?? { identity: null };
    const isFirst = tenure.identity === null;
    if (!isFirst && this.#seats.get(transactionalId)?.epoch !== tenure.identity?.producerEpoch) {
      throw new LogError('fenced', 'TAKEN_OVER', `${transactionalId} was opened by another owner`);
    }
    const seat = this.#takenSeat(transactionalId);
    tenure.identity = { producerId: 0, producerEpoch: seat.epoch };
    for (const rival of isFirst ? (options?.rivals ?? []) : []) {
      const taken = this.#seats.get(rival);
      if (taken !== undefined) takeSeat(taken);
    }
    for (const place of options?.owned ?? []) this.admin.partition(place).settle();
    return new MemoryTransactor(transactionalId, this, seat);
  }

  /** A transaction under a fresh epoch, to be ended by hand. */
  async openTransaction(transactionalId: string): Promise<MemoryTransaction> {
    return new MemoryTransaction(this, this.#takenSeat(transactionalId));
  }

  /** The next marker in a partition is lost. */
  loseMarker(place: TopicPartition): void {
    this.admin.partition(place).loseMarker();
  }

  async append(records: readonly OutgoingRecord[]): Promise<readonly AppendedAt[]> {
    const fault = strike(this.faults, { at: 'append', records: records.length });
    const targets = records.map((record) => this.partitionFor(record));
    const appended = new Map<MemoryPartition, AppendedAt>();
    const appendedAt = this.now();
    for (const [index, record] of records.entries()) {
      const target = targets[index];
      if (target === undefined) continue;
      const offset = target.append(record, appendedAt, null);
      const { topic, partition } = target;
      const before = appended.get(target) ?? { topic, partition, firstOffset: offset, count: 0 };
      appended.set(target, { ...before, count: before.count + 1 });
    }
    for (const partition of appended.keys()) partition.announce();
    if (fault === 'fail_after') throw lostReply('append');
    return [...appended.values()];
  }

  async join(group: string, partitions: number): Promise<Membership> {
    const found = this.#groups.get(group) ?? new MemoryGroup(partitions);
    this.#groups.set(group, found);
    return found.join(partitions);
  }

  async close(): Promise<void> {}

  /** Keeps the last record of each key, as the log cleaner would. */
  compact(topic: string, partition: number, tombstones: 'keep' | 'drop' = 'keep'): void {
    this.admin.partition({ topic, partition }).compact(tombstones);
  }

  /** Moves the start of a partition to an offset; positions below it are out of range from then on. */
  truncate(topic: string, partition: number, start: number): void {
    this.admin.partition({ topic, partition }).truncate(start);
  }

  publish(group: string, positions: Parameters<MemoryTopics['publish']>[1]): void {
    this.admin.publish(group, positions);
  }

  partitionOf(place: TopicPartition): MemoryPartition {
    return this.admin.partition(place);
  }

  partitionFor(record: OutgoingRecord, bytesMax: number = recordBytesMax): MemoryPartition {
    const bytes = sizeOfContent(record.key) + sizeOfContent(record.value);
    if (bytes > bytesMax) throw new LogError('fatal', 'MESSAGE_TOO_LARGE', `${bytes} bytes`);
    return this.admin.partition(record);
  }

  #takenSeat(transactionalId: string): ProducerSeat {
    const seat = this.#seats.get(transactionalId) ?? { epoch: -1, open: null };
    this.#seats.set(transactionalId, seat);
    takeSeat(seat);
    return seat;
  }
}

function scheduleByTimer(delayMs: number, wake: () => void): () => void {
  const timer = setTimeout(wake, delayMs);
  return () => clearTimeout(timer);
}
