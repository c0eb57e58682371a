/**
 * Job: read partitions of the broker from positions that we own.
 *
 * Boundary: no group and no committed offset; a position moves only by what was returned or by `seek`.
 *
 * Invariants:
 *  1. At most one fetch is in flight per leader; what one leader brought is returned while others still wait.
 *  2. Data fetched for a position that was sought away from, or paused, is dropped.
 *  3. A position out of range is raised and nothing moves; it is never mended here.
 */

import {
  type FetchedSlice,
  LogError,
  type LogReader,
  type Position,
  type ReaderOptions,
  type TopicPartition,
} from './log.ts';
import type { KafkaClient } from './log-kafka-client.ts';
import { errorOfCode, isStaleLeader } from './log-kafka-errors.ts';
import { decodeFetch, encodeFetch, type FetchedPartition, fetchKey } from './log-kafka-fetch.ts';
import { WireWriter } from './log-kafka-wire.ts';
import { decodeRecordSet } from './record-batch-decode.ts';

const staleLeaderPauseMs = 50;

interface Cursor extends TopicPartition {
  offset: number;
  paused: boolean;
  /** Moves with every seek, so that an answer to an older question is known as such. */
  version: number;
}

interface Asked {
  readonly cursor: Cursor;
  readonly version: number;
}

interface Arrived {
  readonly asked: ReadonlyMap<string, Asked>;
  readonly partitions: readonly FetchedPartition[];
}

export class KafkaReader implements LogReader {
  readonly #client: KafkaClient;
  readonly #options: ReaderOptions;
  readonly #cursors: readonly Cursor[];
  readonly #inFlight = new Map<number, Promise<void>>();
  #arrived: Arrived[] = [];
  #failure: LogError | null = null;
  #fetching = false;
  #closed = false;
  #turn = 0;
  #wake: () => void = () => undefined;

  constructor(client: KafkaClient, options: ReaderOptions) {
    this.#client = client;
    this.#options = options;
    this.#cursors = options.positions.map((position) => ({ ...position, paused: false, version: 0 }));
  }

  async fetch(): Promise<readonly FetchedSlice[]> {
    if (this.#closed) throw new LogError('fatal', 'READER_CLOSED', 'fetch after close');
    if (this.#fetching) throw new LogError('fatal', 'OVERLAPPING_CALL', 'fetch during fetch');
    this.#fetching = true;
    try {
      return await this.#fetchOnce();
    } catch (thrown) {
      if (this.#closed) return [];
      throw this.#client.failed(thrown, 'Fetch');
    } finally {
      this.#fetching = false;
    }
  }

  seek(position: Position): void {
    const cursor = this.#cursorOf(position);
    cursor.offset = position.offset;
    cursor.version += 1;
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const place of partitions) this.#cursorOf(place).paused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const place of partitions) this.#cursorOf(place).paused = false;
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#client.close();
  }

  async #fetchOnce(): Promise<readonly FetchedSlice[]> {
    const active = this.#cursors.filter(({ paused }) => !paused);
    if (active.length === 0) {
      await this.#idle(this.#options.fetchWaitMs);
      return [];
    }
    const leaders = await this.#client.byLeader(active);
    if (this.#arrived.length === 0 && this.#failure === null) {
      for (const [leader, cursors] of leaders) {
        if (!this.#inFlight.has(leader)) this.#inFlight.set(leader, this.#ask(leader, cursors));
      }
      await Promise.race(this.#inFlight.values());
    }
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
    const arrived = this.#arrived;
    this.#arrived = [];
    return this.#accept(arrived);
  }

  /** Asks one leader. Never rejects: a failure is kept for the next return of `fetch`. */
  async #ask(leader: number, cursors: readonly Cursor[]): Promise<void> {
    try {
      const lane = await this.#client.lane(leader, 'fetches');
      const { options } = this.#client;
      this.#turn += 1;
      const turned = cursors.map((_, index) => cursors[(index + this.#turn) % cursors.length] ?? cursors[0]);
      const wanted = turned.filter((cursor) => cursor !== undefined);
      const asked = new Map(wanted.map((cursor) => [placeOf(cursor), { cursor, version: cursor.version }]));
      const frame = encodeFetch(new WireWriter(), wanted, {
        clientId: options.clientId,
        limits: this.#options,
      });
      const extraTimeoutMs = this.#options.fetchWaitMs;
      const payload = await lane.send({ frame, apiKey: fetchKey, apiName: 'Fetch', extraTimeoutMs });
      const { errorCode, throttleMs, partitions } = decodeFetch(payload);
      lane.throttle(throttleMs);
      if (errorCode !== 0) throw errorOfCode(errorCode, `Fetch from broker ${leader}`);
      this.#arrived.push({ asked, partitions });
    } catch (thrown) {
      this.#failure = this.#client.failed(thrown, `Fetch from broker ${leader}`);
    } finally {
      this.#inFlight.delete(leader);
    }
  }

  async #accept(arrived: readonly Arrived[]): Promise<readonly FetchedSlice[]> {
    const slices: { readonly cursor: Cursor; readonly slice: FetchedSlice }[] = [];
    let leadersMoved = false;
    for (const { asked, partitions } of arrived) {
      for (const fetched of partitions) {
        const question = asked.get(placeOf(fetched));
        if (question === undefined || !isCurrent(question)) continue;
        if (isStaleLeader(fetched.errorCode)) leadersMoved = true;
        else slices.push({ cursor: question.cursor, slice: decode(fetched, question.cursor.offset) });
      }
    }
    if (leadersMoved) await this.#leadersMoved();
    const moved = slices.filter(({ cursor, slice }) => slice.nextOffset > cursor.offset);
    for (const { cursor, slice } of moved) cursor.offset = slice.nextOffset;
    return moved.map(({ slice }) => slice);
  }

  /** An unknown topic shows itself when the metadata is asked for again, as a fatal error. */
  async #leadersMoved(): Promise<void> {
    this.#client.leadersMoved();
    await this.#idle(staleLeaderPauseMs);
  }

  /** Waits without a request, until `resume` or `close` at the latest. */
  async #idle(pauseMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, pauseMs);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  #cursorOf(place: TopicPartition): Cursor {
    const found = this.#cursors.find(
      ({ topic, partition }) => topic === place.topic && partition === place.partition,
    );
    if (found !== undefined) return found;
    throw new LogError('fatal', 'NOT_ASSIGNED', `${placeOf(place)} is not read here`);
  }
}

function decode(fetched: FetchedPartition, position: number): FetchedSlice {
  const { topic, partition, errorCode, bytes, aborted, stableOffset } = fetched;
  if (errorCode !== 0) throw errorOfCode(errorCode, `${placeOf(fetched)} at ${position}`);
  const { records, nextOffset } = decodeRecordSet({ topic, partition, bytes, aborted, position });
  return { topic, partition, records, nextOffset, stableOffset };
}

function isCurrent({ cursor, version }: Asked): boolean {
  return !cursor.paused && cursor.version === version;
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
