/**
 * Job: what the contract of the log port needs of an implementation, and small tools its cases share.
 *
 * Boundary: knows the port and nothing of Kafka or memory.
 *
 * Invariants:
 *  1. Every case makes its own topics, ids and groups, so cases may run in any order against one cluster.
 */

import type {
  FetchedSlice,
  Log,
  LogRecord,
  OutgoingRecord,
  Position,
  Tenure,
  TopicPartition,
  Transactor,
} from '../../topology/log.ts';

interface ContractTransaction {
  write(records: readonly OutgoingRecord[]): Promise<void>;
  publish(group: string, positions: readonly Position[]): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

export interface LogHarness {
  readonly log: Log;
  /** A transaction under a fresh epoch of the id. */
  openTransaction(transactionalId: string): Promise<ContractTransaction>;
  /** A transactor whose first commit loses its reply. */
  deafTransactor(transactionalId: string, tenure?: Tenure): Promise<Transactor>;
  /** Ends a transaction as told, but the markers of the `lost` records' partitions are never written. */
  loseMarkers(
    transactionalId: string,
    verdict: 'commit' | 'abort',
    records: { readonly kept: readonly OutgoingRecord[]; readonly lost: readonly OutgoingRecord[] },
  ): Promise<void>;
  /** Lets the cleaner run over one partition of a topic made with `compactedConfig`. */
  compact(topic: string, partition: number): Promise<void>;
  /** Moves the start of the log. */
  truncate(topic: string, partition: number, start: number): Promise<void>;
  close(): Promise<void>;
}

export const compactedConfig: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'segment.ms': '100',
  'min.cleanable.dirty.ratio': '0.001',
  'max.compaction.lag.ms': '100',
};

const runId = Date.now().toString(36);
let made = 0;

/** A name that no other case and no other run has. */
export function fresh(prefix: string): string {
  made += 1;
  return `${prefix}-${runId}-${made}`;
}

export async function freshTopic(
  log: Log,
  partitions: number,
  config: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = fresh('contract');
  await log.admin.createTopics([
    {
      name,
      partitions,
      replicationFactor: 1,
      config: { 'message.timestamp.type': 'LogAppendTime', ...config },
    },
  ]);
  return name;
}

interface Drained {
  readonly records: readonly LogRecord[];
  readonly slices: readonly FetchedSlice[];
  readonly nextOffset: number;
}

/**
 * Reads one partition from a position to its stable end, as a reader that follows `nextOffset` does. A commit resolves
 * a little before its records are stable, so a case names the offset up to which everything must be decided.
 */
export async function drain(
  log: Log,
  from: Position,
  limits: { readonly bytesMax?: number; readonly decidedTo?: number } = {},
): Promise<Drained> {
  const end = await stableEnd(log, from, limits.decidedTo ?? 0);
  const bytesMax = limits.bytesMax ?? 1_000_000;
  const reader = await log.reader({
    positions: [from],
    fetchBytesMax: bytesMax,
    partitionBytesMax: bytesMax,
    fetchWaitMs: 200,
  });
  const slices: FetchedSlice[] = [];
  let nextOffset = from.offset;
  for (let turns = 0; nextOffset < end; turns += 1) {
    if (turns > 2_000) throw new Error(`no progress at ${nextOffset} of ${end}`);
    for (const slice of await reader.fetch()) {
      slices.push(slice);
      nextOffset = slice.nextOffset;
    }
  }
  await reader.close();
  return { records: slices.flatMap(({ records }) => records), slices, nextOffset };
}

async function stableEnd(log: Log, place: TopicPartition, decidedTo: number): Promise<number> {
  for (let turns = 0; turns < 500; turns += 1) {
    const [bounds] = await log.bounds([place]);
    if (bounds !== undefined && bounds.end >= decidedTo) return bounds.end;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${place.topic}/${place.partition} is not decided to ${decidedTo}`);
}
