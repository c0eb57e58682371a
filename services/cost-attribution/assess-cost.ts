/**
 * Finds the price of a use in the cost books, or says which part has none.
 *
 * Boundary: only books of purpose `cost` are looked at; what customers pay is no source of what a use costs us.
 *
 * Invariants:
 *  1. The books in force when the use occurred are asked in order of version, the highest first, then by id; the first
 *     that prices the whole use is taken. A use is never priced from two books.
 *  2. No book prices it: the answer is a reason, never another model's or tier's price.
 */
import type { PriceBookVersion } from '../../schemas/generated/price-book-index.ts';
import type { Instant } from '../../schemas/instant.ts';
import type { BookTables } from '../pricing/book-tables.ts';
import type { ModelRates, TokenUse } from '../pricing/model.ts';
import { booksInForce, modelIn } from '../pricing/price-books.ts';
import { missingClass } from '../pricing/price-tokens.ts';
import { ratesFor } from '../pricing/resolve-model.ts';

/** What the cost of a use depends on: a usage event is one, and so is a cost event in suspense. */
export interface CostedUse extends TokenUse {
  readonly provider: string;
  readonly model: string;
  readonly occurredAt: Instant;
}

export interface Priced {
  readonly kind: 'priced';
  readonly book: PriceBookVersion;
  readonly rates: ModelRates;
}

export interface Unpriced {
  readonly kind: 'unpriced';
  /** The field of the use that no price covers, in the book that came nearest. */
  readonly field: string;
}

/** How near a book came to a price: the later, the nearer. */
const NEARNESS: readonly string[] = ['model', 'serviceTier', 'outputTokens', 'inputTokens'];

export function assessCost(tables: BookTables, use: CostedUse): Priced | Unpriced {
  let nearest = 'model';
  for (const book of booksInForce(tables, 'cost', use.occurredAt)) {
    const found = assessIn(tables, book, use);
    if (found.kind === 'priced') return found;
    if (NEARNESS.indexOf(found.field) > NEARNESS.indexOf(nearest)) nearest = found.field;
  }
  return { kind: 'unpriced', field: nearest };
}

/** The queue of uses of a model without a price. */
export function modelThing(model: string): string {
  return `model:${model}`;
}

function assessIn(tables: BookTables, book: PriceBookVersion, use: CostedUse): Priced | Unpriced {
  const model = modelIn(tables, book, use);
  if (model === null) return { kind: 'unpriced', field: 'model' };
  const rates = ratesFor(model, use);
  if (rates === null) return { kind: 'unpriced', field: 'serviceTier' };
  const missing = missingClass(rates, use);
  if (missing !== null) return { kind: 'unpriced', field: `${missing}Tokens` };
  return { kind: 'priced', book, rates };
}
