/**
 * The local caches of a process: one folder, one file for each partition of a service.
 *
 * Boundary: names, opening, and telling what happened. An absent file is no event; one that cannot be used is, once.
 */

import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE_LIMITS, type CacheLimits, StateCache } from './state-cache.ts';
import { CacheFile, type FileFault } from './state-cache-file.ts';
import type { CacheIdentity } from './state-cache-header.ts';
import { DRAFT_SUFFIX } from './state-cache-writer.ts';

/** Why a cache was thrown away: what the file shows, and what the log shows. */
export type RefusalReason =
  | FileFault
  | 'unreadable'
  | 'ahead_of_log'
  | 'before_log'
  | 'position_compacted'
  | 'other_history'
  | 'age_unknown'
  | 'too_old';

export interface CacheEvent {
  readonly service: string;
  readonly partition: number;
  /** `torn`: the end of the file was cut off and is read from the changelog; the rest was used. */
  readonly kind: 'used' | 'torn' | 'refused' | 'stopped';
  readonly reason?: RefusalReason | 'behind' | 'unwritable';
  readonly error?: unknown;
  /** Offset of the changelog up to which the cache was complete, and how many records it held. */
  readonly position?: number;
  readonly records?: number;
  readonly tornBytes?: number;
}

export interface FolderOptions {
  readonly dir: string;
  readonly report: (event: CacheEvent) => void;
  readonly limits?: CacheLimits;
}

export interface OpenedCache {
  readonly cache: StateCache;
  /** What was there before, to be closed by the caller. */
  readonly found: CacheFile | null;
}

export class StateCaches {
  readonly #options: FolderOptions;

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  report(identity: CacheIdentity, event: Omit<CacheEvent, 'service' | 'partition'>): void {
    const { service, partition } = identity;
    this.#options.report({ service, partition, ...event });
  }

  /** Null where the folder cannot be used: the task then works without. */
  async open(identity: CacheIdentity, topic: string): Promise<OpenedCache | null> {
    const { dir, limits = CACHE_LIMITS } = this.#options;
    const name = `${identity.service}-${identity.partition}.cache`;
    const path = join(dir, name);
    const stopped = (reason: 'behind' | 'unwritable', error: unknown): void =>
      this.report(identity, { kind: 'stopped', reason, error });
    const found = await this.#find(path, identity);
    try {
      await mkdir(dir, { recursive: true });
      await removeDrafts(dir, name);
      return {
        cache: await StateCache.create({ path, identity, topic, limits, onStopped: stopped }),
        found,
      };
    } catch (error) {
      stopped('unwritable', error);
      await found?.close();
      return null;
    }
  }

  async #find(path: string, identity: CacheIdentity): Promise<CacheFile | null> {
    try {
      const found = await CacheFile.open(path, identity);
      if (typeof found !== 'string') return found;
      this.report(identity, { kind: 'refused', reason: found });
    } catch (error) {
      this.report(identity, { kind: 'refused', reason: 'unreadable', error });
    }
    return null;
  }
}

/** What an owner that was killed, or replaced, had not finished. */
async function removeDrafts(dir: string, name: string): Promise<void> {
  const left = (await readdir(dir)).filter(
    (file) => file.startsWith(`${name}.`) && file.endsWith(DRAFT_SUFFIX),
  );
  await Promise.all(left.map((file) => unlink(join(dir, file)).catch(() => undefined)));
}
