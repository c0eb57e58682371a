/** What this process holds and gets. Held: after everything that can be collected was collected. */
import { existsSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Held {
  /** In V8's heap, which a service bounds (`--max-old-space-size`). */
  readonly heapBytes: number;
  /** In buffers outside of it. */
  readonly outsideBytes: number;
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

export function held(): Held {
  if (typeof collect !== 'function') throw new Error('V8 does not let itself be asked to collect');
  // Buffers are let go by finalisers, which run after the first collection.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return { heapBytes: heapUsed, outsideBytes: external };
}

export function heldSince(before: Held): Held {
  const now = held();
  return {
    heapBytes: Math.max(0, now.heapBytes - before.heapBytes),
    outsideBytes: Math.max(0, now.outsideBytes - before.outsideBytes),
  };
}

/** CPU seconds of this thread that the work takes. */
export function threadSeconds(work: () => void): number {
  const begun = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(begun);
  return (user + system) / 1e6;
}

const SCHEDULING = '/proc/self/schedstat';

export interface CoreTime {
  /** Seconds that the main thread ran, and that it could have run but had no core. */
  readonly ranS: number;
  readonly waitedS: number;
}

/** So far; null where the system does not say. What is neither, it waited for somebody else. */
export function coreTime(): CoreTime | null {
  if (!existsSync(SCHEDULING)) return null;
  const [ran = 0, waited = 0] = readFileSync(SCHEDULING, 'utf8').split(' ').map(Number);
  return { ranS: ran / 1e9, waitedS: waited / 1e9 };
}
