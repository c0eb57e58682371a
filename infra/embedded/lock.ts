/**
 * A lock held by a process, kept as a file that names it.
 *
 * 1. At most one live process holds a lock file: the file appears by an exclusive link, complete from the first moment.
 * 2. A lock whose process is gone is stale and is taken over. A pid alone is not proof, since pids come again
 *    (in containers within seconds), so the process's start mark is compared where the system tells it.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isAlive, markOf, type ProcessMark, processMarkSchema } from './process-mark.ts';

export interface Lock {
  release(): void;
}

const takeOverAttemptsMax = 5;

/** Who holds the lock, or null when nobody alive does. */
export function lockHolder(file: string): ProcessMark | null {
  const holder = readHolder(file);
  return holder !== null && isAlive(holder) ? holder : null;
}

/** The lock, or the holder that is in the way. */
export function tryLock(file: string): Lock | ProcessMark {
  const own = `${file}.${randomUUID()}`;
  writeFileSync(own, JSON.stringify(markOf(process.pid)), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < takeOverAttemptsMax; attempt += 1) {
      if (linkExclusive(own, file)) return { release: () => rmSync(file, { force: true }) };
      const holder = lockHolder(file);
      if (holder !== null) return holder;
      moveAside(file);
    }
    throw new Error(`The lock ${file} could not be taken over from a process that is gone.`);
  } finally {
    rmSync(own, { force: true });
  }
}

export function isLock(result: Lock | ProcessMark): result is Lock {
  return 'release' in result;
}

function readHolder(file: string): ProcessMark | null {
  try {
    return processMarkSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

function linkExclusive(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** A rename can move away a lock that another process has just taken over; then it is put back. */
function moveAside(file: string): void {
  const aside = `${file}.${randomUUID()}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved !== null && isAlive(moved)) linkExclusive(aside, file);
  rmSync(aside, { force: true });
}
