/**
 * Job: read one record of a request with its schema, and turn every complaint into a field, a code and a sentence.
 *
 * Boundary: pure. The schemas beside this file say what a record must be; times are judged against the moment of
 * receipt, which the caller gives.
 *
 * Invariants:
 *  1. All complaints about a record are told at once.
 *  2. A field that the schema does not name is a complaint, never ignored.
 *  3. What the services would refuse for its size is refused here, with the same code and field.
 */
import type { z } from 'zod';
import { encodeFramed } from '../../../schemas/codec.ts';
import { formatInstant, type Instant, instantOfMillis, parseInstant } from '../../../schemas/instant.ts';
import { sizeProblem } from '../../../schemas/record-rules.ts';
import { USAGE_LIMITS } from '../../../schemas/usage-rules.ts';
import type { Publication } from '../../../topology/publication.ts';
import { TOPICS } from '../../../topology/topics.ts';
import type { FieldCode } from '../problem-codes.ts';

export interface FieldProblem {
  /** Dotted path; empty for the record as a whole. */
  readonly field: string;
  readonly code: FieldCode;
  readonly message: string;
}

export type ReadRequest =
  | { readonly ok: true; readonly publications: readonly Publication[] }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

export type RequestReader = (input: unknown, receivedAt: Instant) => ReadRequest;

export interface RequestRule<T> {
  readonly schema: z.ZodType<T>;
  /** Fields that tell when something happened, and so cannot lie ahead. */
  readonly times: readonly string[];
  readonly publications: (value: T) => readonly Publication[];
}

/** Makes the reader of one kind of record. */
export function requestReader<T>(rule: RequestRule<T>): RequestReader {
  return (input, receivedAt) => {
    const result = rule.schema.safeParse(input);
    const problems = [
      ...(result.success ? [] : problemsOf(result.error, input)),
      ...rule.times.flatMap((field) => timeProblems(field, valueAt(input, [field]), receivedAt)),
    ];
    if (!result.success || problems.length > 0) return { ok: false, problems };
    const publications = rule.publications(result.data);
    const large = publications.map(publicationProblem).find((problem) => problem !== null);
    return large === undefined ? { ok: true, publications } : { ok: false, problems: [large] };
  };
}

/** Uses are read elsewhere: their texts are too few and too short to be more than a record may have. */
function publicationProblem({ topic, value }: Publication): FieldProblem | null {
  return sizeProblem(value, encodeFramed(TOPICS[topic].record, value, 0).length);
}

export function problemsOf(error: z.ZodError, input: unknown): readonly FieldProblem[] {
  return error.issues.flatMap((issue): readonly FieldProblem[] => {
    const field = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      const prefix = field === '' ? '' : `${field}.`;
      return issue.keys.map((key) => ({
        field: `${prefix}${key.slice(0, 100)}`,
        code: 'unknown_field',
        message: 'this record has no such field',
      }));
    }
    if (issue.code === 'custom' && isFieldCode(issue.params?.['code'])) {
      return [{ field, code: issue.params['code'], message: issue.message }];
    }
    if (issue.code === 'too_big') return [{ field, code: 'too_many', message: issue.message }];
    const isMissing = valueAt(input, issue.path) === undefined;
    return [
      { field, code: isMissing ? 'missing_field' : 'wrong_type', message: messageOf(issue, isMissing) },
    ];
  });
}

/** A time may be text or milliseconds; a malformed one is the schema's complaint. */
function timeProblems(field: string, value: unknown, receivedAt: Instant): readonly FieldProblem[] {
  const instant = instantFrom(value);
  if (instant === null) return [];
  const text = formatInstant(instant);
  if (instant < USAGE_LIMITS.plausibleFrom) {
    return [{ field, code: 'timestamp_implausible', message: `${text} is before 2020` }];
  }
  if (instant - receivedAt <= USAGE_LIMITS.aheadMaxMs) return [];
  const message = `${text}, received at ${formatInstant(receivedAt)}, is more than five minutes ahead`;
  return [{ field, code: 'timestamp_in_future', message }];
}

function instantFrom(value: unknown): Instant | null {
  try {
    if (typeof value === 'number') return instantOfMillis(value);
    return typeof value === 'string' ? parseInstant(value) : null;
  } catch {
    return null;
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function messageOf(issue: z.core.$ZodIssue, isMissing: boolean): string {
  if (isMissing) return 'this field is required';
  return issue.message.replace('Invalid input: ', '');
}

/** Codes travel through the schema library as plain values; our own fields put nothing else there. */
function isFieldCode(value: unknown): value is FieldCode {
  return typeof value === 'string';
}
