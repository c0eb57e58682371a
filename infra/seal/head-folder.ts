/**
 * The folder of heads: `head-000001.json`, its index `head-000001.index`, and so on.
 *
 * Invariants:
 *  1. A head is never overwritten; its index (`index-file.ts`) is complete before it appears.
 *  2. What is read from here is not believed: a head is known by its signature or its digest.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfHead, parseSignedHead, type SignedHead } from './head.ts';

export function headFile(folder: string, sequence: number): string {
  return join(folder, `head-${String(sequence).padStart(6, '0')}.json`);
}

export function newestSequence(folder: string): number {
  if (!existsSync(folder)) return 0;
  const numbers = readdirSync(folder).map((name) => Number(/^head-(\d{6,})\.json$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

/** Null where there is no such file; a file that is no head is `unreadable`. */
export function readHead(file: string): SignedHead | 'unreadable' | null {
  if (!existsSync(file)) return null;
  return parseSignedHead(readFileSync(file, 'utf8')) ?? 'unreadable';
}

export function writeHead(file: string, head: SignedHead): void {
  writeFileSync(file, `${JSON.stringify(head, null, 1)}\n`, { flag: 'wx' });
}

/** The head of this number and digest in one of the folders. */
export function findHead(
  folders: readonly string[],
  wanted: { readonly sequence: number; readonly digest: string },
): SignedHead | null {
  for (const folder of folders) {
    const found = readHead(headFile(folder, wanted.sequence));
    if (found !== null && found !== 'unreadable' && digestOfHead(found.head) === wanted.digest) return found;
  }
  return null;
}
