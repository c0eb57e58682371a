/**
 * The sink's loop: from the log into ClickHouse, each record once.
 *
 * Job: read all routed topic partitions with one reader, hand their records to lanes, insert what the lanes seal, the
 * lanes of one table together.
 * Boundary: the log, the store, time and pauses are given; nothing here reads the environment or a clock.
 *
 * Invariants:
 *  1. A lane starts at the position its table holds, read after every earlier insert has ended.
 *  2. What is read and not yet stored is bounded in bytes: beyond the bound reading stops until the store answers.
 *     A store that is down is back-pressure, and nothing is dropped.
 *  3. Stopping loses nothing: what was not stored is read again from the stored position.
 */
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import { reactionTo } from '../../topology/failures.ts';
import { recordsLeft } from '../../topology/inbox.ts';
import type { FetchedSlice, Log, LogReader } from '../../topology/log.ts';
import { type Block, isFull } from './block.ts';
import { insertUntilKnown } from './insert.ts';
import type { Lane, LaneLimits } from './lane.ts';
import { openLanes } from './open-lanes.ts';
import { Pace } from './pace.ts';
import { type Route, unknownSchemas } from './routes.ts';
import { lanesToShip, type Shipment, type ShipmentLimits } from './shipment.ts';
import type { AnalyticsStore, StoreError } from './store.ts';

export interface SinkLimits extends LaneLimits, ShipmentLimits {
  /** When no record that somebody may be waiting for came in this time, those that did come do not wait for the linger. */
  readonly quietMs: number;
  /** Bytes of rows that may wait for the store, over all lanes. */
  readonly pendingBytesMax: number;
  readonly insertsInFlightMax: number;
  /** After inserting blocks that are not full the sink rests this many times as long as that took. */
  readonly restFactor: number;
  readonly restMsMax: number;
  /** Between a fetch that brought little and the next: waiting at the broker would have it look at every lane on every append. */
  readonly fetchPauseMs: number;
  readonly fetchBytesMax: number;
  readonly partitionBytesMax: number;
  readonly fetchWaitMs: number;
  readonly retryPauseMs: number;
  readonly retryPauseMaxMs: number;
}

const FETCHED_RECORDS_FEW = 2_000;

export const SINK_LIMITS: SinkLimits = {
  blockRowsMax: 20_000,
  blockBytesMax: 8 * 1024 * 1024,
  shipmentBytesMax: 8 * 1024 * 1024,
  lingerMs: 5_000,
  quietMs: 500,
  pendingBytesMax: 48 * 1024 * 1024,
  insertsInFlightMax: 2,
  restFactor: 0.5,
  restMsMax: 5_000,
  fetchPauseMs: 200,
  fetchBytesMax: 8 * 1024 * 1024,
  partitionBytesMax: 1024 * 1024,
  fetchWaitMs: 0,
  retryPauseMs: 50,
  retryPauseMaxMs: 5_000,
};

export interface SinkObserver {
  onReady(lanes: number): void;
  onInserted(block: Block, tookMs: number): void;
  onTrouble(what: string, error: unknown): void;
}

export interface SinkOptions {
  readonly log: Log;
  readonly store: AnalyticsStore;
  readonly directory: SchemaDirectory;
  readonly routes: readonly Route[];
  readonly limits: SinkLimits;
  readonly nowMs: () => number;
  /** Resolves after the time, or at once when the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly observer: SinkObserver;
}

/** Resolves when the signal aborts and the inserts under way have ended; rejects with what must end the process. */
export async function runSink(options: SinkOptions, signal: AbortSignal): Promise<void> {
  const lanes = await untilAnswered(options, signal, () => openLanes(options));
  if (lanes === null) return;
  options.observer.onReady(lanes.length);
  await new Sink(options, lanes, signal).run();
}

class Sink {
  readonly #options: SinkOptions;
  readonly #lanes: readonly Lane[];
  /** The lanes of each table, whose blocks may travel together. */
  readonly #tables: readonly (readonly Lane[])[];
  readonly #laneOf: ReadonlyMap<string, Lane>;
  /** Aborts with the caller's signal and with the first failure. */
  readonly #stopping = new AbortController();
  readonly #signal: AbortSignal;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #pace: Pace;
  #failure: { readonly error: unknown } | null = null;
  #turn = 0;
  #arrivedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SinkOptions, lanes: readonly Lane[], signal: AbortSignal) {
    this.#options = options;
    this.#lanes = lanes;
    this.#tables = [...Map.groupBy(lanes, (lane) => lane.route.table).values()];
    this.#pace = new Pace(options.limits);
    this.#laneOf = new Map(lanes.map((lane) => [laneKey(lane.route.topic, lane.partition), lane]));
    this.#signal = AbortSignal.any([signal, this.#stopping.signal]);
  }

