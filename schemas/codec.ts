/**
 * Records to bytes and back: Avro in the registry's wire format (a zero byte, a 32-bit schema id, the body).
 *
 * Job: encode once, decode once, and never guess. Boundary: no I/O; schema ids come from a `SchemaDirectory`.
 *
 * Invariants:
 *  1. An encoded buffer is a slice of a chunk that is never written again, so it may be kept; it is at most 64 KiB of
 *     chunk that a kept slice holds on to.
 *  2. Encoding checks every value: a fraction, NaN or text where a whole number belongs is an error with its path.
 *  3. Decoding never throws; unreadable bytes give a code, and cost time and memory in proportion to their length.
 */
import type { Type } from 'avsc';
import { readIn, writeAt } from './avro-bytes.ts';
import { type DecodePlan, failingField, faultOf, planFor, type Reader } from './decode-plan.ts';
import { type Extent, extentOf, viewOf } from './extent.ts';
import type { RecordName, RecordTypes } from './generated/record-types.ts';
import { typeOfRecord } from './record-type.ts';
import type { WriterSchema } from './writer-schema.ts';

const CHUNK_BYTES = 64 * 1024;
const FRAME_BYTES = 5;

export type Decoded<N extends RecordName> =
  | { readonly ok: true; readonly value: RecordTypes[N]; readonly writerId: number }
  | {
      readonly ok: false;
      readonly code:
        | 'unframed'
        | 'schema_unresolved'
        | 'schema_mismatch'
        | 'undecodable'
        | 'number_out_of_range'
        | 'trailing_bytes';
      readonly message: string;
      readonly schemaId?: number;
      /** Top-level field in which reading failed, where that is known. */
      readonly field?: string;
    };

export class EncodeError extends Error {
  readonly record: RecordName;
  /** For instance components.0.amount. */
  readonly path: string;

  constructor(record: RecordName, path: string, options: { cause: unknown }) {
    const reason = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(`${record}.${path} cannot be encoded: ${reason}`, options);
    this.name = 'EncodeError';
    this.record = record;
    this.path = path;
  }
}

let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
let used = 0;

export function encodeBody<N extends RecordName>(name: N, value: RecordTypes[N]): Buffer {
  return encodeAfter(name, value, 0);
}

export function encodeFramed<N extends RecordName>(name: N, value: RecordTypes[N], schemaId: number): Buffer {
  const framed = encodeAfter(name, value, FRAME_BYTES);
  framed[0] = 0;
  framed.writeUInt32BE(schemaId, 1);
  return framed;
}

/**
 * Encodes into memory of the caller, from `at` on. Returns where the value ends, or how many bytes were missing behind the
 * end of the memory, as a negative number; then nothing there counts.
 */
export function encodeFramedAt<N extends RecordName>(
  { name, value, schemaId }: { readonly name: N; readonly value: RecordTypes[N]; readonly schemaId: number },
  memory: Buffer,
  at: number,
): number {
  if (at + FRAME_BYTES > memory.length) return memory.length - at - FRAME_BYTES;
  memory[at] = 0;
  memory.writeUInt32BE(schemaId, at + 1);
  return tryEncode(name, typeOfRecord(name), { value, memory, at: at + FRAME_BYTES });
}

/** The schema id of a framed value, or undefined when it is not framed. */
export function frameId(bytes: Buffer | Extent): number | undefined {
  const { memory, from, to } = extentOf(bytes);
  return to - from >= FRAME_BYTES && memory[from] === 0 ? memory.readUInt32BE(from + 1) : undefined;
}

/** `expected` is a record, or a view of it: then what it leaves out is skipped, and looking at it is an error. */
export function decodeFramed<N extends RecordName>(
  expected: Reader<N>,
  bytes: Buffer | Extent,
  resolve: (id: number) => WriterSchema | undefined,
): Decoded<N> {
  const extent = extentOf(bytes);
  const schemaId = frameId(extent);
  if (schemaId === undefined) {
    return {
      ok: false,
      code: 'unframed',
      message: 'the value does not begin with a zero byte and a schema id',
    };
  }
  const writer = resolve(schemaId);
  if (writer === undefined) {
    return { ok: false, code: 'schema_unresolved', message: `schema ${schemaId} is not known`, schemaId };
  }
  const plan = planFor(writer, expected);
  if ('mismatch' in plan) return { ok: false, code: 'schema_mismatch', message: plan.mismatch, schemaId };
  return decodeBody(extent, writer, plan);
}

function decodeBody<N extends RecordName>(
  { memory, from, to }: Extent,
  writer: WriterSchema,
  plan: DecodePlan,
): Decoded<N> {
  const body = { memory, from: from + FRAME_BYTES, to };
  const schemaId = writer.id;
  let read: ReturnType<typeof readIn>;
  let fault: ReturnType<typeof faultOf> = {
    code: 'undecodable',
    message: 'the value ends before the record does',
  };
  try {
    read = readIn(plan.reader, body);
    if (read?.behind === to) return { ok: true, value: read.value as RecordTypes[N], writerId: schemaId };
  } catch (error) {
    fault = faultOf(error);
  }
  // What is wrong with a record must not depend on the bytes that happen to follow it.
  if (to < memory.length) return decodeBody(extentOf(viewOf({ memory, from, to })), writer, plan);
  if (read !== undefined) {
    const message = `${to - read.behind} bytes follow the record`;
    return { ok: false, code: 'trailing_bytes', message, schemaId };
  }
  const field = failingField(writer, body);
  const { code, message } = fault;
  return { ok: false, code, message, schemaId, ...(field === undefined ? {} : { field }) };
}

/** Encodes into the current chunk, leaving `frameBytes` free before the body. */
function encodeAfter(name: RecordName, value: unknown, frameBytes: number): Buffer {
  const type = typeOfRecord(name);
  const start = used;
  let end = tryEncode(name, type, { value, memory: chunk, at: start + frameBytes });
  if (end >= 0) {
    used = end;
    return chunk.subarray(start, end);
  }
  // A negative end says how many bytes were missing, so the size of the record is known before the second try.
  const needed = chunk.length - start - end;
  chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, needed));
  end = tryEncode(name, type, { value, memory: chunk, at: frameBytes });
  used = end;
  return chunk.subarray(0, end);
}

function tryEncode(
  name: RecordName,
  type: Type,
  { value, memory, at }: { readonly value: unknown; readonly memory: Buffer; readonly at: number },
): number {
  try {
    return writeAt(type, value, { memory, at });
  } catch (cause) {
    throw new EncodeError(name, invalidPath(type, value), { cause });
  }
}

function invalidPath(type: Type, value: unknown): string {
  let first: string | undefined;
  try {
    type.isValid(value, { errorHook: (path) => (first ??= path.join('.')) });
  } catch {
    // The path is a courtesy; the cause is in the error anyway.
  }
  return first ?? '?';
}
