/**
 * A block: the rows of one contiguous range of records of one topic partition. It is never split: it travels in one
 * statement, alone or beside blocks of other partitions (`shipment.ts`).
 *
 * Invariants:
 *  1. A block lies within one calendar month (UTC) of append time, so that its insert touches one table partition and
 *     is all or nothing.
 *  2. A record is never split between blocks, however many rows it has.
 *  3. The token of a block names its range, so the same block sent twice is taken once.
 */
import type { LogRecord } from '../../topology/log.ts';
import type { Route } from './routes.ts';
import { RowWriter } from './row-writer.ts';

export interface Block {
  readonly route: Route;
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** The month of append time in which all its records lie, by its first millisecond. */
  readonly monthStartMs: number;
  readonly records: number;
  readonly rows: number;
  readonly bytes: Buffer;
}

export interface BlockLimits {
  /** A block is sealed when it holds this many rows or bytes; one record may exceed either. */
  readonly blockRowsMax: number;
  readonly blockBytesMax: number;
}

export function blockToken(block: Block): string {
  return `${block.topic}-${block.partition}-${block.firstOffset}-${block.lastOffset}`;
}

export function isFull(block: Pick<Block, 'rows' | 'bytes'>, limits: BlockLimits): boolean {
  return block.rows >= limits.blockRowsMax || block.bytes.length >= limits.blockBytesMax;
}

/** A block that still grows. */
export class OpenBlock {
  readonly openedAtMs: number;
  readonly #route: Route;
  readonly #first: LogRecord;
  readonly #month: Month;
  readonly #out = new RowWriter();
  #lastOffset: number;
  #records = 0;

  /** The first record decides the month; it must be added like the others. */
  constructor(route: Route, first: LogRecord, openedAtMs: number) {
    this.#route = route;
    this.#first = first;
    this.#lastOffset = first.offset;
    this.#month = monthOf(first.appendedAt);
    this.openedAtMs = openedAtMs;
  }

  get bytes(): number {
    return this.#out.bytes;
  }

  accepts(record: LogRecord): boolean {
    return record.appendedAt >= this.#month.startMs && record.appendedAt < this.#month.endMs;
  }

  add(record: LogRecord): void {
    this.#route.append(this.#out, record);
    this.#lastOffset = record.offset;
    this.#records += 1;
  }

  isFull(limits: BlockLimits): boolean {
    return this.#out.rows >= limits.blockRowsMax || this.#out.bytes >= limits.blockBytesMax;
  }

  /** Null when its records have no rows. The open block must not be used afterwards. */
  seal(): Block | null {
    if (this.#out.rows === 0) return null;
    return {
      route: this.#route,
      topic: this.#first.topic,
      partition: this.#first.partition,
      firstOffset: this.#first.offset,
      lastOffset: this.#lastOffset,
      monthStartMs: this.#month.startMs,
      records: this.#records,
      rows: this.#out.rows,
      bytes: this.#out.finish(),
    };
  }
}

interface Month {
  readonly startMs: number;
  readonly endMs: number;
}

function monthOf(instant: number): Month {
  const date = new Date(instant);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}
