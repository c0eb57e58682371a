/** A digest of what a step reads, which steps do not have: as cheap as it can be made, to know what it would cost. */
import { createHash } from 'node:crypto';
import type { LogRecord } from '../../topology/log.ts';
import type { Batch } from '../../topology/step.ts';

const gathered = Buffer.allocUnsafeSlow(64 * 1024);

/** One hash a step, pieces gathered behind their lengths. */
export function digestOfInputs({ slices }: Batch): Buffer {
  const hash = createHash('sha256');
  let used = 0;
  for (const { records } of slices) {
    for (const record of records) {
      if (used + sizeOf(record) > gathered.length) {
        hash.update(gathered.subarray(0, used));
        used = 0;
      }
      used = gather(record, used);
    }
  }
  return hash.update(gathered.subarray(0, used)).digest();
}

function sizeOf({ key, value, headers }: LogRecord): number {
  let size = 24 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, bytes] of headers) size += 8 + name.length + bytes.length;
  return size;
}

function gather({ offset, appendedAt, key, value, headers }: LogRecord, start: number): number {
  let at = gathered.writeUIntBE(offset, start, 6);
  at = gathered.writeUIntBE(appendedAt, at, 6);
  at = piece(value, piece(key, at));
  for (const [name, bytes] of headers) {
    at = gathered.writeUInt32BE(name.length, at);
    at = piece(bytes, at + gathered.write(name, at, 'latin1'));
  }
  return at;
}

function piece(bytes: Buffer | null, at: number): number {
  const next = gathered.writeUInt32BE(bytes?.length ?? 0, at);
  return next + (bytes?.copy(gathered, next) ?? 0);
}
