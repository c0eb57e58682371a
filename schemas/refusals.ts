/**
 * Every reason why a record is not accepted, as a stable code.
 *
 * Job: one table for the code that refuses, for the person who reads the refusal, and for the tests.
 * Boundary: `REFUSALS` are records we understood and do not accept; `DEAD_LETTERS` are records nobody could read.
 *
 * Invariants:
 *  1. A code is never renamed or given another meaning, because refusals are kept for ever.
 *  2. The order is the order of precedence: a record that breaks several rules carries the first of them. What the
 *     record alone shows comes first, then what its partition shows, then what reference data shows.
 *  3. `transient` says that the same record may be accepted later without being changed.
 */

interface Rule {
  readonly code: string;
  readonly transient: boolean;
  readonly meaning: string;
  readonly wayOut: string;
}

const refused = { transient: false } as const;
const refusedForNow = { transient: true } as const;

const RULES = [
  {
    code: 'key_mismatch',
    ...refused,
    meaning: 'The record key is not the accountId in the record.',
    wayOut: 'Send the record again with its accountId as the key.',
  },
  {
    code: 'invalid_id',
    ...refused,
    meaning: 'An id is empty, too long, or has characters that ids may not have.',
    wayOut: 'Send it again with an id of visible ASCII characters.',
  },
  {
    code: 'missing_tag',
    ...refused,
    meaning: 'A mandatory tag is empty.',
    wayOut: 'Set the tag named in the field and send the record again.',
  },
  {
    code: 'invalid_kind',
    ...refused,
    meaning: 'The kind is not one of the kinds that exist.',
    wayOut: 'Use one of the kinds listed in the schema.',
  },
  {
    code: 'invalid_status',
    ...refused,
    meaning: 'The status is not one of those that exist.',
    wayOut: 'Use one of the values listed in the schema.',
  },
  {
    code: 'invalid_value',
    ...refused,
    meaning: 'A field has a value outside the list in its schema.',
    wayOut: 'Use one of the values listed in the schema.',
  },
  {
    code: 'too_large',
    ...refused,
    meaning: 'The record is so large that what follows from it could not be written.',
    wayOut:
      'Shorten the field named, or send a price book in more parts; a record has at most 250,000 bytes.',
  },
  {
    code: 'negative_count',
    ...refused,
    meaning: 'A count is below zero.',
    wayOut: 'Correct the count; a use is taken back by a correction, never by a negative count.',
  },
  {
    code: 'count_out_of_range',
    ...refused,
    meaning: 'A count is larger than any real use.',
    wayOut: 'Check the unit of the count at the sender.',
  },
  {
    code: 'cached_tokens_exceed_input',
    ...refused,
    meaning: 'Tokens read from and written to a cache are more than the input tokens that contain them.',
    wayOut: 'Send inputTokens as the total of the prompt, cached tokens included.',
  },
  {
    code: 'reasoning_tokens_exceed_output',
    ...refused,
    meaning: 'Reasoning tokens are more than the output tokens that contain them.',
    wayOut: 'Send outputTokens as the total of the answer, reasoning included.',
  },
  {
    code: 'unknown_currency',
    ...refused,
    meaning: 'The currency is not an active ISO 4217 code.',
    wayOut: 'Use a three-letter code from ISO 4217.',
  },
  {
    code: 'unknown_time_zone',
    ...refused,
    meaning: 'The time zone is not in the IANA list.',
    wayOut: 'Use a name such as Europe/Berlin.',
  },
  {
    code: 'amount_not_positive',
    ...refused,
    meaning: 'An amount that must be above zero is not.',
    wayOut: 'Correct the amount; a refund is a fact of its own kind.',
  },
  {
    code: 'confidence_out_of_range',
    ...refused,
    meaning: 'The confidence is not between 0 and 1.',
    wayOut: 'Send the confidence as a decimal from 0 to 1.',
  },
  {
    code: 'timestamp_implausible',
    ...refused,
    meaning: 'The time of the fact is before 2020.',
    wayOut: 'Check the unit of the timestamp: milliseconds since 1970.',
  },
  {
    code: 'timestamp_in_future',
    ...refused,
    meaning: 'The time of the fact is more than five minutes after it was appended.',
    wayOut: 'Set the clock of the sender right and send the record again.',
  },
  {
    code: 'timestamp_too_old',
    ...refused,
    meaning: 'The use is older than the days for which ids are remembered, so a repeat could not be noticed.',
    wayOut: 'Make sure that it was never accepted, then send it again as a marked backfill.',
  },
  {
    code: 'duplicate',
    ...refused,
    meaning: 'The same id came before with the same payload; it was counted once.',
    wayOut: 'Nothing to do.',
  },
  {
    code: 'conflict',
    ...refused,
    meaning: 'The same id came before with another payload; the first one stands.',
    wayOut: 'Give the second fact an id of its own, or correct the first by a correction.',
  },
  {
    code: 'version_conflict',
    ...refused,
    meaning: 'This version of reference data exists with another content, or a later version is known.',
    wayOut: 'Publish the change under the next version.',
  },
  {
    code: 'versions_exhausted',
    ...refused,
    meaning: 'As many versions are kept of this account, outcome or all price books as there may be.',
    wayOut: 'Ask the operator; shorter contracts and books in fewer parts leave room for more versions.',
  },
  {
    code: 'account_unknown',
    ...refusedForNow,
    meaning: 'No billing account with this id is known.',
    wayOut: 'Create the account, then send the record again.',
  },
  {
    code: 'account_closed',
    ...refused,
    meaning: 'The billing account was closed when the fact took place.',
    wayOut: 'Reopen the account, or send the fact to the account that pays.',
  },
  {
    code: 'contract_missing',
    ...refusedForNow,
    meaning: 'The account has no contract in force at the time of the fact.',
    wayOut: 'Publish a contract in force at that time, then send the record again.',
  },
  {
    code: 'currency_mismatch',
    ...refusedForNow,
    meaning: 'The currency is not the currency of the account.',
    wayOut: 'Convert at a recorded rate, or use an account in that currency.',
  },
  {
    code: 'reference_incomplete',
    ...refusedForNow,
    meaning: 'Parts of the version of reference data that is needed have not arrived yet.',
    wayOut: 'Publish the missing parts of the version.',
  },
  {
    code: 'price_missing',
    ...refusedForNow,
    meaning:
      'No price is in force for a part of this use; it is kept in suspense and nothing is owed for it yet.',
    wayOut: 'Publish the price; the use is rated when the price arrives.',
  },
  {
    code: 'charge_out_of_range',
    ...refusedForNow,
    meaning:
      'The price found makes this use dearer than any real one; it is kept in suspense and nothing is owed for it yet.',
    wayOut: 'Correct the price or the markup; the use is rated when the correction arrives.',
  },
  {
    code: 'outcome_unknown',
    ...refusedForNow,
    meaning: 'No definition of this outcome type is in force.',
    wayOut: 'Publish the outcome definition, then send the claim again.',
  },
  {
    code: 'claim_unknown',
    ...refusedForNow,
    meaning: 'No claim with this id is known for the account.',
    wayOut: 'Send the claim first.',
  },
  {
    code: 'claim_already_decided',
    ...refused,
    meaning: 'The claim was decided before this record arrived.',
    wayOut: 'Open a dispute to have the decision changed.',
  },
  {
    code: 'payment_unverified',
    ...refusedForNow,
    meaning: 'The payment provider has not confirmed this payment.',
    wayOut: 'Ask the provider again; only a confirmed payment is booked.',
  },
  {
    code: 'payment_conflict',
    ...refused,
    meaning: 'The same payment id came before with another amount, currency or kind; the first one stands.',
    wayOut: 'Compare with the provider and send the difference as a fact of its own.',
  },
  {
    code: 'grants_exhausted',
    ...refusedForNow,
    meaning: 'The account has as many unspent grants and payments as can be kept.',
    wayOut: 'Send the record again when credits have been spent or have expired.',
  },
] as const satisfies readonly Rule[];

