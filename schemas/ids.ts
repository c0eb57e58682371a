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
const VISIBLE_ASCII = /^[\x21-\x7e]{1,256}$/;

export function parseAccountId(text: string): AccountId {
  if (!ACCOUNT_ID.test(text)) {
    throw new ValueError('id_malformed', `${quoted(text)} is not 1 to 128 characters of A-Z a-z 0-9 . _ : -`);
  }
  return text as AccountId;
}

/** Any other id: 1 to 256 visible ASCII characters. `kind` becomes its brand and its name in the error. */
export function parseId<Kind extends string>(kind: Kind, text: string): Id<Kind> {
  if (!VISIBLE_ASCII.test(text)) {
    throw new ValueError('id_malformed', `${kind} ${quoted(text)} is not 1 to 256 visible ASCII characters`);
  }
  return text as Id<Kind>;
}
