/**
 * The index of a head: the entries of its ranges, one range after the other, in a file beside it.
 *
 * Invariants:
 *  1. The file appears whole or not at all.
 *  2. What is read is the file whose digest the head signs, or nothing.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import type { Head, SealedRange } from './head.ts';
import { headFile } from './head-folder.ts';
import { ENTRY_BYTES, RecordList } from './record-list.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Collects the entries of a new head, partition after partition. */
export class IndexWriter {
  readonly #file: string;
  readonly #partial: string;
  readonly #descriptor: number;
  readonly #hash = createHash('sha256');
  #chunks: Buffer[] = [];
  #waiting = 0;
  #bytes = 0;

  constructor(folder: string, sequence: number) {
    this.#file = indexFile(folder, sequence);
    this.#partial = `${this.#file}.partial`;
    this.#descriptor = openSync(this.#partial, 'w');
  }

  add(entry: Buffer): void {
    this.#chunks.push(entry);
    this.#waiting += entry.length;
    if (this.#waiting >= CHUNK_BYTES) this.#flush();
  }

  end(): Head['index'] {
    this.#flush();
    closeSync(this.#descriptor);
    renameSync(this.#partial, this.#file);
    return { bytes: this.#bytes, digest: this.#hash.digest('hex') };
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#chunks);
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#descriptor, bytes, written);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    this.#chunks = [];
    this.#waiting = 0;
  }
}

/** The part of a head's index about one of its ranges; null where the file is missing or not the one that was signed. */
export function readIndex(folders: readonly string[], head: Head, range: SealedRange): RecordList | null {
  const at = head.ranges.indexOf(range);
  const before = head.ranges.slice(0, at).reduce((sum, { records }) => sum + records, 0);
  for (const folder of folders) {
    const file = indexFile(folder, head.sequence);
    if (!existsSync(file) || statSync(file).size !== head.index.bytes) continue;
    const part = Buffer.alloc(range.records * ENTRY_BYTES);
    if (copyPart(file, part, before * ENTRY_BYTES) === head.index.digest) return new RecordList(part);
  }
  return null;
}

/** Fills `part` from this place on and returns the digest of the whole file, read once. */
function copyPart(file: string, part: Buffer, from: number): string {
  const descriptor = openSync(file, 'r');
  const digest = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let at = 0;
  try {
    for (;;) {
      const count = readSync(descriptor, chunk);
      if (count === 0) return digest.digest('hex');
      digest.update(chunk.subarray(0, count));
      const [first, last] = [Math.max(at, from), Math.min(at + count, from + part.length)];
      if (first < last) chunk.copy(part, first - from, first - at, last - at);
      at += count;
    }
  } finally {
    closeSync(descriptor);
  }
}

function indexFile(folder: string, sequence: number): string {
  return headFile(folder, sequence).replace(/json$/, 'index');
}
