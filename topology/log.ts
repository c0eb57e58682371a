/**
 * The log port: the only view the rest of the system has of Kafka.
 *
 * Job: say what a partitioned, transactional, append-only log can do for us. Two implementations live beside this
 * file, `log-kafka.ts` (the broker) and `log-memory.ts` (one process, seeded faults), and one contract suite in
 * `test/contract/log.contract.ts` runs against both.
 *
 * Boundary: bytes in, bytes out. Nothing here knows about Avro, money or services.
 *
 * Invariants every implementation holds:
 *  1. A reader returns only committed records, in offset order, each at most once per position.
 *  2. `nextOffset` of a slice moves past control records, aborted records and compacted gaps, so a reader that
 *     follows it never stalls.
 *  3. A position below the start of the log, or beyond its end, is an error and never a silent jump.
 *  4. Opening a transactor fences every older transactor of the same id, and ends its open transaction. In the
 *     partitions it owns everything is then decided, even what a broker left undecided when it was killed: otherwise
 *     the first commit could also commit what was aborted.
 *  5. Opening with a tenure is refused as fenced when somebody else has opened the id since, or does so meanwhile: a former
 *     owner that comes back after trouble of its own never fences its successor, and never works beside it.
 *  6. `Transactor.commit` is all or nothing. When it rejects, the outcome is unknown unless the error says
 *     otherwise, and the transactor must be thrown away.
 */

import type { Extent } from '../schemas/extent.ts';

export type Header = readonly [name: string, value: Buffer];

/**
 * One record as read. `appendedAt` is the record's timestamp in milliseconds: broker append time on our topics.
 * The bytes may be views of a whole fetch: copy what outlives the handling of the slice.
 */
export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly appendedAt: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
  /** Bytes that key and value take, about, where that is known without looking at them. */
  readonly size?: number;
  /** Key and value where they were fetched to, without buffers of their own; a log may leave them out. */
  readonly keyIn?: Extent | null;
  readonly valueIn?: Extent | null;
}

/** A header to be written; text becomes UTF-8. */
export type OutgoingHeader = readonly [name: string, value: Buffer | string];

/**
 * One record to be written. The partition is always chosen by the caller (see `partitioner.ts`). A key that is text becomes
 * UTF-8 when the record is written; until then it costs no buffer of its own.
 */
export interface OutgoingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: readonly OutgoingHeader[];
  /** Come after those. What many records have in common is written once where they hold the same array. */
  readonly sharedHeaders?: readonly OutgoingHeader[];
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** `offset` is the offset of the next record to be read, as in Kafka. */
export interface Position extends TopicPartition {
  readonly offset: number;
}

/** What one fetch brought for one partition; `records` may be empty while `nextOffset` still moves. */
export interface FetchedSlice extends TopicPartition {
  readonly records: readonly LogRecord[];
  readonly nextOffset: number;
  /** Last stable offset: everything below it is decided (committed or aborted). */
  readonly stableOffset: number;
}

export interface ReaderOptions {
  readonly positions: readonly Position[];
  /** Upper bound of one fetch response, and of one partition within it. */
  readonly fetchBytesMax: number;
  readonly partitionBytesMax: number;
  /** How long the broker may hold an empty fetch. */
  readonly fetchWaitMs: number;
}

