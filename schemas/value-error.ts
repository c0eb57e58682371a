/**
 * The error of every parse function and of exact arithmetic.
 *
 * Job: tell a caller at an edge (HTTP, file, command line) which rule a value breaks, by a stable code.
 * Boundary: nothing here knows records; a refusal of a whole record is in `refusals.ts`.
 */

export type ValueErrorCode =
  | 'amount_malformed'
  | 'amount_too_precise'
  | 'amount_too_large'
  | 'count_out_of_range'
  | 'exponent_out_of_range'
  | 'currency_unknown'
  | 'instant_malformed'
  | 'instant_out_of_range'
  | 'period_malformed'
  | 'time_zone_unknown'
  | 'id_malformed'
  | 'json_malformed'
  | 'json_too_deep'
  | 'json_forbidden_key'
  | 'field_invalid'
  | 'field_missing'
  | 'field_unknown';

export class ValueError extends Error {
  readonly code: ValueErrorCode;

  constructor(code: ValueErrorCode, message: string, options?: { cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.name = 'ValueError';
    this.code = code;
  }
}

/** Text from outside may be long; an error message carries only its beginning. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
