/**
 * What every record from outside must satisfy whatever it says: ids that can be keys, texts that can be kept, and a size.
 *
 * Job: the rules without which something derived from an accepted record could be larger than the broker takes, which
 * would stop its partition for good. The runtime asks them of every record of a topic that producers may write, the
 * gateway of what it is about to publish. Boundary: pure, and knows no service; uses have texts of their own rules in
 * `usage-rules.ts`, which are as short.
 *
 * Invariants:
 *  1. Problems come in the order of precedence of `refusals.ts`: ids, then texts, then the size.
 *  2. A record that passes is at most `bytesMax` long, and no text in it is longer than `textLengthMax`. Whatever holds a
 *     record once, with keys made of its ids, then stays far below the 900,000 bytes that are written; whatever gathers
 *     parts of many records has a maximum of its own, where it is kept.
 */
import type { RecordName } from './generated/record-types.ts';
import { parseAccountId, parseId } from './ids.ts';
import type { RefusalCode } from './refusals.ts';
import { USAGE_LIMITS } from './usage-rules.ts';
import { ValueError } from './value-error.ts';

export const RECORD_LIMITS = {
  /** Of the framed value. A price book of any size travels in parts of 100,000 bytes. */
  bytesMax: 250_000,
  textLengthMax: USAGE_LIMITS.textLengthMax,
} as const;

export interface RecordProblem {
  readonly code: RefusalCode;
  /** Dotted path, as the gateway names it. */
  readonly field: string;
  readonly message: string;
}

/** Fields that hold an id in whatever record they stand. */
const IDS: ReadonlySet<string> = new Set([
  'accountId',
  'caseId',
  'claimId',
  'contractId',
  'evidenceHash',
  'grantId',
  'outcomeType',
  'paymentId',
  'priceBookId',
  'projectId',
  'providerEventId',
  'traceId',
  'verificationId',
]);

/** The `provider` of a model is a text, that of a payment an id. */
const PAYMENT_IDS: ReadonlySet<string> = new Set([...IDS, 'provider']);

/** The first id of a record that is none, or else its first text that cannot be kept. */
export function textProblem(record: RecordName, value: object): RecordProblem | null {
  const ids = record === 'PaymentEvent' ? PAYMENT_IDS : IDS;
  const found: Found = { id: null, text: null };
  const fields = fieldsOf(value);
  // Almost every part is a number or a short text and needs no closer look, so nothing is made for one on the way.
  for (const name in fields) {
    const part = fields[name];
    if (!isShort(part) || ids.has(name)) lookAt(part, { ids, name, field: name, found });
  }
  return found.id ?? found.text;
}

/** `bytes` is the length of the framed value. The field is the one that holds most of it. */
export function sizeProblem(value: object, bytes: number): RecordProblem | null {
  if (bytes <= RECORD_LIMITS.bytesMax) return null;
  const message = `the record has ${bytes} bytes; at most ${RECORD_LIMITS.bytesMax} are kept`;
  return { code: 'too_large', field: largestField(value), message };
}

interface Found {
  id: RecordProblem | null;
  text: RecordProblem | null;
}

interface Place {
  readonly ids: ReadonlySet<string>;
  readonly name: string;
  readonly field: string;
  readonly found: Found;
}

function fieldsOf(record: object): Readonly<Record<string, unknown>> {
  return record as Readonly<Record<string, unknown>>;
}

function isShort(value: unknown): boolean {
  if (typeof value !== 'string') return typeof value !== 'object';
  return value.length <= RECORD_LIMITS.textLengthMax && value.isWellFormed();
}

function lookAt(value: unknown, place: Place): void {
  if (typeof value === 'string') {
    place.found.id ??= idProblem(value, place);
    place.found.text ??= lengthProblem(value, place.field);
  } else if (Array.isArray(value)) {
    for (const [index, part] of value.entries()) {
      lookAt(part, { ...place, field: `${place.field}.${index}` });
    }
  } else if (value !== null && typeof value === 'object' && !Buffer.isBuffer(value)) {
    for (const [name, part] of Object.entries(value)) {
      // The names of a map are texts too, and what is too long to be kept is too long to be named.
      const problem = lengthProblem(name, place.field);
      place.found.text ??= problem;
      if (problem === null) lookAt(part, { ...place, name, field: `${place.field}.${name}` });
    }
  }
}

function idProblem(text: string, { ids, name, field }: Place): RecordProblem | null {
  if (!ids.has(name)) return null;
  try {
    if (name === 'accountId') parseAccountId(text);
    else parseId(name, text);
    return null;
  } catch (error) {
    if (error instanceof ValueError) return { code: 'invalid_id', field, message: error.message };
    throw error;
  }
}

function lengthProblem(text: string, field: string): RecordProblem | null {
  const most = RECORD_LIMITS.textLengthMax;
  if (text.length > most) {
    const message = `${field} has ${text.length} characters; at most ${most} are kept`;
    return { code: 'invalid_value', field, message };
  }
  if (text.isWellFormed()) return null;
  return { code: 'invalid_value', field, message: `${field} has half a character, which UTF-8 cannot keep` };
}

function largestField(value: object): string {
  let largest = { name: '', length: -1 };
  for (const [name, part] of Object.entries(value)) {
    const { length } = JSON.stringify(part, (_, inner: unknown) =>
      typeof inner === 'bigint' ? inner.toString() : inner,
    );
    if (length > largest.length) largest = { name, length };
  }
  return largest.name;
}
