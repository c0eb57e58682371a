/**
 * Every code that the gateway answers with, and the way out that goes with it.
 *
 * Job: one table for the code that refuses, for the producer who reads the answer, and for the test that no code is
 * without advice. Boundary: codes about the content of a record are those of `schemas/refusals.ts`, word for word, so a
 * producer meets the same code whether the edge or a service refuses; here are only those about JSON and HTTP.
 *
 * Invariant: a code is never renamed or given another meaning, because senders act on it.
 */
import { type RefusalCode, refusalRule } from '../../schemas/refusals.ts';

const FIELD_CODES = {
  missing_field: 'Add the field.',
  wrong_type: 'Send the type that the message names.',
  unknown_field: 'Remove the field, or correct its name; nothing is ignored silently.',
  amount_malformed: 'Send a decimal number such as "12.50".',
  amount_too_precise: 'Send at most 12 decimals.',
  amount_too_large: 'Send at most 38 digits, of which 12 are decimals.',
  amount_negative: 'Send zero or more.',
  instant_malformed: 'Send an RFC 3339 time with a zone, or whole milliseconds since 1970.',
  instant_out_of_range: 'Send whole milliseconds since 1970.',
  too_many: 'Send fewer entries.',
  cloud_event_invalid: 'Follow CloudEvents 1.0 in structured mode, with the record as JSON in `data`.',
} as const;

const HTTP_CODES = {
  json_malformed: { status: 400, wayOut: 'Send well-formed JSON in UTF-8.' },
  json_too_deep: { status: 400, wayOut: 'Flatten the body.' },
  json_forbidden_key: { status: 400, wayOut: 'Rename the key.' },
  body_shape: { status: 400, wayOut: 'Send one object, an array of objects, or {"events": [...]}.' },
  batch_empty: { status: 400, wayOut: 'Send at least one record, or nothing at all.' },
  api_key_missing: { status: 401, wayOut: 'Send Authorization: Bearer KEY, or x-api-key: KEY.' },
  api_key_invalid: { status: 401, wayOut: 'Use a key that the operator has issued.' },
  signature_invalid: {
    status: 401,
    wayOut: 'Sign the raw body with HMAC-SHA256 and send it as hex in x-payment-signature.',
  },
  not_found: { status: 404, wayOut: 'See the list of paths in services/gateway/README.md.' },
  payload_too_large: { status: 413, wayOut: 'Split the batch: at most 5 MB and 1,000 records a request.' },
  record_too_large: { status: 413, wayOut: 'Send at most 500 records of reference data in one request.' },
  media_type_unsupported: { status: 415, wayOut: 'Send application/json, not compressed.' },
  nothing_acceptable: {
    status: 422,
    wayOut: 'Correct the fields listed in details and send the records again.',
  },
  internal: { status: 500, wayOut: 'Send it again with the same ids; they are counted once.' },
  refused_by_log: { status: 500, wayOut: 'Tell the operator; nothing was recorded.' },
  overloaded: { status: 503, wayOut: 'Send it again with the same ids after the pause in Retry-After.' },
  unavailable: { status: 503, wayOut: 'Send it again with the same ids after the pause in Retry-After.' },
  unknown_outcome: {
    status: 503,
    wayOut: 'It may be recorded. Send it again with the same ids; they are counted once.',
  },
  fenced: { status: 503, wayOut: 'Send it again with the same ids after the pause in Retry-After.' },
  closed: { status: 503, wayOut: 'Send it again with the same ids; another instance takes it.' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly wayOut: string }>>;

export type FieldCode = keyof typeof FIELD_CODES | RefusalCode;
export type HttpCode = keyof typeof HTTP_CODES;

/** What to do about a field's code. */
export function wayOutOfField(code: FieldCode): string {
  return code in FIELD_CODES ? ownWayOut(code) : (refusalRule(code)?.wayOut ?? '');
}

export function httpRule(code: HttpCode): { readonly status: number; readonly wayOut: string } {
  return HTTP_CODES[code];
}

export const HTTP_PROBLEM_CODES: readonly string[] = Object.keys(HTTP_CODES);

const OWN_WAYS_OUT: ReadonlyMap<string, string> = new Map(Object.entries(FIELD_CODES));

function ownWayOut(code: string): string {
  return OWN_WAYS_OUT.get(code) ?? '';
}
