/**
 * Taking a share over: fence whoever had any of it, then read the changelog of each partition up to our own barrier.
 *
 * Invariants:
 *  1. The transactor is opened, and rivals are fenced, before anything is read, so nothing older can commit after what
 *     we read.
 *  2. Reading ends at our barrier, never at an offset the broker named: no question about control records, compacted
 *     tails or unfinished transactions is left.
 *  3. A checkpoint of another cluster, positions outside the log, or inputs that were made again under their name, stop
 *     the task: data was lost or replaced. A topic is known by its id, so it is noticed whatever the new one holds.
 */
import { randomUUID } from 'node:crypto';
import type { Checkpoint } from '../schemas/generated/checkpoint.ts';
import { barrierRecord, type ChangelogPartition, StateReader } from './changelog.ts';
import type { Limits } from './limits.ts';
import type { Lock } from './lock.ts';
import {
  type CommittedAt,
  type Log,
  LogError,
  type LogRecord,
  type Position,
  type Tenure,
  type TopicPartition,
  type Transactor,
} from './log.ts';
import type { StateCache } from './state-cache.ts';
import type { StateCaches } from './state-cache-folder.ts';
import { resumeFromCache } from './state-cache-resume.ts';
import type { TaskState } from './step.ts';
import { serviceTopics, type TopicName } from './topics.ts';

export interface SharePlace {
  readonly log: Log;
  readonly limits: Limits;
  readonly lock: Lock;
  /** Empty, one for each partition, all of one processor. */
  readonly states: readonly TaskState[];
  /** Where state is kept on this machine as well; absent: nowhere. */
  readonly caches: StateCaches | undefined;
  readonly tenure: Tenure | undefined;
}

export interface Restored {
  readonly state: TaskState;
  readonly checkpoint: Checkpoint | null;
  /** Of every input, in the processor's order. */
  readonly positions: readonly InputPosition[];
  /** To be told of every commit, and closed. */
  readonly cache: StateCache | null;
}

export interface Acquired {
  readonly transactor: Transactor;
  readonly restored: readonly Restored[];
  readonly clusterId: string;
  /** Of the inputs, by topic. */
  readonly topicIds: ReadonlyMap<string, string>;
}

type InputPosition = Position & { readonly topic: TopicName };

export function changelogOf(state: TaskState): ChangelogPartition {
  const topic = serviceTopics(state.processor.service).changelog;
  return { topic, partition: state.partition, directory: state.directory };
}

/** The changelog of one partition while it is being read. */
interface Reading {
  readonly state: TaskState;
  readonly content: StateReader;
  readonly cache: StateCache | null;
  /** Where to begin: behind what the local cache holds. */
  readonly from: number;
}

export async function acquire(place: SharePlace): Promise<Acquired> {
  const { log, limits, lock, states, tenure } = place;
  const transactor = await log.transactor(lock.transactionalId, {
    timeoutMs: limits.transactionTimeoutMs,
    rivals: lock.rivals,
    owned: states.flatMap(ownPartitions),
    tenure,
  });
  const readings: Reading[] = [];
  try {
    const barrierId = randomUUID();
    const barriers = states.map((state) => barrierRecord(changelogOf(state), barrierId));
    const writeBarriers = (): Promise<readonly CommittedAt[]> =>
      transactor.commit({ records: barriers, groupPositions: null });
    await beginReadings(place, await writeBarriers(), readings);
    const checkpoints = await readUpTo(place, readings, { barrierId, writeBarriers });
    const clusterId = await log.clusterId();
    const restored: Restored[] = [];
    for (const { state, cache } of readings) {
      const checkpoint = checkpoints.get(state.partition) ?? null;
      if (checkpoint !== null) checkCluster(lock, checkpoint, clusterId);
      restored.push({ state, checkpoint, cache, positions: await startPositions(log, state, checkpoint) });
    }
    // Asked after the bounds, which must be those of these topics.
    const topicIds = await log.topicIds(states[0]?.processor.inputs ?? []);
    for (const each of restored) checkInputs(each, topicIds);
    return { transactor, restored, clusterId, topicIds };
  } catch (error) {
    await closeCaches(readings);
    await transactor.close();
    throw error;
  }
}

export async function closeCaches(of: readonly Pick<Restored, 'cache'>[]): Promise<void> {
  for (const { cache } of of) await cache?.close();
}

/** Everything a partition of this service writes; nobody but the owner of its share does. */
function ownPartitions({ processor, partition }: TaskState): readonly TopicPartition[] {
  const { changelog, steps, rejected } = serviceTopics(processor.service);
  return [...processor.outputs, changelog, steps, rejected].map((topic) => ({ topic, partition }));
}

