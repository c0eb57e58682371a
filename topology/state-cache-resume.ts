/**
 * Whether the changelog agrees with a local cache, and the state out of it when it does.
 *
 * Job: say from which offset on the changelog is still to be read; from its start where there is nothing to go on from.
 *
 * Invariants:
 *  1. A cache ends with a checkpoint, and is used only where the log holds that very checkpoint at that very offset: its
 *     digest names, by the chain of steps, all that led to it. So a log that lost records, and one that went on differently
 *     after that, is another history, whatever offset it has reached meanwhile.
 *  2. That checkpoint was not compacted away yet, so no deletion after it was either: what removes the one finds the other
 *     first (decisions/0009). It is also younger than a fifth of the time for which deletions are kept at least.
 *  3. State is filled only after all that was checked. What fails while it is filled makes the cache disappear, and the task
 *     is acquired once more without it.
 */

import { unlink } from 'node:fs/promises';
import { instantOfMillis } from '../schemas/instant.ts';
import { RegistryUnreachable, type SchemaDirectory } from '../schemas/schema-directory.ts';
import type { ChangelogPartition, StateReader } from './changelog.ts';
import { CACHE_AGE_MAX_MS, type Limits } from './limits.ts';
import { type CommittedAt, type Log, LogError, type LogReader, type LogRecord } from './log.ts';
import type { StateCache } from './state-cache.ts';
import type { CacheFile } from './state-cache-file.ts';
import type { RefusalReason, StateCaches } from './state-cache-folder.ts';
import type { CacheIdentity } from './state-cache-header.ts';
import { dueAtOf, keyAt, recordEnd } from './state-cache-record.ts';

const WITNESS_ATTEMPTS_MAX = 20;
const WITNESS_BYTES_MAX = 64 * 1024;

export interface CachePlace {
  readonly log: Log;
  readonly limits: Limits;
  readonly caches: StateCaches;
  readonly service: string;
  readonly changelog: ChangelogPartition;
  /** Where the changelog begins. */
  readonly start: number;
  /** Where our barrier went; nothing of an earlier owner comes after it. */
  readonly barrier: CommittedAt | undefined;
}

export interface Resumed {
  /** Takes every record that is read and committed from now on; null where there is to be none. */
  readonly cache: StateCache | null;
  /** Where to read on. */
  readonly from: number;
}

export async function resumeFromCache(place: CachePlace, content: StateReader): Promise<Resumed> {
  const { log, caches, service, start } = place;
  const { topic, partition } = place.changelog;
  const [clusterId, topicIds] = await Promise.all([log.clusterId(), log.topicIds([topic])]);
  const identity = { service, partition, clusterId, topicId: topicIds.get(topic) ?? '' };
  const opened = await caches.open(identity, topic);
  if (opened === null) return { cache: null, from: start };
  const { cache, found } = opened;
  try {
    const witness = found === null ? null : await checked(place, identity, found);
    if (found === null || witness === null) {
      await cache.fill(null);
      return { cache, from: start };
    }
    await fillFrom({ caches, identity, found, cache, directory: place.changelog.directory }, content);
    content.take(witness);
    return { cache, from: found.position + 1 };
  } catch (error) {
    await cache.close();
    throw error;
  } finally {
    await found?.close();
  }
}

/** The record of the log that the cache ends with; null when there is none, which has then been told. */
async function checked(
  place: CachePlace,
  identity: CacheIdentity,
  found: CacheFile,
): Promise<LogRecord | null> {
  const { position } = found;
  const witness = await witnessOf(place, found);
  if (typeof witness !== 'string') return witness;
  place.caches.report(identity, { kind: 'refused', reason: witness, position });
  return null;
}

async function witnessOf(place: CachePlace, found: CacheFile): Promise<LogRecord | RefusalReason> {
  const { log, limits, changelog, barrier, start } = place;
  const { topic, partition } = changelog;
  const { position, checkpoint } = found;
  if (barrier === undefined || position >= barrier.firstOffset) return 'ahead_of_log';
  if (position < start) return 'before_log';
  const reader = await log.reader({
    positions: [{ topic, partition, offset: position }],
    fetchBytesMax: WITNESS_BYTES_MAX,
    partitionBytesMax: WITNESS_BYTES_MAX,
    fetchWaitMs: limits.fetchWaitMs,
  });
  try {
    const record = await firstRecord(reader, position);
    if (record === null || record.offset !== position) return 'position_compacted';
    if (record.value === null || !checkpoint.equals(record.value)) return 'other_history';
    if (barrier.appendedAt === null) return 'age_unknown';
    return barrier.appendedAt - record.appendedAt > CACHE_AGE_MAX_MS ? 'too_old' : record;
  } finally {
    await reader.close();
  }
}

/** The first record at or after the position; null where the log only has others much later. */
async function firstRecord(reader: LogReader, position: number): Promise<LogRecord | null> {
  for (let attempt = 0; attempt < WITNESS_ATTEMPTS_MAX; attempt += 1) {
    const [slice] = await reader.fetch();
    if (slice === undefined) continue;
    const [record] = slice.records;
    if (record !== undefined) return record;
    if (slice.nextOffset > position) return null;
  }
  throw new LogError('retriable', 'cache_unanswered', `the changelog does not answer at ${position}`);
}

interface Filling {
  readonly caches: StateCaches;
  readonly identity: CacheIdentity;
  readonly found: CacheFile;
  readonly cache: StateCache;
  readonly directory: SchemaDirectory;
}

async function fillFrom(
  { caches, identity, found, cache, directory }: Filling,
  content: StateReader,
): Promise<void> {
  const { path, position, tornBytes } = found;
  let records = 0;
  try {
    await cache.fill(found, async ({ block, starts }) => {
      await loadSchemas(directory, block, starts);
      for (const at of starts) takeRecord(content, block, at);
      records += starts.length;
    });
  } catch (error) {
    if (error instanceof RegistryUnreachable) throw error;
    await unlink(path).catch(() => undefined);
    throw new LogError('retriable', 'cache_unusable', path, { cause: error });
  }
  if (tornBytes > 0) caches.report(identity, { kind: 'torn', tornBytes });
  caches.report(identity, { kind: 'used', position, records });
}

/** Of the writers whose values are in a block; as a rule one that is known. */
async function loadSchemas(
  directory: SchemaDirectory,
  block: Buffer,
  starts: readonly number[],
): Promise<void> {
  let known = -1;
  for (const at of starts) {
    const id = block.readUInt32BE(keyAt(block, at).to + 1);
    if (id === known) continue;
    known = id;
    if (directory.writerSchema(id) !== undefined || (await directory.load(id)) === 'loaded') continue;
    throw new LogError('fatal', 'state_schema_unknown', `the registry lost schema ${id}`);
  }
}

function takeRecord(content: StateReader, block: Buffer, at: number): void {
  const path = keyAt(block, at);
  const dueAt = dueAtOf(block, at);
  const value = block.subarray(path.to, recordEnd(block, at));
  content.takeCached(path, value, typeof dueAt === 'number' ? instantOfMillis(dueAt) : dueAt);
}
