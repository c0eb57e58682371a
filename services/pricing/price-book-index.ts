/**
 * Receives price books part by part.
 *
 * Job: say whether a part may be taken, and what the index of versions looks like with it. Boundary: which version is
 * in force, and the prices inside, are in `price-books.ts`.
 *
 * Invariants:
 *  1. A version is complete when as many different parts have arrived as it says it has.
 *  2. A part never changes: the same part again is ignored, with another content it is refused.
 *  3. All parts of a version agree on purpose, currency, effective time and number of parts.
 */
import { type Amount, parseAmount } from '../../schemas/amount.ts';
import { compareAmounts } from '../../schemas/amount-arithmetic.ts';
import { encodeBody } from '../../schemas/codec.ts';
import { CURRENCY_CODES } from '../../schemas/currency.ts';
import type { PriceBook, TokenRate } from '../../schemas/generated/price-book.ts';
import type { PriceBookIndex, PriceBookVersion } from '../../schemas/generated/price-book-index.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';
import { type BookTables, INDEX_KEY, isComplete, partKey } from './book-tables.ts';
import { TOKEN_CLASSES } from './model.ts';

export const PRICE_BOOK_LIMITS = {
  versionsMax: 2_000,
  partsMax: 1_000,
  /** The index is one record of state, which must be written whole; a version takes its place with its first part. */
  indexBytesMax: 800_000,
  /** Per token; keeps every sum far inside 38 digits. */
  priceMax: parseAmount('10000'),
} as const;

/** A number up to `partsMax` as Avro writes it. */
const PART_NUMBER_BYTES = 2;
const PURPOSES: readonly string[] = ['cost', 'customer'];
const CLASSES: ReadonlySet<string> = new Set(TOKEN_CLASSES);
const CURRENCIES: ReadonlySet<string> = new Set(CURRENCY_CODES);
const ZERO_PRICE = parseAmount('0');

export type Receipt =
  | { readonly kind: 'known' }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly field: string; readonly message: string }
  | { readonly kind: 'taken'; readonly index: PriceBookIndex; readonly completed: PriceBookVersion | null };

export function receivePart(tables: BookTables, book: PriceBook): Receipt {
  const stored = tables.bookParts.get(partKey(book, book.part));
  if (stored !== undefined) {
    return textOf(stored) === textOf(book)
      ? { kind: 'known' }
      : refused('version_conflict', 'prices', `part ${book.part} exists with another content`);
  }
  const versions = tables.bookIndex.get(INDEX_KEY)?.versions ?? [];
  const before = versions.find((known) => isSameVersion(known, book));
  const fault = faultOf(book) ?? disagreement(before, book);
  if (fault !== null) return fault;
  const read = [...(before?.read ?? []), book.part].sort((left, right) => left - right);
  const { priceBookId, version, purpose, currency, effectiveAt, parts } = book;
  const after = { priceBookId, version, purpose, currency, effectiveAt, parts, read };
  const index = { versions: [...versions.filter((known) => known !== before), after] };
  if (before === undefined && !hasRoom(index)) {
    return refused('versions_exhausted', 'version', 'there is no room for another version of a price book');
  }
  return { kind: 'taken', index, completed: isComplete(after) ? after : null };
}

function faultOf(book: PriceBook): Receipt | null {
  if (!PURPOSES.includes(book.purpose)) {
    return refused('invalid_value', 'purpose', `${book.purpose} is neither cost nor customer`);
  }
  if (!CURRENCIES.has(book.currency)) return refused('unknown_currency', 'currency', book.currency);
  if (book.parts < 1 || book.parts > PRICE_BOOK_LIMITS.partsMax) {
    return refused('invalid_value', 'parts', `${book.parts} is not 1 to ${PRICE_BOOK_LIMITS.partsMax}`);
  }
  if (book.part < 0 || book.part > book.parts) {
    return refused('invalid_value', 'part', `part ${book.part} of ${book.parts} does not exist`);
  }
  for (const { provider, model, rates } of book.prices) {
    const field = rates.map(faultOfRate).find((found) => found !== null);
    if (field) return refused('invalid_value', field, `a rate of ${provider} ${model} is out of range`);
  }
  return null;
}

function faultOfRate(rate: TokenRate): string | null {
  if (!CLASSES.has(rate.tokenClass)) return 'tokenClass';
  if (rate.abovePromptTokens < 0) return 'abovePromptTokens';
  return isPrice(rate.pricePerToken) ? null : 'pricePerToken';
}

function isPrice(price: Amount): boolean {
  return compareAmounts(price, ZERO_PRICE) >= 0 && compareAmounts(price, PRICE_BOOK_LIMITS.priceMax) <= 0;
}

function disagreement(before: PriceBookVersion | undefined, book: PriceBook): Receipt | null {
  if (before === undefined) return null;
  for (const field of ['purpose', 'currency', 'effectiveAt', 'parts'] as const) {
    if (before[field] !== book[field]) {
      return refused('version_conflict', field, `part ${book.part} disagrees with the parts before it`);
    }
  }
  return isComplete(before)
    ? refused('version_conflict', 'part', `all ${before.parts} parts of the version are there already`)
    : null;
}

/** Whether the index can be kept, also when all parts of its versions have arrived. */
function hasRoom(index: PriceBookIndex): boolean {
  const { versionsMax, indexBytesMax } = PRICE_BOOK_LIMITS;
  if (index.versions.length > versionsMax) return false;
  const missing = index.versions.reduce((sum, { parts, read }) => sum + parts - read.length, 0);
  return encodeBody('PriceBookIndex', index).length + missing * PART_NUMBER_BYTES <= indexBytesMax;
}

function isSameVersion(known: PriceBookVersion, book: PriceBook): boolean {
  return known.priceBookId === book.priceBookId && known.version === book.version;
}

function refused(code: RefusalCode, field: string, message: string): Receipt {
  return { kind: 'refused', code, field, message };
}

function textOf(book: PriceBook): string {
  return JSON.stringify(book, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}
