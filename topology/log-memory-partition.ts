/**
 * Job: one partition of the in-memory log: its records, its open transactions and the readers waiting on it.
 *
 * Boundary: knows offsets and nothing of producers or epochs; of a transaction only that it can be ended.
 *
 * Invariants:
 *  1. Records are held in offset order; offsets of markers, aborted and compacted records are never given again.
 *  2. Records of an open transaction are stored but lie at or above the stable offset; an abort removes them.
 *  3. Key, value and header bytes are copied on append, so a caller may reuse its buffers.
 */

import { type Header, LogError, type LogRecord, type OutgoingRecord } from './log.ts';
import { bytesOf } from './text-bytes.ts';

/** Whatever writes under a transaction and can put its verdict into a partition, once more. */
export interface Marking {
  mark(partition: MemoryPartition): void;
}

const noHeaders: readonly Header[] = [];
const recordOverheadBytes = 16;

export interface TakenRecords {
  readonly records: readonly LogRecord[];
  readonly nextOffset: number;
  readonly bytes: number;
}

export class MemoryPartition {
  readonly topic: string;
  readonly partition: number;
  #start = 0;
  #end = 0;
  #records: LogRecord[] = [];
  readonly #openFrom = new Map<Marking, number>();
  readonly #waiters = new Set<() => void>();
  #losesMarker = false;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  get stableOffset(): number {
    let stable = this.#end;
    for (const first of this.#openFrom.values()) stable = Math.min(stable, first);
    return stable;
  }

  /** Stores one record; under a transaction it stays invisible until `decide`. */
  append(outgoing: OutgoingRecord, appendedAt: number, transaction: Marking | null): number {
    const offset = this.#end;
    if (transaction !== null && !this.#openFrom.has(transaction)) this.#openFrom.set(transaction, offset);
    this.#records.push({
      topic: this.topic,
      partition: this.partition,
      offset,
      appendedAt,
      key: copyOf(bytesOf(outgoing.key)),
      value: copyOf(outgoing.value),
      headers: copyOfHeaders(outgoing),
    });
    this.#end += 1;
    return offset;
  }

  /** Ends a transaction that wrote here. Its marker takes one offset, as in Kafka. */
  decide(transaction: Marking, offsets: ReadonlySet<number> | 'commit'): void {
    if (this.#losesMarker) {
      this.#losesMarker = false;
      return;
    }
    if (!this.#openFrom.delete(transaction)) return;
    if (offsets !== 'commit') this.#records = this.#records.filter((record) => !offsets.has(record.offset));
    this.#end += 1;
  }

  /** The next marker is lost, as by a broker that is killed while it writes them. */
  loseMarker(): void {
    this.#losesMarker = true;
  }

  /** Writes the markers that were lost. */
  settle(): void {
    for (const transaction of [...this.#openFrom.keys()]) transaction.mark(this);
  }

  /** Committed records from a position on, as many as fit into the bytes, but at least one. */
  take(position: number, bytesMax: number, recordsMax: number): TakenRecords {
    const stable = this.stableOffset;
    const records: LogRecord[] = [];
    let bytes = 0;
    let index = this.#indexOf(position);
    for (; index < this.#records.length; index += 1) {
      const record = this.#records[index];
      if (record === undefined || record.offset >= stable) break;
      const size = sizeOf(record);
      if (records.length >= recordsMax || (records.length > 0 && bytes + size > bytesMax)) {
        return { records, nextOffset: record.offset, bytes };
      }
      records.push(record);
      bytes += size;
    }
    return { records, nextOffset: Math.max(position, stable), bytes };
  }

  /** Fails as the broker does when a position is not in the log. */
  check(position: number): void {
    if (position >= this.#start && position <= this.#end) return;
    const place = `${this.topic}/${this.partition} at ${position}, log is ${this.#start}..${this.#end}`;
    throw new LogError('out_of_range', 'OFFSET_OUT_OF_RANGE', place);
  }

  /** Keeps the last record of each key below the stable offset; tombstones go too when asked. */
  compact(tombstones: 'keep' | 'drop'): void {
    const stable = this.stableOffset;
    const lastOf = new Map<string, number>();
    for (const { key, offset } of this.#records) {
      if (key !== null && offset < stable) lastOf.set(key.toString('latin1'), offset);
    }
    this.#records = this.#records.filter(({ key, value, offset }) => {
      if (key === null || offset >= stable) return true;
      if (value === null && tombstones === 'drop') return false;
      return lastOf.get(key.toString('latin1')) === offset;
    });
  }

  /** Moves the start of the log, as retention or a deletion of records would. */
  truncate(start: number): void {
    this.check(start);
    this.#records.splice(0, this.#indexOf(start));
    this.#start = start;
  }

  onMove(wake: () => void): () => void {
    this.#waiters.add(wake);
    return () => this.#waiters.delete(wake);
  }

  /** Wakes the waiting readers; called once after a whole append or transaction. */
  announce(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#records[middle]?.offset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function copyOf(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}

function copyOfHeaders({
  headers = noHeaders,
  sharedHeaders = noHeaders,
}: OutgoingRecord): readonly Header[] {
  if (headers.length + sharedHeaders.length === 0) return noHeaders;
  return [...headers, ...sharedHeaders].map(([name, value]): Header => [name, Buffer.from(bytesOf(value))]);
}

function sizeOf(record: LogRecord): number {
  let size = recordOverheadBytes + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const [name, value] of record.headers) size += name.length + value.length;
  return size;
}
