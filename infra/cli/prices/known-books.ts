/**
 * The price books on the log, from one partition, because every partition has a copy of all.
 */
import { formatAmount } from '../../../schemas/amount.ts';
import type { ModelPrice, PriceBook } from '../../../schemas/generated/price-book.ts';
import type { Instant } from '../../../schemas/instant.ts';
import { decode, type Source, scan } from '../topic-scan.ts';

export interface KnownVersion {
  readonly priceBookId: string;
  readonly version: number;
  readonly purpose: string;
  readonly currency: string;
  readonly effectiveAt: Instant;
  readonly parts: number;
  readonly partsRead: number;
  /** By provider and model: its rates as text, to be compared. */
  readonly models: ReadonlyMap<string, string>;
}

/** All versions of one book, or of every book; the order is that of the log. */
export async function readBooks(
  source: Source,
  priceBookId: string | null,
): Promise<readonly KnownVersion[]> {
  const parts = new Map<string, PriceBook[]>();
  await scan(source, [{ topic: 'price-books', partition: 0 }], {
    visit(record) {
      const decoded = decode(source.directory, 'PriceBook', record);
      if (!decoded.ok || (priceBookId !== null && decoded.value.priceBookId !== priceBookId)) return;
      const key = `${decoded.value.priceBookId}/${decoded.value.version}`;
      parts.set(key, [...(parts.get(key) ?? []), decoded.value]);
    },
  });
  return [...parts.values()].flatMap((found) => {
    const [first] = found;
    if (first === undefined) return [];
    const { purpose, currency, effectiveAt, version } = first;
    const models = modelTexts(found.flatMap(({ prices }) => prices));
    const partsRead = new Set(found.map(({ part }) => part)).size;
    return [
      {
        priceBookId: first.priceBookId,
        version,
        purpose,
        currency,
        effectiveAt,
        parts: first.parts,
        partsRead,
        models,
      },
    ];
  });
}

export function modelTexts(prices: readonly ModelPrice[]): ReadonlyMap<string, string> {
  return new Map(
    prices.map(({ provider, model, rates }) => [
      `${provider} ${model}`,
      rates
        .map(
          (rate) =>
            `${rate.tokenClass}/${rate.serviceTier}/${rate.abovePromptTokens}/${rate.boundaryIncluded} ${formatAmount(rate.pricePerToken)}`,
        )
        .sort()
        .join(', '),
    ]),
  );
}

export interface BookDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly { readonly model: string; readonly before: string; readonly after: string }[];
}

export function differenceOf(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): BookDifference {
  const changed = [...after].flatMap(([model, text]) => {
    const old = before.get(model);
    return old === undefined || old === text ? [] : [{ model, before: old, after: text }];
  });
  return {
    added: [...after.keys()].filter((model) => !before.has(model)),
    removed: [...before.keys()].filter((model) => !after.has(model)),
    changed,
  };
}
