/**
 * Where price books are kept: an index of all versions under one key, and the parts as they came.
 *
 * Boundary: a service declares the two tables; pricing only reads them.
 */
import type { PriceBook } from '../../schemas/generated/price-book.ts';
import type { PriceBookIndex, PriceBookVersion } from '../../schemas/generated/price-book-index.ts';

/** The only key of the index table. */
export const INDEX_KEY = 'all';

export interface BookTables {
  readonly bookIndex: { get(key: string): PriceBookIndex | undefined };
  readonly bookParts: { get(key: string): PriceBook | undefined };
}

export function partKey(book: Pick<PriceBook, 'priceBookId' | 'version'>, part: number): string {
  return `${book.priceBookId}/${book.version}/${part}`;
}

export function isComplete(version: PriceBookVersion): boolean {
  return version.read.length === version.parts;
}
