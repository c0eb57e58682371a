/**
 * What a use IS, apart from how it was sent: which instance sent it, under which number and when.
 *
 * Job: the name by which a use is known again, the digest by which a repeat of it is told from a conflict, and the number
 * by which loss is seen (U4). Boundary: pure. The window of ids is in `admission-window.ts`.
 *
 * Invariants:
 *  1. `sourceId`, `sourceSequence` and `sentAt` change no digest: whoever sends a use again, under another number and
 *     later, sends the same use.
 *  2. The digest is the same whether the record was written with our schema (the bytes are cut) or another (encoded
 *     again), and for a use without these three it is that of its record before `sentAt` existed.
 *  3. Name and digest are in memory that the next use overwrites: whoever keeps them copies them.
 */
import { hash } from 'node:crypto';
import { crc32, crc32c } from '@node-rs/crc32';
import { encodeBody } from '../schemas/codec.ts';
import type { Extent } from '../schemas/extent.ts';
import type { UsageEvent } from '../schemas/generated/usage-event.ts';

/** The number that a producer instance gave to one send. */
export interface SourceNumber {
  readonly sourceId: string;
  readonly sourceSequence: number;
}

/** No id is longer (schemas/ids.ts). */
const SOURCE_ID_LENGTH_MAX = 256;
const NULL_BRANCH = 0;
const VALUE_BRANCH = 2;
const BACKFILL_BYTES = 1;
/** Neither source nor number, then `backfill`. */
const UNNUMBERED_BYTES = 3;
/** What a use is, in one piece: a call into a checksum costs more than copying what it is to look at. */
const scratch = Buffer.allocUnsafeSlow(4_096);
const name = Buffer.allocUnsafeSlow(32);
const digest = Buffer.allocUnsafeSlow(8);

/** Null where the use is not numbered, or by something that is no number of a send: numbers begin with 1. */
export function sourceNumberOf({ sourceId, sourceSequence }: UsageEvent): SourceNumber | null {
  if (sourceId === null || sourceId === '' || sourceId.length > SOURCE_ID_LENGTH_MAX) return null;
  if (sourceSequence === null || sourceSequence < 1 || !Number.isSafeInteger(sourceSequence)) return null;
  return { sourceId, sourceSequence };
}

/** SHA-256 of account and request id. As a text Node gives it three times as fast as in a buffer of its own. */
export function nameOfUse({ accountId, requestId }: UsageEvent): Buffer {
  const bytes = hash('sha256', `${accountId}\0${requestId}`, 'binary');
  for (let at = 0; at < name.length; at += 1) name[at] = bytes.charCodeAt(at);
  return name;
}

/**
 * Two checksums of eight bytes together: enough to tell one payload of an id from another, and an order of magnitude
 * cheaper than a cryptographic digest. Whichever of the two verdicts a repeat gets, it is not charged.
 * `ownBody` is the record's body where it was written with our schema, else null.
 */
export function digestOfUse(use: UsageEvent, ownBody: Extent | null): Buffer {
  const { memory, from, to } =
    (ownBody === null ? null : beforeSource(use, ownBody)) ?? encodedBeforeSource(use);
  const length = to - from + UNNUMBERED_BYTES;
  const target = length > scratch.length ? Buffer.allocUnsafe(length) : scratch;
  const at = memory.copy(target, 0, from, to);
  target[at] = NULL_BRANCH;
  target[at + 1] = NULL_BRANCH;
  target[at + 2] = Number(use.backfill);
  const what = target.subarray(0, length);
  digest.writeUInt32LE(crc32c(what), 0);
  digest.writeUInt32LE(crc32(what), 4);
  return digest;
}

/**
 * The body up to `sourceId`: after it come `sourceSequence`, `backfill` and `sentAt`, whose lengths follow from their
 * values. Null where the bytes are not as long as our encoder writes them.
 */
function beforeSource(use: UsageEvent, { memory, from, to }: Extent): Extent | null {
  const idBytes = use.sourceId === null ? 1 : textBytes(use.sourceId);
  const sequenceBytes = use.sourceSequence === null ? 1 : 1 + longBytes(use.sourceSequence);
  const sentBytes = use.sentAt === null ? 1 : 1 + longBytes(use.sentAt);
  const idAt = to - idBytes - sequenceBytes - BACKFILL_BYTES - sentBytes;
  const isAsExpected =
    idAt >= from &&
    memory[idAt] === branchOf(use.sourceId) &&
    memory[idAt + idBytes] === branchOf(use.sourceSequence) &&
    memory[to - sentBytes] === branchOf(use.sentAt);
  return isAsExpected ? { memory, from, to: idAt } : null;
}

function encodedBeforeSource(use: UsageEvent): Extent {
  const memory = encodeBody('UsageEvent', { ...use, sourceId: null, sourceSequence: null, sentAt: null });
  return { memory, from: 0, to: memory.length - 3 - BACKFILL_BYTES };
}

function branchOf(value: string | number | null): number {
  return value === null ? NULL_BRANCH : VALUE_BRANCH;
}

/** An id that was admitted is visible ASCII, one byte a character. */
function textBytes(text: string): number {
  return 1 + longBytes(text.length) + text.length;
}

/** Bytes of a zigzag varint. */
function longBytes(value: number): number {
  let bytes = 1;
  for (let rest = value < 0 ? -2 * value - 1 : 2 * value; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    bytes += 1;
  }
  return bytes;
}
