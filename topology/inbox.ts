/**
 * Reads ahead while steps are being committed.
 *
 * Job: keep fetched slices per input and partition, hand out a batch for each partition in the processor's input order,
 * and stop fetching when full.
 *
 * Invariants:
 *  1. Records of one input partition leave in offset order, each once. What is taken for one step leaves in the order of the
 *     inputs, so that a step is one range of each: what arrives late for an input that was passed waits for the next step.
 *  2. At most `inboxRecordsMax` records or `inboxBytesMax` bytes, plus one fetch, are held; what was handed out is let go.
 *  3. An error of the reader reaches the next `take`; nothing read before it is lost or handed out twice.
 */
import type { Limits } from './limits.ts';
import type { FetchedSlice, LogReader, LogRecord, Position } from './log.ts';
import type { BatchSlice } from './step.ts';
import type { TopicName } from './topics.ts';

const FETCHED_RECORDS_FEW = 1_000;

interface Lane {
  readonly topic: TopicName;
  readonly partition: number;
  /** Offset of the next record to hand out. */
  position: number;
  /** Offset up to which everything was fetched. */
  fetched: number;
  readonly records: LogRecord[];
}

interface Room {
  records: number;
  bytes: number;
}

export class Inbox {
  readonly #reader: LogReader;
  readonly #limits: Limits;
  /** By partition, each with its inputs in the processor's order. */
  readonly #lanes: ReadonlyMap<number, readonly Lane[]>;
  /** By partition the input that the step under way has come to. */
  readonly #reached = new Map<number, number>();
  readonly #waiters = new Set<() => void>();
  #waiting = 0;
  #waitingBytes = 0;
  #error: unknown = null;
  #closed = false;
  #turn = 0;
  #pump: Promise<void> | null = null;
  #endPause: () => void = () => undefined;

  constructor(
    reader: LogReader,
    inputs: readonly (Position & { readonly topic: TopicName })[],
    limits: Limits,
  ) {
    this.#reader = reader;
    this.#limits = limits;
    const lanes = inputs.map(({ topic, partition, offset }): Lane => {
      return { topic, partition, position: offset, fetched: offset, records: [] };
    });
    this.#lanes = Map.groupBy(lanes, ({ partition }) => partition);
  }

