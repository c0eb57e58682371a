/**
 * Job: gather the records of callers that publish at the same time into few appends.
 *
 * Boundary: places and bytes; knows neither Avro nor HTTP. One append is under way at a time, so while it is, the next
 * batch gathers; only the first record after silence waits for company.
 *
 * Invariants:
 *  1. A caller is answered after the broker acknowledged all its records, or with the error of a batch that held one.
 *  2. Records are appended in the order in which they were handed over.
 *  3. At most `heldRecordsMax` records and `heldBytesMax` bytes wait or are under way; what is more is refused at once
 *     and nothing of it is kept.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { AppendedAt, Log, OutgoingRecord } from './log.ts';
import { PublishError, publishErrorOf } from './publish-error.ts';
import { sizeOfContent } from './text-bytes.ts';

export interface BatchLimits {
  readonly lingerMs: number;
  readonly batchRecordsMax: number;
  readonly recordBytesMax: number;
  readonly heldRecordsMax: number;
  readonly heldBytesMax: number;
}

/** The broker takes batches of about 1 MB, so a record must stay below that. */
export const BATCH_LIMITS: BatchLimits = {
  lingerMs: 2,
  batchRecordsMax: 2_000,
  recordBytesMax: 900_000,
  heldRecordsMax: 20_000,
  heldBytesMax: 64 * 1024 * 1024,
};

export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

interface Call {
  missing: number;
  readonly places: Place[];
  readonly resolve: (places: readonly Place[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Held {
  readonly record: OutgoingRecord;
  readonly bytes: number;
  readonly call: Call;
  readonly index: number;
}

const RECORD_OVERHEAD_BYTES = 64;

export class PublishBatches {
  readonly #log: Log;
  readonly #limits: BatchLimits;
  #queue: Held[] = [];
  #heldRecords = 0;
  #heldBytes = 0;
  #running: Promise<void> | null = null;

  constructor(log: Log, limits: BatchLimits) {
    this.#log = log;
    this.#limits = limits;
  }

  /** Records that wait or are under way. */
  get held(): number {
    return this.#heldRecords;
  }

  async add(records: readonly OutgoingRecord[]): Promise<readonly Place[]> {
    if (records.length === 0) return [];
    const sizes = records.map(sizeOf);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    checkSizes(records, this.#limits.recordBytesMax);
    this.#checkRoom(records.length, bytes);
    this.#heldRecords += records.length;
    this.#heldBytes += bytes;
    return new Promise((resolve, reject) => {
      const call: Call = { missing: records.length, places: [], resolve, reject };
      for (const [index, record] of records.entries()) {
        this.#queue.push({ record, bytes: sizes[index] ?? 0, call, index });
      }
      this.#running ??= this.#run();
    });
  }

  /** Resolves when everything handed over so far is decided. */
  async drained(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  #checkRoom(records: number, bytes: number): void {
    const { heldRecordsMax, heldBytesMax } = this.#limits;
    const isFull = this.#heldRecords + records > heldRecordsMax || this.#heldBytes + bytes > heldBytesMax;
    if (isFull)
      throw new PublishError('overloaded', `${this.#heldRecords} records are waiting to be written`);
  }

  async #run(): Promise<void> {
    if (this.#queue.length < this.#limits.batchRecordsMax) await pause(this.#limits.lingerMs);
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, this.#limits.batchRecordsMax);
      this.#queue = this.#queue.slice(batch.length);
      try {
        settle(batch, await this.#log.append(batch.map((held) => held.record)));
      } catch (error) {
        for (const { call } of batch) call.reject(publishErrorOf(error));
      }
      this.#heldRecords -= batch.length;
      for (const { bytes } of batch) this.#heldBytes -= bytes;
    }
    this.#running = null;
  }
}

/** Offsets count up within a partition in the order in which its records were handed over. */
function settle(batch: readonly Held[], appended: readonly AppendedAt[]): void {
  const ranges = new Map<string, { offset: number; left: number }[]>();
  for (const { topic, partition, firstOffset, count } of appended) {
    const key = `${topic}/${partition}`;
    ranges.set(key, [...(ranges.get(key) ?? []), { offset: firstOffset, left: count }]);
  }
  for (const { record, call, index } of batch) {
    const { topic, partition } = record;
    const range = ranges.get(`${topic}/${partition}`)?.find((candidate) => candidate.left > 0);
    if (range === undefined) throw new Error(`the log told no offset for a record of ${topic}/${partition}`);
    call.places[index] = { topic, partition, offset: range.offset };
    range.offset += 1;
    range.left -= 1;
    call.missing -= 1;
    if (call.missing === 0) call.resolve(call.places);
  }
}

/** Throws for the first record that the broker could never take. */
export function checkSizes(records: readonly OutgoingRecord[], recordBytesMax: number): void {
  const tooLarge = records.map(sizeOf).find((size) => size > recordBytesMax);
  if (tooLarge === undefined) return;
  const message = `a record of ${tooLarge} bytes cannot be written; the most is ${recordBytesMax}`;
  throw new PublishError('record_too_large', message);
}

function sizeOf(record: OutgoingRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + sizeOfContent(record.key) + sizeOfContent(record.value);
  for (const [name, value] of record.headers ?? []) bytes += name.length + sizeOfContent(value) + 4;
  return bytes;
}
