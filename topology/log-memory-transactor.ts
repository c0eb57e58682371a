/**
 * Job: transactions of the in-memory log: epochs, open transactions and the `Transactor` built on them.
 *
 * Boundary: writes through partitions handed in by the log; reads nothing.
 *
 * Invariants:
 *  1. Per transactional id one epoch is current; every call of an older one is refused as fenced.
 *  2. A new epoch aborts what the former left open before it is given out.
 *  3. All partitions and group positions of a transaction are decided in one synchronous step.
 */

import {
  type CommittedAt,
  isEmpty,
  LogError,
  type OutgoingRecord,
  type Position,
  type TransactionBatch,
  type Transactor,
} from './log.ts';
import { type FaultHook, lostReply, strike } from './log-memory-faults.ts';
import type { MemoryPartition } from './log-memory-partition.ts';
import { unpackRecords } from './record-batch-decode.ts';

/** Dead letters hold whole foreign records, so a transaction takes larger ones than an append. */
const recordBytesMax = 2_000_000;

/** What transactions need of the log they belong to. */
export interface TransactionHost {
  partitionFor(record: OutgoingRecord, bytesMax?: number): MemoryPartition;
  publish(group: string, positions: readonly Position[]): void;
  readonly now: () => number;
  readonly faults: FaultHook | undefined;
  readonly pause: (() => Promise<void>) | undefined;
}

/** The lock behind one transactional id. */
export interface ProducerSeat {
  epoch: number;
  open: MemoryTransaction | null;
}

/** One transaction, step by step. The transactor below uses it; tests use it to write and abort. */
export class MemoryTransaction {
  readonly #host: TransactionHost;
  readonly #seat: ProducerSeat;
  readonly #epoch: number;
  readonly #written = new Map<MemoryPartition, Set<number>>();
  #verdict: 'commit' | 'abort' = 'abort';
  #appendedAt = 0;
  readonly #published: { readonly group: string; readonly positions: readonly Position[] }[] = [];

  constructor(host: TransactionHost, seat: ProducerSeat) {
    this.#host = host;
    this.#seat = seat;
    this.#epoch = seat.epoch;
  }

  async write(records: readonly OutgoingRecord[]): Promise<void> {
    this.writeNow(records);
  }

  async publish(group: string, positions: readonly Position[]): Promise<void> {
    this.#checkEpoch();
    this.#published.push({ group, positions });
  }

  async commit(): Promise<void> {
    this.#checkEpoch();
    this.#end('commit');
    for (const { group, positions } of this.#published) this.#host.publish(group, positions);
  }

  async abort(): Promise<void> {
    this.#checkEpoch();
    this.#end('abort');
  }

  /** Where its records went: in runs, since others may append to the same partition between two writes. */
  written(): readonly CommittedAt[] {
    const runs: {
      topic: string;
      partition: number;
      firstOffset: number;
      count: number;
      appendedAt: number;
    }[] = [];
    for (const [{ topic, partition }, offsets] of this.#written) {
      for (const offset of offsets) {
        const run = runs.at(-1);
        const isNext =
          run?.topic === topic && run.partition === partition && run.firstOffset + run.count === offset;
        if (isNext) run.count += 1;
        else runs.push({ topic, partition, firstOffset: offset, count: 1, appendedAt: this.#appendedAt });
      }
    }
    return runs;
  }

  /** Ends it in the name of a newer epoch. */
  fence(): void {
    this.#end('abort');
  }

  writeNow(records: readonly OutgoingRecord[]): void {
    this.#checkEpoch();
    const targets = records.map((record) => this.#host.partitionFor(record, recordBytesMax));
    this.#seat.open = this;
    const appendedAt = this.#host.now();
    this.#appendedAt = appendedAt;
    for (const [index, record] of records.entries()) {
      const partition = targets[index];
      if (partition === undefined) continue;
      const offset = partition.append(record, appendedAt, this);
      const offsets = this.#written.get(partition);
      if (offsets === undefined) this.#written.set(partition, new Set([offset]));
      else offsets.add(offset);
    }
  }

  #checkEpoch(): void {
    if (this.#seat.epoch === this.#epoch) return;
    throw new LogError('fenced', 'INVALID_PRODUCER_EPOCH', `epoch ${this.#epoch} is not current`);
  }

  /** Puts the verdict into one partition. */
  mark(partition: MemoryPartition): void {
    const offsets = this.#written.get(partition);
    if (offsets === undefined) return;
    partition.decide(this, this.#verdict === 'commit' ? 'commit' : offsets);
    partition.announce();
  }

  #end(verdict: 'commit' | 'abort'): void {
    this.#seat.open = null;
    this.#verdict = verdict;
    for (const partition of this.#written.keys()) this.mark(partition);
  }
}

/** Takes the seat: ends what is open, moves the epoch. */
export function takeSeat(seat: ProducerSeat): void {
  seat.epoch += 1;
  seat.open?.fence();
}

export class MemoryTransactor implements Transactor {
  readonly transactionalId: string;
  readonly #host: TransactionHost;
  readonly #seat: ProducerSeat;
  readonly #epoch: number;
  #usable = true;

  constructor(transactionalId: string, host: TransactionHost, seat: ProducerSeat) {
    this.transactionalId = transactionalId;
    this.#host = host;
    this.#seat = seat;
    this.#epoch = seat.epoch;
  }

  async commit(batch: TransactionBatch): Promise<readonly CommittedAt[]> {
    if (!this.#usable) {
      throw new LogError('fatal', 'TRANSACTOR_SPENT', `${this.transactionalId} failed or was closed before`);
    }
    if (isEmpty(batch)) return [];
    this.#usable = false;
    const written = await this.#commitWithFaults(batch);
    this.#usable = true;
    return written;
  }

  async close(): Promise<void> {
    this.#usable = false;
  }

  async #commitWithFaults(batch: TransactionBatch): Promise<readonly CommittedAt[]> {
    const records = [...batch.records, ...(batch.packed ?? []).flatMap(unpackRecords)];
    const point = {
      at: 'commit',
      transactionalId: this.transactionalId,
      records: records.length,
    } as const;
    const fault = strike(this.#host.faults, point);
    if (fault === 'lose_request') throw lostReply('commit');
    if (this.#seat.epoch !== this.#epoch) {
      throw new LogError('fenced', 'INVALID_PRODUCER_EPOCH', `${this.transactionalId} has a new owner`);
    }
    const transaction = new MemoryTransaction(this.#host, this.#seat);
    transaction.writeNow(records);
    if (fault === 'stay_open') throw lostReply('commit');
    if (this.#host.pause !== undefined) await this.#host.pause();
    if (batch.groupPositions !== null) {
      await transaction.publish(batch.groupPositions.group, batch.groupPositions.positions);
    }
    await transaction.commit();
    if (fault === 'fail_after') throw lostReply('commit');
    return transaction.written();
  }
}