export interface LogReader {
  /**
   * Waits at most `fetchWaitMs` for new records and returns the slices that moved (possibly none). Calls must not
   * overlap. When it rejects, no position has moved. `close` ends a waiting fetch with no slices.
   */
  fetch(): Promise<readonly FetchedSlice[]>;
  /** Moves one of the reader's partitions; takes effect on the next fetch. */
  seek(position: Position): void;
  /** A paused partition is not fetched. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  close(): Promise<void>;
}

/** Records of one partition, in the form in which a batch carries them (`record-pack.ts`). */
export interface PackedRecords extends TopicPartition {
  readonly count: number;
  readonly bytes: Buffer;
}

export interface TransactionBatch {
  readonly records: readonly OutgoingRecord[];
  /** More records, behind those. Their memory must not change before the call returns. */
  readonly packed?: readonly PackedRecords[];
  /** Positions published for lag tools under this group, in the same transaction. Ours are in the changelog. */
  readonly groupPositions: { readonly group: string; readonly positions: readonly Position[] } | null;
}

/** Whether it would write nothing at all. */
export function isEmpty({ records, packed = [], groupPositions }: TransactionBatch): boolean {
  return records.length === 0 && packed.length === 0 && groupPositions === null;
}

export interface Transactor {
  readonly transactionalId: string;
  /**
   * Begins, writes, and commits one transaction. Calls must not overlap. It resolves when the outcome is decided;
   * readers see it, and `bounds` and group positions show it, a few milliseconds later. An empty batch does nothing.
   * The answer says where the records went.
   */
  commit(batch: TransactionBatch): Promise<readonly CommittedAt[]>;
  close(): Promise<void>;
}

/** Who writes under a transactional id: an epoch for each time it was opened. */
export interface Identity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/**
 * What one process knows to be its own of an id, from one transactor to the next; the log keeps it up to date. A new one
 * knows nothing, and so does one whose last opening got no answer.
 */
export interface Tenure {
  identity: Identity | null;
}

export interface TransactorOptions {
  /** The log aborts a transaction that lasts longer. */
  readonly timeoutMs: number;
  /** Other ids whose owners may write what this id writes: they are fenced, after this one was opened for the first time. */
  readonly rivals?: readonly string[];
  /** Partitions that nobody but this id and its rivals ever writes; none when absent. */
  readonly owned?: readonly TopicPartition[];
  /** Absent: whoever has the id is fenced. */
  readonly tenure?: Tenure | undefined;
}

export interface AppendedAt extends TopicPartition {
  readonly firstOffset: number;
  readonly count: number;
}

/**
 * Where records of a transaction went: one run of offsets, in order within a partition. `appendedAt` is null where the
 * topic keeps the writer's time instead of the log's.
 */
export interface CommittedAt extends AppendedAt {
  readonly appendedAt: number | null;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicDescription {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface LogAdmin {
  /** Null for a topic that does not exist. Only non-default configuration entries are listed. */
  describeTopics(names: readonly string[]): Promise<ReadonlyMap<string, TopicDescription | null>>;
  createTopics(specs: readonly TopicSpec[]): Promise<void>;
  alterTopicConfig(name: string, config: Readonly<Record<string, string>>): Promise<void>;
  deleteTopics(names: readonly string[]): Promise<void>;
  listTopics(): Promise<readonly string[]>;
  /** Positions that a group has committed; -1 where it has none. */
  groupPositions(group: string, partitions: readonly TopicPartition[]): Promise<readonly Position[]>;
}

export interface OffsetBounds extends TopicPartition {
  readonly start: number;
  /** Last stable offset (read_committed end). */
  readonly end: number;
}

/** Hands out partitions to the members of an elastic group; data never flows through it (decisions/0002). */
export interface Membership {
  /**
   * Resolves with the partitions of the next assignment; call again after each change. Empty when none are ours.
   * Every generation is announced, even one that changes nothing for us; of those nobody waited for, the last.
   */
  next(): Promise<readonly number[]>;
  /** Ends a waiting `next` with no partitions; later ones reject. */
  leave(): Promise<void>;
}

export interface Log {
  clusterId(): Promise<string>;
  partitionCount(topic: string): Promise<number>;
  /** By topic: what names it among all that ever had its name. A topic that was made again has another. */
  topicIds(topics: readonly string[]): Promise<ReadonlyMap<string, string>>;
  bounds(partitions: readonly TopicPartition[]): Promise<readonly OffsetBounds[]>;
  reader(options: ReaderOptions): Promise<LogReader>;
  /** Fences the former owner of the id, then those of its rivals, and settles the partitions that they own. */
  transactor(transactionalId: string, options: TransactorOptions): Promise<Transactor>;
  /** Plain append with acks=all; order within a partition is kept. A retry after an unknown outcome may duplicate. */
  append(records: readonly OutgoingRecord[]): Promise<readonly AppendedAt[]>;
  /** Joins an elastic group over partitions 0..n-1; co-partitioned and sticky. */
  join(group: string, partitions: number): Promise<Membership>;
  readonly admin: LogAdmin;
  close(): Promise<void>;
}

/**
 * What may go wrong at the log, by what the caller must do about it:
 *  - `retriable`: try again after a pause; nothing is known to be wrong with us.
 *  - `fenced`: another owner has our transactional id; stop and wait for the next assignment.
 *  - `unknown_outcome`: the commit may or may not have happened; acquire again and the barrier tells.
 *  - `out_of_range`: the position is not in the log: data was lost or the topic was recreated; stop the task.
 *  - `fatal`: a bug or a refusal that a retry cannot mend (too large, not authorised, unknown topic).
 */
export type LogErrorKind = 'retriable' | 'fenced' | 'unknown_outcome' | 'out_of_range' | 'fatal';

export class LogError extends Error {
  readonly kind: LogErrorKind;
  readonly code: string;

  constructor(kind: LogErrorKind, code: string, message: string, options?: { cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.name = 'LogError';
    this.kind = kind;
    this.code = code;
  }
}
