/**
 * `ledger prices import` and `ledger prices list`: price books from the LiteLLM map, their versions and differences (C1).
 *
 * Invariants:
 *  1. Every model of the file is either in the book or named with the reason why not; no price is rounded or guessed.
 *  2. A version is never written again with other prices; the next number is taken unless one is given.
 *  3. All parts of a version are written in one transaction.
 */
import { formatInstant, type Instant } from '../../../schemas/instant.ts';
import { type ImportedPrices, importLitellmMap } from '../../../services/pricing/litellm-map.ts';
import { splitPriceBook } from '../../../services/pricing/price-book-parts.ts';
import { Publisher } from '../../../topology/publisher.ts';
import { subjectsOfTopics } from '../../../topology/subjects.ts';
import { dataError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { table } from '../output.ts';
import { differenceOf, type KnownVersion, modelTexts, readBooks } from '../prices/known-books.ts';
import { type ImportData, renderImport } from '../prices/render-import.ts';
import { EXIT, type Report } from '../report.ts';

export interface ImportPricesOptions {
  readonly map: unknown;
  readonly book: string;
  /** The one after the newest on the log when null. */
  readonly version: number | null;
  readonly purpose: 'cost' | 'customer';
  readonly currency: string;
  /** Now when null. */
  readonly effectiveAt: Instant | null;
  readonly dryRun: boolean;
  /** Names everything instead of the first few of each reason. */
  readonly list: boolean;
}

type PricesContext = Pick<Context, 'source' | 'directory' | 'now'>;

export async function importPrices(context: PricesContext, options: ImportPricesOptions): Promise<Report> {
  const imported = importLitellmMap(options.map);
  const source = await context.source();
  const versions = await readBooks(source, options.book);
  const newest = versions.toSorted((a, b) => b.version - a.version)[0] ?? null;
  const version = versionFor(options, newest);
  const effectiveAt = options.effectiveAt ?? context.now();
  const { book: priceBookId, purpose, currency, dryRun } = options;
  const parts = splitPriceBook({
    priceBookId,
    version,
    purpose,
    currency,
    effectiveAt,
    prices: imported.prices,
  });
  if (!dryRun) await publishParts(context, parts);
  const data: ImportData = {
    book: priceBookId,
    version,
    effectiveAt: formatInstant(effectiveAt),
    published: !dryRun,
    parts: parts.length,
    expressed: imported.prices.length,
    difference: differenceOf(newest?.models ?? new Map(), modelTexts(imported.prices)),
    previousVersion: newest?.version ?? null,
    ...unexpressed(imported),
  };
  return { data, exitCode: EXIT.ok, render: () => renderImport(data, options.list) };
}

export async function listPrices(context: Pick<Context, 'source'>, book: string | null): Promise<Report> {
  const versions = (await readBooks(await context.source(), book)).map((version) => ({
    book: version.priceBookId,
    version: version.version,
    purpose: version.purpose,
    currency: version.currency,
    effectiveAt: formatInstant(version.effectiveAt),
    models: version.models.size,
    complete: version.partsRead === version.parts,
  }));
  const columns = [
    { head: 'book' },
    { head: 'version', align: 'right' },
    { head: 'purpose' },
    { head: 'currency' },
    { head: 'effective at' },
    { head: 'models', align: 'right' },
    { head: '' },
  ] as const;
  const render = (): string =>
    versions.length === 0
      ? 'No price book is on the log yet; `ledger prices import` brings one.'
      : table(
          columns,
          versions.map((each) => [
            each.book,
            String(each.version),
            each.purpose,
            each.currency,
            each.effectiveAt,
            String(each.models),
            each.complete ? '' : 'parts missing',
          ]),
        );
  return { data: { versions }, exitCode: EXIT.ok, render };
}

function versionFor({ version, book }: ImportPricesOptions, newest: KnownVersion | null): number {
  const next = (newest?.version ?? 0) + 1;
  if (version === null || version >= next) return version ?? next;
  throw dataError(
    'version_exists',
    `${book} has version ${newest?.version} already`,
    `Use --version ${next} or leave it out.`,
  );
}

async function publishParts(context: PricesContext, parts: ReturnType<typeof splitPriceBook>): Promise<void> {
  const { log } = await context.source();
  const publisher = await Publisher.open({
    log,
    directory: await context.directory(subjectsOfTopics(['price-books'])),
    source: '/outcome-ledger/cli',
    transactionalId: 'ledger-cli',
    transactor: 'per_call',
  });
  try {
    await publisher.publishCopies(parts.map((value) => ({ topic: 'price-books', value })));
  } finally {
    await publisher.close();
  }
}

/** Models and fields that could not be expressed, by reason. */
function unexpressed({ inexpressible, skipped }: ImportedPrices): Pick<ImportData, 'skipped' | 'fields'> {
  const models = Map.groupBy(skipped, ({ reason }) => reason);
  const fields = Map.groupBy(inexpressible, ({ reason }) => reason);
  return {
    skipped: [...models].map(([reason, each]) => ({ reason, models: each.map(({ model }) => model) })),
    fields: [...fields].map(([reason, each]) => ({
      reason,
      fields: each.map(({ model, field, value }) => `${model} ${field} = ${value}`),
    })),
  };
}
