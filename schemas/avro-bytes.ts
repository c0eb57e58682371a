/**
 * Reads and writes one Avro value in memory that holds others too.
 *
 * Invariants: 1. What is read ends where its extent does, whatever lies behind it; nothing longer than that is reserved.
 *             2. All reads share one tap, and all writes another: none begins while one of its kind is under way.
 */
import type { Type } from 'avsc';
import avscUtils from 'avsc/lib/utils.js';
import { type ReadingTap, resetDepth, type Tap } from './avro-tap.ts';
import type { Extent } from './extent.ts';

/** A type, or a resolver that reads another schema as that type. */
export interface Readable {
  _read(tap: ReadingTap): unknown;
}

interface Writable {
  _write(tap: Tap, value: unknown): void;
}

const NO_MEMORY = Buffer.alloc(0);

class BoundedTap extends avscUtils.Tap {
  end = 0;

  aim({ memory, from, to }: Extent): void {
    this.buf = memory;
    this.pos = from;
    this.end = to;
  }

  override readFixed(length: number): Buffer | undefined {
    if (this.pos + length <= this.end) return super.readFixed(length);
    this.pos = this.end + 1;
    return undefined;
  }
}

const readingTap = new BoundedTap(NO_MEMORY, 0);
const writingTap = new avscUtils.Tap(NO_MEMORY, 0);

/** Undefined where the value ends behind the extent; otherwise `behind` is the place where it ends. */
export function readIn(
  type: Readable,
  extent: Extent,
): { readonly value: unknown; readonly behind: number } | undefined {
  resetDepth();
  readingTap.aim(extent);
  const value = type._read(readingTap);
  return readingTap.pos <= extent.to ? { value, behind: readingTap.pos } : undefined;
}

/** Returns where the value ends, or how many bytes were missing behind the end of the memory, as a negative number. */
export function writeAt(
  type: Type,
  value: unknown,
  { memory, at }: { readonly memory: Buffer; readonly at: number },
): number {
  resetDepth();
  writingTap.buf = memory;
  writingTap.pos = at;
  (type as Type & Writable)._write(writingTap, value);
  return writingTap.pos <= memory.length ? writingTap.pos : memory.length - writingTap.pos;
}
