/**
 * Job: from the raw body of a request to its records, still unread: one object, an array, {"events": [...]}, or
 * CloudEvents in structured mode, single or batch.
 *
 * Boundary: JSON and envelopes. What a record must contain is in `requests/`.
 *
 * Invariants:
 *  1. Bytes that are not UTF-8 are refused, never replaced by question marks.
 *  2. A batch has at least one record and at most `BATCH_RECORDS_MAX`.
 */
import { parseJsonExact } from '../../schemas/json-exact.ts';
import { ValueError } from '../../schemas/value-error.ts';
import { openCloudEvent } from './cloud-event.ts';
import { HttpProblem } from './http-problem.ts';
import type { FieldProblem } from './requests/read-request.ts';

export const BATCH_RECORDS_MAX = 1_000;

/** A record to be read, or what is wrong with its envelope. */
export type Item =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

export type MediaType = 'json' | 'cloud-event' | 'cloud-event-batch';

export function readItems(body: Buffer, mediaType: MediaType): readonly Item[] {
  const inputs = listOf(parse(body), mediaType);
  if (inputs.length === 0) throw new HttpProblem('batch_empty', 'the batch holds no records');
  if (inputs.length > BATCH_RECORDS_MAX) {
    const message = `${inputs.length} records in one request; the most is ${BATCH_RECORDS_MAX}`;
    throw new HttpProblem('payload_too_large', message);
  }
  if (mediaType === 'json') return inputs.map((input) => ({ ok: true, input }));
  return inputs.map(openCloudEvent);
}

function listOf(value: unknown, mediaType: MediaType): readonly unknown[] {
  if (mediaType === 'cloud-event') return [value];
  if (Array.isArray(value)) return value;
  if (mediaType === 'cloud-event-batch')
    throw new HttpProblem('body_shape', 'a batch of CloudEvents is an array');
  if (value === null || typeof value !== 'object') {
    throw new HttpProblem('body_shape', 'the body is neither an object nor an array');
  }
  if (!Object.hasOwn(value, 'events')) return [value];
  const events: unknown = Reflect.get(value, 'events');
  const others = Object.keys(value).filter((key) => key !== 'events');
  if (Array.isArray(events) && others.length === 0) return events;
  throw new HttpProblem('body_shape', '"events" must be an array and stand alone in its object');
}

function parse(body: Buffer): unknown {
  try {
    return parseJsonExact(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    if (cause instanceof ValueError) throw new HttpProblem(jsonCode(cause), cause.message, { cause });
    throw new HttpProblem('json_malformed', 'the body is not UTF-8', { cause });
  }
}

function jsonCode(error: ValueError): 'json_malformed' | 'json_too_deep' | 'json_forbidden_key' {
  return error.code === 'json_too_deep' || error.code === 'json_forbidden_key'
    ? error.code
    : 'json_malformed';
}