  /** Starts reading ahead in the background. Without it, `fill` reads once on demand. */
  start(): void {
    this.#pump = this.#run();
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Whether as much is waiting as one step takes. */
  get isFull(): boolean {
    const { stepRecordsMax, stepBytesMax } = this.#limits;
    return this.#waiting >= stepRecordsMax || this.#waitingBytes >= stepBytesMax;
  }

  /** Fetches once; returns how many more records the log had of the partitions that came. */
  async fill(): Promise<number> {
    const slices = await this.#reader.fetch();
    for (const slice of slices) this.#add(slice);
    return recordsLeft(slices);
  }

  /** Resolves when there is something to take, the reader failed, the signal fired, or after `timeoutMs`. */
  async arrival(options: {
    readonly full?: boolean;
    readonly timeoutMs?: number;
    readonly signal: AbortSignal;
  }) {
    const isReady = (): boolean =>
      this.#error !== null ||
      options.signal.aborted ||
      (options.full === true ? this.isFull : this.#waiting > 0);
    if (isReady()) return;
    // A task that rests lets records gather; one that asks gets all that came meanwhile, in one fetch.
    if (options.full !== true) this.#endPause();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiters.delete(check);
        options.signal.removeEventListener('abort', done);
        clearTimeout(timer);
        resolve();
      };
      const check = (): void => {
        if (isReady()) done();
      };
      const timer = options.timeoutMs === undefined ? undefined : setTimeout(done, options.timeoutMs);
      this.#waiters.add(check);
      options.signal.addEventListener('abort', done);
    });
  }

  /**
   * The next batch of each partition that has one, together bounded in records and bytes; empty when nothing is waiting that
   * fits into the step. Partitions take turns at being first, so that one with a backlog cannot keep the others waiting.
   */
  take(): ReadonlyMap<number, readonly BatchSlice[]> {
    if (this.#error !== null) throw this.#error;
    const taken = new Map<number, readonly BatchSlice[]>();
    const room = { records: this.#limits.stepRecordsMax, bytes: this.#limits.stepBytesMax };
    const partitions = [...this.#lanes.keys()];
    for (let index = 0; index < partitions.length; index += 1) {
      const partition = partitions[(this.#turn + index) % partitions.length] ?? 0;
      const slices = this.#takeFrom(partition, room);
      if (slices.length > 0) taken.set(partition, slices);
    }
    this.#turn += 1;
    this.#waiting -= this.#limits.stepRecordsMax - room.records;
    this.#waitingBytes -= this.#limits.stepBytesMax - room.bytes;
    this.#wake();
    return taken;
  }

  /** What is taken next belongs to another step. */
  endStep(): void {
    this.#reached.clear();
  }

  #takeFrom(partition: number, room: Room): readonly BatchSlice[] {
    const slices: BatchSlice[] = [];
    for (const [index, lane] of (this.#lanes.get(partition) ?? []).entries()) {
      if (index < (this.#reached.get(partition) ?? 0)) continue;
      const slice = takeFrom(lane, room);
      if (slice === null) continue;
      slices.push(slice);
      this.#reached.set(partition, index);
    }
    return slices;
  }

  /** Where each input of a partition stands after what was taken; markers at the end of a lane are passed over. */
  positions(partition: number): readonly { readonly topic: TopicName; readonly offset: number }[] {
    return (this.#lanes.get(partition) ?? []).map(({ topic, position }) => ({ topic, offset: position }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    this.#endPause();
    await this.#reader.close();
    await this.#pump;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closed) {
        if (this.#isOverfull()) await this.#room();
        else {
          const before = this.#waiting;
          const left = await this.fill();
          // Asking again at once would fetch records one by one as they are appended. A backlog of one partition comes in
          // small pieces too, and is asked for at once.
          const brought = this.#waiting - before;
          const { fetchPauseMs, fetchWaitMs } = this.#limits;
          const isFew = brought < FETCHED_RECORDS_FEW && left < FETCHED_RECORDS_FEW;
          const isPaused = isFew && (brought > 0 || fetchWaitMs === 0);
          if (isPaused && fetchPauseMs > 0) await this.#pause(fetchPauseMs);
        }
      }
    } catch (error) {
      if (!this.#closed) this.#error = error;
      this.#wake();
    }
  }

  /** Ends after `pauseMs`, or as soon as the task wants more. */
  async #pause(pauseMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, pauseMs);
    this.#endPause = resolve;
    await promise;
    clearTimeout(timer);
  }

  #isOverfull(): boolean {
    const { inboxRecordsMax, inboxBytesMax } = this.#limits;
    return this.#waiting >= inboxRecordsMax || this.#waitingBytes >= inboxBytesMax;
  }

  async #room(): Promise<void> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!this.#closed && this.#isOverfull()) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
    });
  }

  #add(slice: FetchedSlice): void {
    const lane = this.#lanes.get(slice.partition)?.find(({ topic }) => topic === slice.topic);
    if (lane === undefined) return;
    for (const record of slice.records) {
      lane.records.push(record);
      this.#waitingBytes += sizeOf(record);
    }
    lane.fetched = slice.nextOffset;
    this.#waiting += slice.records.length;
    if (slice.records.length > 0) this.#wake();
  }

  #wake(): void {
    for (const check of [...this.#waiters]) check();
  }
}

/** Behind what a fetch brought; markers count as well. */
export function recordsLeft(slices: readonly FetchedSlice[]): number {
  return slices.reduce(
    (sum, { nextOffset, stableOffset }) => sum + Math.max(0, stableOffset - nextOffset),
    0,
  );
}

function sizeOf(record: LogRecord): number {
  return record.size ?? (record.value?.length ?? 0) + (record.key?.length ?? 0);
}

/** Takes what there is room for; nothing when nothing waits. */
function takeFrom(lane: Lane, room: Room): BatchSlice | null {
  let count = 0;
  for (const record of lane.records) {
    if (room.records === 0 || room.bytes <= 0) break;
    count += 1;
    room.records -= 1;
    room.bytes -= sizeOf(record);
  }
  if (count === 0) return null;
  const from = lane.position;
  const records = lane.records.splice(0, count);
  lane.position = positionAfter(lane, records);
  return { topic: lane.topic, from, to: lane.position, records };
}

/** Past the last record taken; past the markers behind it too when nothing else is waiting in the lane. */
function positionAfter(lane: Lane, taken: readonly LogRecord[]): number {
  if (lane.records.length === 0) return lane.fetched;
  return (taken.at(-1)?.offset ?? lane.position - 1) + 1;
}