/** Takes what the local caches hold, and opens a reading of each changelog from there. */
async function beginReadings(
  { log, limits, states, caches }: SharePlace,
  barriers: readonly CommittedAt[],
  into: Reading[],
): Promise<void> {
  const changelogs = states.map(changelogOf);
  const bounds = await log.bounds(changelogs.map(({ topic, partition }) => ({ topic, partition })));
  for (const state of states) {
    const changelog = changelogOf(state);
    const { service } = state.processor;
    const start = bounds.find(({ partition }) => partition === state.partition)?.start ?? 0;
    const barrier = barriers.find(({ partition }) => partition === state.partition);
    const content = new StateReader(changelog, state);
    const begun =
      caches === undefined
        ? { cache: null, from: start }
        : await resumeFromCache({ log, limits, caches, service, changelog, start, barrier }, content);
    into.push({ state, content, ...begun });
  }
}

interface Barriers {
  readonly barrierId: string;
  readonly writeBarriers: () => Promise<unknown>;
}

/**
 * Checkpoints by partition. At the end of the log without having met all our barriers, we write them again: either we meet
 * those, or the write tells us that we were fenced. The barrier of a task that was overtaken while it read may have been
 * compacted away.
 */
async function readUpTo(
  { log, limits, states }: SharePlace,
  readings: readonly Reading[],
  { barrierId, writeBarriers }: Barriers,
): Promise<ReadonlyMap<number, Checkpoint | null>> {
  const reader = await log.reader({
    positions: readings.map(({ state, from }) => {
      const { topic, partition } = changelogOf(state);
      return { topic, partition, offset: from };
    }),
    fetchBytesMax: limits.fetchBytesMax,
    partitionBytesMax: limits.fetchBytesMax,
    fetchWaitMs: limits.fetchWaitMs,
  });
  const checkpoints = new Map<number, Checkpoint | null>();
  try {
    while (checkpoints.size < states.length) {
      const slices = await reader.fetch();
      for (const { topic, partition, records } of slices) {
        const reading = readings.find(({ state }) => state.partition === partition);
        if (reading === undefined || checkpoints.has(partition)) continue;
        if (!(await meetsBarrier(reading, records, barrierId))) continue;
        checkpoints.set(partition, reading.content.finish());
        reader.pause([{ topic, partition }]);
      }
      if (slices.length === 0) await writeBarriers();
    }
    return checkpoints;
  } finally {
    await reader.close();
  }
}

/** Takes records until our barrier, and says whether it was among them. */
async function meetsBarrier(
  { content, cache }: Reading,
  records: readonly LogRecord[],
  barrierId: string,
): Promise<boolean> {
  for (const record of records) {
    await content.loadSchema(record);
    if (content.take(record) === barrierId) return true;
    cache?.take(record);
  }
  await cache?.room();
  return false;
}

function checkCluster(lock: Lock, checkpoint: Checkpoint, clusterId: string): void {
  if (checkpoint.clusterId === clusterId) return;
  throw new LogError(
    'fatal',
    'other_cluster',
    `${lock.transactionalId} was checkpointed on cluster ${checkpoint.clusterId}, this is ${clusterId}`,
  );
}

/** Each input is the one that the checkpoint knows by its id. */
function checkInputs({ state, checkpoint }: Restored, topicIds: ReadonlyMap<string, string>): void {
  for (const { topic, offset, topicId } of checkpoint?.positions ?? []) {
    const found = topicIds.get(topic);
    if (topicId === null || found === undefined || found === topicId) continue;
    throw new LogError(
      'out_of_range',
      'input_replaced',
      `${state.processor.service} stands at ${topic}/${state.partition}@${offset} of topic ${topicId}, this is ${found}: it was recreated`,
    );
  }
}

/** Every input at its checkpointed offset, or at the start of the log where it is new; both checked for loss. */
async function startPositions(
  log: Log,
  { processor, partition }: TaskState,
  checkpoint: Checkpoint | null,
): Promise<readonly InputPosition[]> {
  const bounds = await log.bounds(processor.inputs.map((topic) => ({ topic, partition })));
  const found = new Map(bounds.map((ofTopic) => [ofTopic.topic, ofTopic]));
  const saved = new Map(checkpoint?.positions.map(({ topic, offset }) => [topic, offset]));
  return processor.inputs.map((topic) => {
    const { start, end } = found.get(topic) ?? { start: 0, end: 0 };
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
