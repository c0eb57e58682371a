/**
 * Job: read the in-memory log from positions the reader owns.
 *
 * Boundary: no timer runs while there is data; an empty fetch waits for an append or for the injected scheduler.
 *
 * Invariants:
 *  1. Positions move only when a fetch returns, so a fetch that fails loses nothing.
 *  2. Partitions take turns at being first, so that a small fetch limit starves none.
 */

import {
  type FetchedSlice,
  LogError,
  type LogReader,
  type Position,
  type ReaderOptions,
  type TopicPartition,
} from './log.ts';
import { type FaultHook, strike } from './log-memory-faults.ts';
import type { MemoryPartition } from './log-memory-partition.ts';

/** Runs `wake` after the delay and returns how to call it off. */
export type Scheduler = (delayMs: number, wake: () => void) => () => void;

export interface ReaderHost {
  partitionOf(place: TopicPartition): MemoryPartition;
  readonly schedule: Scheduler;
  readonly faults: FaultHook | undefined;
}

interface Cursor {
  readonly source: MemoryPartition;
  offset: number;
  paused: boolean;
}

export class MemoryReader implements LogReader {
  readonly #host: ReaderHost;
  readonly #options: ReaderOptions;
  readonly #cursors: readonly Cursor[];
  #turn = 0;
  #closed = false;
  readonly #pending = new Set<() => void>();

  constructor(host: ReaderHost, options: ReaderOptions) {
    this.#host = host;
    this.#options = options;
    this.#cursors = options.positions.map((position) => ({
      source: host.partitionOf(position),
      offset: position.offset,
      paused: false,
    }));
  }

  async fetch(): Promise<readonly FetchedSlice[]> {
    if (this.#closed) throw new LogError('fatal', 'READER_CLOSED', 'fetch after close');
    const fault = strike(this.#host.faults, { at: 'fetch' });
    if (fault === 'empty') return [];
    if (fault === 'delay') await this.#wait([]);
    const recordsMax = fault === 'short' ? 1 : Number.MAX_SAFE_INTEGER;
    const slices = this.#closed ? [] : this.#take(recordsMax);
    if (slices.length > 0 || fault === 'delay') return slices;
    await this.#wait(this.#active());
    return this.#closed ? [] : this.#take(recordsMax);
  }

  seek(position: Position): void {
    this.#cursorOf(position).offset = position.offset;
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const place of partitions) this.#cursorOf(place).paused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const place of partitions) this.#cursorOf(place).paused = false;
    this.#wakeAll();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of [...this.#pending]) wake();
  }

  #active(): readonly Cursor[] {
    return this.#cursors.filter((cursor) => !cursor.paused);
  }

  #take(recordsMax: number): readonly FetchedSlice[] {
    const active = this.#active();
    for (const { source, offset } of active) source.check(offset);
    const slices: FetchedSlice[] = [];
    let bytesLeft = this.#options.fetchBytesMax;
    let recordsLeft = recordsMax;
    for (let step = 0; step < active.length && bytesLeft > 0 && recordsLeft > 0; step += 1) {
      const cursor = active[(this.#turn + step) % active.length];
      if (cursor === undefined) break;
      const bytesMax = Math.min(this.#options.partitionBytesMax, bytesLeft);
      const { records, nextOffset, bytes } = cursor.source.take(cursor.offset, bytesMax, recordsLeft);
      bytesLeft -= bytes;
      recordsLeft -= records.length;
      if (nextOffset === cursor.offset) continue;
      cursor.offset = nextOffset;
      const { topic, partition, stableOffset } = cursor.source;
      slices.push({ topic, partition, records, nextOffset, stableOffset });
    }
    this.#turn += 1;
    return slices;
  }

  /** Resolves at the first of: one of the cursors' partitions moved, the wait is over, the reader is closed. */
  #wait(cursors: readonly Cursor[]): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#pending.delete(wake);
        callOff();
        for (const stop of stops) stop();
        resolve();
      };
      this.#pending.add(wake);
      const stops = cursors.map(({ source }) => source.onMove(wake));
      const callOff = this.#host.schedule(this.#options.fetchWaitMs, wake);
    });
  }

  #cursorOf(place: TopicPartition): Cursor {
    const found = this.#cursors.find(
      ({ source }) => source.topic === place.topic && source.partition === place.partition,
    );
    if (found !== undefined) return found;
    throw new LogError('fatal', 'NOT_ASSIGNED', `${place.topic}/${place.partition} is not read here`);
  }
}
