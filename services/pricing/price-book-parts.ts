/**
 * Splits a price book into records that a broker takes.
 *
 * Boundary: sizes are an upper bound of the encoded bytes, computed without encoding.
 *
 * Invariants: 1. The parts in order hold exactly the prices given, in order. 2. No part is above `PART_BYTES_MAX`.
 *             3. Parts are numbered from 1; a book without prices is one empty part.
 */
import type { ModelPrice, PriceBook, TokenRate } from '../../schemas/generated/price-book.ts';
import { ValueError } from '../../schemas/value-error.ts';

export const PART_BYTES_MAX = 100_000;

const LENGTH_BYTES_MAX = 5;
const LONG_BYTES_MAX = 10;
const DECIMAL_BYTES_MAX = 17;
/** The fields around the prices. */
const HEADER_BYTES_MAX = 1_000;

export function splitPriceBook(book: Omit<PriceBook, 'part' | 'parts'>): readonly PriceBook[] {
  const groups: ModelPrice[][] = [[]];
  let bytes = HEADER_BYTES_MAX;
  for (const price of book.prices) {
    const size = sizeOf(price);
    if (HEADER_BYTES_MAX + size > PART_BYTES_MAX) {
      throw new ValueError(
        'field_invalid',
        `${price.provider} ${price.model} has too many rates for one record`,
      );
    }
    if (bytes + size > PART_BYTES_MAX) {
      groups.push([]);
      bytes = HEADER_BYTES_MAX;
    }
    groups.at(-1)?.push(price);
    bytes += size;
  }
  return groups.map((prices, index) => ({ ...book, part: index + 1, parts: groups.length, prices }));
}

function sizeOf(price: ModelPrice): number {
  const rates = price.rates.reduce((sum, rate) => sum + sizeOfRate(rate), 0);
  return textSize(price.provider) + textSize(price.model) + 2 * LENGTH_BYTES_MAX + rates;
}

function sizeOfRate(rate: TokenRate): number {
  const texts = textSize(rate.tokenClass) + textSize(rate.serviceTier);
  return texts + LONG_BYTES_MAX + 1 + LENGTH_BYTES_MAX + DECIMAL_BYTES_MAX;
}

function textSize(text: string): number {
  return LENGTH_BYTES_MAX + Buffer.byteLength(text);
}
