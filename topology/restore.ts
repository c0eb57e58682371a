/**
 * Taking a task over: fence the former owner, then read the whole changelog up to our own barrier.
 *
 * Invariants:
 *  1. The transactor is opened before anything is read, so nothing older can commit after what we read.
 *  2. Reading ends at our barrier, never at an offset the broker named: no question about control records, compacted
 *     tails or unfinished transactions is left.
 *  3. A checkpoint of another cluster, positions outside the log, or inputs that were made again under their name, stop
 *     the task: data was lost or replaced. A topic is known by its id, so it is noticed whatever the new one holds.
 */
import { randomUUID } from 'node:crypto';
import type { Checkpoint } from '../schemas/generated/checkpoint.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import { barrierRecord, type ChangelogPartition, StateReader } from './changelog.ts';
import type { Limits } from './limits.ts';
import {
  type CommittedAt,
  type Log,
  LogError,
  type LogRecord,
  type Position,
  type TopicPartition,
  type Transactor,
} from './log.ts';
import type { StateCache } from './state-cache.ts';
import type { StateCaches } from './state-cache-folder.ts';
import { resumeFromCache } from './state-cache-resume.ts';
import type { TaskState } from './step.ts';
import { serviceTopics } from './topics.ts';

export interface TaskPlace {
  readonly log: Log;
  readonly limits: Limits;
  readonly state: TaskState;
  /** Absent: all state is read from the changelog. */
  readonly caches?: StateCaches | undefined;
}

export interface Acquired {
  readonly transactor: Transactor;
  readonly checkpoint: Checkpoint | null;
  readonly positions: readonly Position[];
  readonly clusterId: string;
  /** Of the inputs, by topic. */
  readonly topicIds: ReadonlyMap<string, string>;
  /** To be told of every commit, and closed. */
  readonly cache: StateCache | null;
}

export function changelogOf(state: TaskState): ChangelogPartition {
  const topic = serviceTopics(state.processor.service).changelog;
  return { topic, partition: state.partition, directory: state.directory };
}

export async function acquire(place: TaskPlace): Promise<Acquired> {
  const { log, limits, state } = place;
  const transactionalId = `${state.processor.service}-${state.partition}`;
  const transactor = await log.transactor(transactionalId, {
    timeoutMs: limits.transactionTimeoutMs,
    owned: ownPartitions(state),
  });
  let cache: StateCache | null = null;
  try {
    const barrierId = randomUUID();
    const writeBarrier = (): Promise<readonly CommittedAt[]> =>
      transactor.commit({ records: [barrierRecord(changelogOf(state), barrierId)], groupPositions: null });
    const [barrier] = await writeBarrier();
    const read = await readUpTo(place, { barrierId, barrier }, writeBarrier);
    cache = read.cache;
    const { checkpoint } = read;
    const clusterId = await log.clusterId();
    if (checkpoint !== null && checkpoint.clusterId !== clusterId) {
      throw new LogError(
        'fatal',
        'other_cluster',
        `${transactionalId} was checkpointed on cluster ${checkpoint.clusterId}, this is ${clusterId}`,
      );
    }
    const positions = await startPositions(place, checkpoint);
    const topicIds = await inputIds(place, checkpoint);
    return { transactor, checkpoint, clusterId, positions, topicIds, cache };
  } catch (error) {
    await cache?.close();
    await transactor.close();
    throw error;
  }
}

/** Everything this task writes; nobody else does. */
function ownPartitions({ processor, partition }: TaskState): readonly TopicPartition[] {
  const { changelog, steps, rejected } = serviceTopics(processor.service);
  return [...processor.outputs, changelog, steps, rejected].map((topic) => ({ topic, partition }));
}

/**
 * At the end of the log without having met our barrier, we write it again: either we meet that one, or the write tells
 * us that we were fenced. The barrier of a task that was overtaken while it read may have been compacted away.
 */
async function readUpTo(
  place: TaskPlace,
  { barrierId, barrier }: { readonly barrierId: string; readonly barrier: CommittedAt | undefined },
  writeBarrier: () => Promise<unknown>,
): Promise<{ readonly checkpoint: Checkpoint | null; readonly cache: StateCache | null }> {
  const { log, limits, state, caches } = place;
  const changelog = changelogOf(state);
  const [bounds] = await log.bounds([{ topic: changelog.topic, partition: changelog.partition }]);
  const start = bounds?.start ?? 0;
  const content = new StateReader(changelog, state);
  const service = state.processor.service;
  const { cache, from } =
    caches === undefined
      ? { cache: null, from: start }
      : await resumeFromCache({ log, limits, caches, service, changelog, start, barrier }, content);
  const reader = await log.reader({
    positions: [{ topic: changelog.topic, partition: changelog.partition, offset: from }],
    fetchBytesMax: limits.fetchBytesMax,
    partitionBytesMax: limits.fetchBytesMax,
    fetchWaitMs: limits.fetchWaitMs,
  });
  try {
    for (;;) {
      const slices = await reader.fetch();
      for (const slice of slices) {
        for (const record of slice.records) {
          await loadSchema(state.directory, record);
          if (content.take(record) === barrierId) return { checkpoint: content.finish(), cache };
          cache?.take(record);
        }
      }
      await cache?.room();
      if (slices.length === 0) await writeBarrier();
    }
  } catch (error) {
    await cache?.close();
    throw error;
  } finally {
    await reader.close();
  }
}

async function loadSchema(directory: SchemaDirectory, record: LogRecord): Promise<void> {
  const id = StateReader.schemaIdOf(record);
  if (id === null || directory.writerSchema(id) !== undefined) return;
  if ((await directory.load(id)) === 'loaded') return;
  throw new LogError('fatal', 'state_schema_unknown', `the registry lost schema ${id} of ${record.topic}`);
}

/** The ids of the inputs, each the one it was checkpointed with. Asked after the bounds, which must be those of this topic. */
async function inputIds(
  { log, state }: TaskPlace,
  checkpoint: Checkpoint | null,
): Promise<ReadonlyMap<string, string>> {
  const { service, inputs } = state.processor;
  const ids = await log.topicIds(inputs);
  for (const { topic, offset, topicId } of checkpoint?.positions ?? []) {
    const found = ids.get(topic);
    if (topicId === null || found === undefined || found === topicId) continue;
    throw new LogError(
      'out_of_range',
      'input_replaced',
      `${service} stands at ${topic}/${state.partition}@${offset} of topic ${topicId}, this is ${found}: it was recreated`,
    );
  }
  return ids;
}

/** Every input at its checkpointed offset, or at the start of the log where it is new; both checked for loss. */
async function startPositions(place: TaskPlace, checkpoint: Checkpoint | null): Promise<readonly Position[]> {
  const { processor, partition } = place.state;
  const bounds = await place.log.bounds(processor.inputs.map((topic) => ({ topic, partition })));
  const saved = new Map(checkpoint?.positions.map(({ topic, offset }) => [topic, offset]));
  return bounds.map(({ topic, start, end }) => {
    const offset = saved.get(topic) ?? 0;
    if (offset >= start && offset <= end) return { topic, partition, offset };
    const lost =
      offset < start ? `starts at ${start}: records were deleted` : `ends at ${end}: it was recreated`;
    throw new LogError(
      'out_of_range',
      'input_lost',
      `${processor.service} stands at ${topic}/${partition}@${offset} but the log ${lost}`,
    );
  });
}