const DEAD_LETTER_RULES = [
  {
    code: 'missing_key',
    ...refused,
    meaning: 'The record has no key, so nobody knows whose it is.',
    wayOut: 'Send it again with the accountId as the key.',
  },
  {
    code: 'missing_value',
    ...refused,
    meaning: 'The record has no value; facts are never deleted.',
    wayOut: 'Send a correction instead of an empty record.',
  },
  {
    code: 'unframed',
    ...refused,
    meaning: 'The value does not begin with a zero byte and a schema id.',
    wayOut: 'Use a producer that writes the registry wire format.',
  },
  {
    code: 'schema_unresolved',
    ...refusedForNow,
    meaning: 'The registry does not know the schema id.',
    wayOut: 'Restore the schema in the registry, then read the dead letter again.',
  },
  {
    code: 'schema_mismatch',
    ...refused,
    meaning: 'The schema of the writer cannot be read as the record that this topic carries.',
    wayOut: 'Write with a schema registered for this topic.',
  },
  {
    code: 'undecodable',
    ...refused,
    meaning: 'The bytes do not follow the schema they name.',
    wayOut: 'Send the record again from its source.',
  },
  {
    code: 'number_out_of_range',
    ...refused,
    meaning: 'A number is too large to be represented exactly.',
    wayOut: 'Correct the number at the sender.',
  },
  {
    code: 'trailing_bytes',
    ...refused,
    meaning: 'Bytes follow the end of the record.',
    wayOut: 'Write one record per message.',
  },
] as const satisfies readonly Rule[];

export type RefusalCode = (typeof RULES)[number]['code'];
export type DeadLetterCode = (typeof DEAD_LETTER_RULES)[number]['code'];

export interface RefusalRule extends Rule {
  readonly code: RefusalCode | DeadLetterCode;
}

export const REFUSALS: readonly RefusalRule[] = RULES;
export const DEAD_LETTERS: readonly RefusalRule[] = DEAD_LETTER_RULES;

const PRECEDENCE: ReadonlyMap<string, number> = new Map(REFUSALS.map(({ code }, place) => [code, place]));

const BY_CODE: ReadonlyMap<string, RefusalRule> = new Map(
  [...REFUSALS, ...DEAD_LETTERS].map((rule) => [rule.code, rule]),
);

/** The rule behind a code, or undefined for a code that does not exist. */
export function refusalRule(code: string): RefusalRule | undefined {
  return BY_CODE.get(code);
}

/** Of two problems of one record, the one that it is refused for. */
export function firstProblem<P extends { readonly code: RefusalCode }>(
  one: P | null,
  other: P | null,
): P | null {
  if (one === null || other === null) return one ?? other;
  return placeOf(other.code) < placeOf(one.code) ? other : one;
}

function placeOf(code: RefusalCode): number {
  return PRECEDENCE.get(code) ?? REFUSALS.length;
}
