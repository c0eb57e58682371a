/** What the keys of a changelog say about their records, and the header that says when a value falls due. */
import { type Instant, instantOfMillis } from '../schemas/instant.ts';
import type { OutgoingHeader } from './log.ts';

export const CHECKPOINT_KEY = Buffer.from('!checkpoint');
export const BARRIER_KEY = Buffer.from('!barrier');
export const ADMISSION_PREFIX = '!admission/';
const DUE_HEADER = 'due';

/** Whether the key that begins here is of the runtime itself and not of a table. */
export function isRuntimeName(key: Buffer, start = 0): boolean {
  return key[start] === CHECKPOINT_KEY[0];
}

export function dueHeader(dueAt: Instant | null): OutgoingHeader {
  return [DUE_HEADER, dueAt === null ? '' : String(dueAt)];
}

export function dueAtOf(headers: readonly OutgoingHeader[]): Instant | null | undefined {
  const value = headers.find(([name]) => name === DUE_HEADER)?.[1];
  const text = typeof value === 'string' ? value : value?.toString('latin1');
  if (text === undefined) return undefined;
  return text === '' ? null : instantOfMillis(Number(text));
}
