/**
 * POST /v1/price-books: a whole version of a set of prices (C1).
 *
 * A caller sends a book as one object, and it is split here into records that a broker takes. A book that its sender
 * has split already keeps its parts.
 */
import { z } from 'zod';
import { parseCurrency } from '../../../schemas/currency.ts';
import { USAGE_VALUES } from '../../../schemas/usage-rules.ts';
import { PRICE_BOOK_LIMITS } from '../../pricing/price-book-index.ts';
import { splitPriceBook } from '../../pricing/price-book-parts.ts';
import { complain } from './complaints.ts';
import { listed, listOf } from './list-fields.ts';
import { amount, count, instant } from './number-fields.ts';
import { requestReader } from './read-request.ts';
import { id, parsedText, text } from './text-fields.ts';

const PRICES_MAX = 20_000;
const RATES_MAX = 200;
const PARTS_MAX = 1_000;
const TOKEN_CLASSES = ['input', 'output', 'cache_read', 'cache_write', 'cache_write_1h', 'reasoning'];

const tokenRate = z.strictObject({
  tokenClass: listed(TOKEN_CLASSES),
  serviceTier: listed(USAGE_VALUES.serviceTier).default('standard'),
  abovePromptTokens: count().default(0),
  boundaryIncluded: z.boolean().default(false),
  pricePerToken: amount('not_negative', PRICE_BOOK_LIMITS.priceMax),
});

const modelPrice = z.strictObject({
  provider: text,
  model: text,
  rates: listOf(tokenRate, RATES_MAX),
});

const priceBook = z.strictObject({
  priceBookId: id('priceBookId'),
  version: count({ min: 1 }),
  purpose: listed(['cost', 'customer']),
  currency: parsedText(parseCurrency),
  effectiveAt: instant,
  part: count({ min: 1, max: PARTS_MAX }).default(1),
  parts: count({ min: 1, max: PARTS_MAX }).default(1),
  prices: listOf(modelPrice, PRICES_MAX),
});

export const readPriceBook = requestReader({
  schema: priceBook.transform((book, ctx) => {
    if (book.part <= book.parts) return book;
    return complain(ctx, 'invalid_value', `part ${book.part} of ${book.parts} does not exist`);
  }),
  times: [],
  publications: (book) => {
    const parts = book.parts === 1 ? splitPriceBook(book) : [book];
    return parts.map((value) => ({ topic: 'price-books', value }));
  },
});