  async run(): Promise<void> {
    let reader: LogReader | null = null;
    try {
      while (!this.#signal.aborted) {
        reader ??= await this.#openReader();
        if (reader !== null && !(await this.#readOnce(reader))) {
          await reader.close();
          reader = null;
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      await Promise.all(this.#inFlight);
      await reader?.close();
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Null when the log is in trouble: it may be away for longer than one attempt lasts. */
  async #openReader(): Promise<LogReader | null> {
    const { log, limits } = this.#options;
    const positions = this.#lanes.map((lane) => ({
      topic: lane.route.topic,
      partition: lane.partition,
      offset: lane.position,
    }));
    const { fetchBytesMax, partitionBytesMax, fetchWaitMs } = limits;
    try {
      return await log.reader({ positions, fetchBytesMax, partitionBytesMax, fetchWaitMs });
    } catch (error) {
      await this.#bearWith(error);
      return null;
    }
  }

  /** Tells of trouble with the log and waits a moment; throws on when it is not of the passing kind. */
  async #bearWith(error: unknown): Promise<void> {
    if (reactionTo(error) !== 'acquire_again') throw error;
    this.#options.observer.onTrouble('reading the log', error);
    await this.#options.pause(this.#options.limits.retryPauseMs, this.#signal);
  }

  /** False when the log was in trouble and the reader must be opened anew from the lanes' positions. */
  async #readOnce(reader: LogReader): Promise<boolean> {
    if (this.#pendingBytes() >= this.#options.limits.pendingBytesMax) {
      for (const lane of this.#lanes) lane.seal();
      this.#insertSealed();
      await Promise.race(this.#inFlight);
      return true;
    }
    try {
      const slices = await reader.fetch();
      for (const slice of slices) await this.#take(slice);
      const records = slices.reduce((sum, slice) => sum + slice.records.length, 0);
      if (records < FETCHED_RECORDS_FEW && recordsLeft(slices) < FETCHED_RECORDS_FEW)
        await this.#options.pause(this.#options.limits.fetchPauseMs, this.#signal);
    } catch (error) {
      await this.#bearWith(error);
      return false;
    }
    this.#sealDue(this.#options.nowMs());
    this.#insertSealed();
    return true;
  }

  async #take(slice: FetchedSlice): Promise<void> {
    const lane = this.#laneOf.get(laneKey(slice.topic, slice.partition));
    if (lane === undefined) throw new Error(`${slice.topic}/${slice.partition} was not asked for`);
    for (const id of unknownSchemas(slice.records, this.#options.directory)) {
      await this.#options.directory.load(id);
    }
    const nowMs = this.#options.nowMs();
    if (slice.records.length > 0 && lane.route.isAwaited) this.#arrivedAtMs = nowMs;
    lane.take(slice, nowMs);
  }

  /** When one lane of a table is due the others go along: they would otherwise pay for an insert of their own. */
  #sealDue(nowMs: number): void {
    if (this.#pace.isResting(nowMs)) return;
    const isQuiet = nowMs - this.#arrivedAtMs >= this.#options.limits.quietMs;
    for (const lanes of this.#tables) {
      const isDue = lanes.some((lane) => (isQuiet && lane.route.isAwaited) || lane.isDue(nowMs));
      if (isDue) for (const lane of lanes) lane.sealToGoAlong();
    }
  }

  /** Tables take turns at being first, and lanes within their table, so that a busy one starves none. */
  #insertSealed(): void {
    for (let step = 0; step < this.#tables.length; step += 1) {
      const lanes = this.#tables[(this.#turn + step) % this.#tables.length] ?? [];
      const start = this.#turn % Math.max(1, lanes.length);
      this.#insertFrom([...lanes.slice(start), ...lanes.slice(0, start)]);
    }
    this.#turn += 1;
  }

  #insertFrom(lanes: readonly Lane[]): void {
    const { limits } = this.#options;
    while (this.#inFlight.size < limits.insertsInFlightMax) {
      const chosen = lanesToShip(lanes, limits);
      const [first, ...others] = chosen.flatMap((lane) => lane.next() ?? []);
      if (first === undefined) return;
      const insert = this.#insert(chosen, [first, ...others]).finally(() => {
        this.#inFlight.delete(insert);
        if (!this.#signal.aborted) this.#insertSealed();
      });
      this.#inFlight.add(insert);
    }
  }

  async #insert(lanes: readonly Lane[], shipment: Shipment): Promise<void> {
    const { nowMs, observer, limits } = this.#options;
    const startedAtMs = nowMs();
    const onTrouble = (error: StoreError): void => observer.onTrouble('inserting', error);
    try {
      const end = await insertUntilKnown(shipment, { ...this.#options, ...limits, onTrouble }, this.#signal);
      if (end === 'stopped') return;
      const tookMs = nowMs() - startedAtMs;
      for (const lane of lanes) lane.landed();
      if (!shipment.some((block) => isFull(block, limits))) this.#pace.inserted(tookMs, nowMs());
      for (const block of shipment) observer.onInserted(block, tookMs);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stopping.abort();
  }

  #pendingBytes(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.pendingBytes, 0);
  }
}

/** The store or the log may be away when the sink starts; that is waited for like any other absence. */
async function untilAnswered<T>(
  options: SinkOptions,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T | null> {
  let pauseMs = options.limits.retryPauseMs;
  while (!signal.aborted) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error)) throw error;
      options.observer.onTrouble('starting', error);
    }
    await options.pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, options.limits.retryPauseMaxMs);
  }
  return null;
}

function isPassing(error: unknown): boolean {
  if (error instanceof Error && 'kind' in error && error.kind === 'unknown') return true;
  return reactionTo(error) === 'acquire_again';
}

function laneKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
