/**
 * Identifiers as branded strings.
 *
 * Job: build an id only from text that is safe as a record key, in a log line and in a URL.
 * Boundary: says nothing about whether the thing named exists.
 */
import { quoted, ValueError } from './value-error.ts';

declare const idBrand: unique symbol;

export type Id<Kind extends string> = string & { readonly [idBrand]: Kind };

/** Who pays: the key of every record that concerns money. */
export type AccountId = Id<'AccountId'>;

const ACCOUNT_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const ID_LENGTH_MAX = 256;

export function isAccountId(text: string): text is AccountId {
  return ACCOUNT_ID.test(text);
}

export function parseAccountId(text: string): AccountId {
  if (!isAccountId(text)) throw new ValueError('id_malformed', accountIdProblem(text));
  return text;
}

/** What is wrong with a text that is no account id. */
export function accountIdProblem(text: string): string {
  return `${quoted(text)} is not 1 to 128 characters of A-Z a-z 0-9 . _ : -`;
}

/** Any other id: 1 to 256 visible ASCII characters. Looked at one by one, which is faster than a pattern. */
export function isId(text: string): boolean {
  if (text.length === 0 || text.length > ID_LENGTH_MAX) return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}

/** `kind` becomes its brand and its name in the error. */
export function parseId<Kind extends string>(kind: Kind, text: string): Id<Kind> {
  if (!isId(text)) throw new ValueError('id_malformed', idProblem(kind, text));
  return text as Id<Kind>;
}

export function idProblem(kind: string, text: string): string {
  return `${kind} ${quoted(text)} is not 1 to 256 visible ASCII characters`;
}
