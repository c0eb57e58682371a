/**
 * Which version of which price book is in force, and what a model costs in it.
 *
 * Boundary: reads the two book tables; whether a part may be taken is in `price-book-index.ts`.
 *
 * Invariants:
 *  1. In force at a time = among the complete versions the highest effectiveAt not after it, then the highest version.
 *     Only that decides: neither arrival order nor the present time does.
 *  2. A model is looked up as `provider/model`, then as `model`. A name that two different prices claim has none.
 *  3. Caches hang on the identity of immutable state values and never change an answer.
 */
import type { ModelPrice, PriceBook } from '../../schemas/generated/price-book.ts';
import type { PriceBookIndex, PriceBookVersion } from '../../schemas/generated/price-book-index.ts';
import type { Instant } from '../../schemas/instant.ts';
import { type BookTables, INDEX_KEY, isComplete, partKey } from './book-tables.ts';
import { type ResolvedModel, resolveModel } from './resolve-model.ts';

export type Purpose = 'cost' | 'customer';

/** Look-ups remembered per book and provider; bounded because senders choose the names. */
const REMEMBERED_MODELS_MAX = 10_000;

interface AssembledBook {
  readonly exact: ReadonlyMap<string, ModelPrice | null>;
  readonly bare: ReadonlyMap<string, ModelPrice | null>;
  readonly remembered: Map<string, Map<string, ResolvedModel>>;
  rememberedCount: number;
}

/** By purpose and book: complete versions, the one that wins first. */
type Complete = ReadonlyMap<string, ReadonlyMap<string, readonly PriceBookVersion[]>>;

const completeOf = new WeakMap<PriceBookIndex, Complete>();
/** By version for the hot path, by first part because the value of a version is made anew on the way into state. */
const assembledOf = new WeakMap<PriceBookVersion | PriceBook, AssembledBook>();
const NO_BOOKS: ReadonlyMap<string, readonly PriceBookVersion[]> = new Map();

/** Null when no complete version of the book is in force at that time. */
export function bookInForce(
  tables: BookTables,
  book: { readonly purpose: Purpose; readonly priceBookId: string },
  at: Instant,
): PriceBookVersion | null {
  return firstInForce(booksOf(tables, book.purpose).get(book.priceBookId), at);
}

/** The version in force of every book of a purpose: highest version first, then by id. */
export function booksInForce(tables: BookTables, purpose: Purpose, at: Instant): readonly PriceBookVersion[] {
  const inForce: PriceBookVersion[] = [];
  for (const versions of booksOf(tables, purpose).values()) {
    const version = firstInForce(versions, at);
    if (version !== null) inForce.push(version);
  }
  if (inForce.length > 1) inForce.sort(byVersionThenId);
  return inForce;
}

/** Whether parts of a version that would be in force are still missing. */
export function isIncomplete(tables: BookTables, priceBookId: string, at: Instant): boolean {
  const versions = tables.bookIndex.get(INDEX_KEY)?.versions ?? [];
  return versions.some(
    (known) => known.priceBookId === priceBookId && known.effectiveAt <= at && !isComplete(known),
  );
}

/** Null when the version has no price, or two different ones, under either name. */
export function modelIn(
  tables: BookTables,
  version: PriceBookVersion,
  use: { readonly provider: string; readonly model: string },
): ResolvedModel | null {
  const book = assemble(tables, version);
  const known = book.remembered.get(use.provider)?.get(use.model);
  if (known !== undefined) return known;
  const exact = book.exact.get(`${use.provider}/${use.model}`);
  const price = exact === undefined ? book.bare.get(use.model) : exact;
  if (price === undefined || price === null) return null;
  return remember(book, use, resolveModel(price));
}

/** Every model name under which a use could have been waiting for a price of this version, without repeats. */
export function namesIn(tables: BookTables, version: PriceBookVersion): Iterable<string> {
  const names = new Set<string>();
  for (const fullName of assemble(tables, version).exact.keys()) {
    for (let slash = fullName.indexOf('/'); slash >= 0; slash = fullName.indexOf('/', slash + 1)) {
      names.add(fullName.slice(slash + 1));
    }
    names.add(fullName);
  }
  return names;
}

function booksOf(tables: BookTables, purpose: Purpose): ReadonlyMap<string, readonly PriceBookVersion[]> {
  const index = tables.bookIndex.get(INDEX_KEY);
  if (index === undefined) return NO_BOOKS;
  let complete = completeOf.get(index);
  if (complete === undefined) {
    complete = group(index);
    completeOf.set(index, complete);
  }
  return complete.get(purpose) ?? NO_BOOKS;
}

function group(index: PriceBookIndex): Complete {
  const groups = new Map<string, Map<string, PriceBookVersion[]>>();
  for (const version of index.versions) {
    if (!isComplete(version)) continue;
    const books = groups.get(version.purpose) ?? new Map<string, PriceBookVersion[]>();
    groups.set(version.purpose, books);
    books.set(version.priceBookId, [...(books.get(version.priceBookId) ?? []), version]);
  }
  for (const books of groups.values()) {
    for (const versions of books.values()) {
      versions.sort((left, right) => right.effectiveAt - left.effectiveAt || right.version - left.version);
    }
  }
  return groups;
}

function firstInForce(
  versions: readonly PriceBookVersion[] | undefined,
  at: Instant,
): PriceBookVersion | null {
  if (versions === undefined) return null;
  for (const version of versions) if (version.effectiveAt <= at) return version;
  return null;
}

function byVersionThenId(left: PriceBookVersion, right: PriceBookVersion): number {
  return right.version - left.version || (left.priceBookId < right.priceBookId ? -1 : 1);
}

function assemble(tables: BookTables, version: PriceBookVersion): AssembledBook {
  const known = assembledOf.get(version);
  if (known !== undefined) return known;
  const first = partOf(tables, version, version.read[0]);
  const book = assembledOf.get(first) ?? readParts(tables, version);
  assembledOf.set(first, book);
  assembledOf.set(version, book);
  return book;
}

function readParts(tables: BookTables, version: PriceBookVersion): AssembledBook {
  const exact = new Map<string, ModelPrice | null>();
  const bare = new Map<string, ModelPrice | null>();
  for (const part of version.read) {
    for (const price of partOf(tables, version, part).prices) {
      const prefix = `${price.provider}/`;
      const isFull = price.model.startsWith(prefix);
      claim(exact, isFull ? price.model : `${prefix}${price.model}`, price);
      claim(bare, price.model, price);
    }
  }
  return { exact, bare, remembered: new Map(), rememberedCount: 0 };
}

function claim(names: Map<string, ModelPrice | null>, name: string, price: ModelPrice): void {
  names.set(name, names.has(name) ? null : price);
}

function partOf(tables: BookTables, version: PriceBookVersion, part: number | undefined): PriceBook {
  const found = part === undefined ? undefined : tables.bookParts.get(partKey(version, part));
  if (found !== undefined) return found;
  throw new Error(`price book ${version.priceBookId} version ${version.version} lost part ${part}`);
}

function remember(
  book: AssembledBook,
  use: { readonly provider: string; readonly model: string },
  model: ResolvedModel,
): ResolvedModel {
  if (book.rememberedCount >= REMEMBERED_MODELS_MAX) {
    book.remembered.clear();
    book.rememberedCount = 0;
  }
  const models = book.remembered.get(use.provider) ?? new Map<string, ResolvedModel>();
  book.remembered.set(use.provider, models.set(use.model, model));
  book.rememberedCount += 1;
  return model;
}
