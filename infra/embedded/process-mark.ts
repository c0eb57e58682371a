/** Names a process so that a later one with the same pid is not mistaken for it. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A process that can be told from a later one with the same pid. */
export const processMarkSchema = z.object({ pid: z.number().int().positive(), startMark: z.string() });

export type ProcessMark = z.infer<typeof processMarkSchema>;

/** What Linux says about when a process began; empty where there is no /proc. */
export function startMarkOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = afterName[0];
    return state === 'Z' ? 'zombie' : (afterName[19] ?? '');
  } catch {
    return '';
  }
}

export function isAlive(holder: ProcessMark): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return holder.startMark === startMarkOf(holder.pid);
}

export function markOf(pid: number): ProcessMark {
  return { pid, startMark: startMarkOf(pid) };
}
