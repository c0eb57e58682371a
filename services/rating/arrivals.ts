/**
 * What the arrival of reference data or of time means for everything that waits.
 *
 * Job: for one input, the reference data as it will be and the queue slots to review. `decide` asks before the fact is
 * laid down, `evolve` afterwards, and both get the same answer. Boundary: no charge, no write.
 */
import type { Account } from '../../schemas/generated/account.ts';
import type { Contract } from '../../schemas/generated/contract.ts';
import type { PriceBook } from '../../schemas/generated/price-book.ts';
import type { PriceBookIndex, PriceBookVersion } from '../../schemas/generated/price-book-index.ts';
import type { RatingTerms } from '../../schemas/generated/rating-terms.ts';
import { partKey } from '../pricing/book-tables.ts';
import { namesIn } from '../pricing/price-books.ts';
import { priceThing } from './assess-use.ts';
import type { RatingTables, View } from './model.ts';
import { type TermsReceipt, takeAccount, takeContract } from './terms.ts';

export function takeTerms(
  tables: Pick<RatingTables, 'terms'>,
  input:
    | { readonly topic: 'accounts'; readonly value: Account }
    | { readonly topic: 'contracts'; readonly value: Contract },
): TermsReceipt {
  const terms = tables.terms.get(input.value.accountId);
  return input.topic === 'accounts' ? takeAccount(terms, input.value) : takeContract(terms, input.value);
}

/** The reference data once these terms are laid down. */
export function withTerms(tables: RatingTables, accountId: string, terms: RatingTerms): View {
  return {
    bookIndex: tables.bookIndex,
    bookParts: tables.bookParts,
    terms: { get: (key) => (key === accountId ? terms : tables.terms.get(key)) },
  };
}

/** The reference data once this part of a price book is laid down. */
export function withBookPart(tables: RatingTables, index: PriceBookIndex, book: PriceBook): View {
  const added = partKey(book, book.part);
  return {
    terms: tables.terms,
    bookIndex: { get: () => index },
    bookParts: { get: (key) => (key === added ? book : tables.bookParts.get(key)) },
  };
}

/** The queues that a completed version may release; books of costs charge nobody. */
export function thingsOf(view: View, completed: PriceBookVersion | null): readonly string[] {
  if (completed === null || completed.purpose !== 'customer') return [];
  return Array.from(namesIn(view, completed), (name) => priceThing(completed.priceBookId, name));
}
