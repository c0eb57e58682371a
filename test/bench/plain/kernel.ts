/**
 * The rating of uses as a careful Node program does it without a framework: avsc, a Map of ids, decimal.js, JSON.
 *
 * It does what the real path does, no more: reads the record, compares its key, checks the use, drops repeats, finds
 * account, contract and price, and writes the charge. Everything is written for speed as far as plain code goes:
 * prices are parsed once and ids are compared by their bytes.
 */

import { formatAmount } from '../../../schemas/amount.ts';
import type { Account } from '../../../schemas/generated/account.ts';
import type { Contract } from '../../../schemas/generated/contract.ts';
import type { PriceBook } from '../../../schemas/generated/price-book.ts';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import type { LogRecord } from '../../../topology/log.ts';
import { plainType } from './avro.ts';
import { MONEY_DECIMALS, Money, moneyText } from './money.ts';

const FRAME_BYTES = 5;
const DAY_MS = 86_400_000;
const AGE_MAX_MS = 35 * DAY_MS;
const AHEAD_MAX_MS = 300_000;
const PLAUSIBLE_FROM = Date.UTC(2020, 0, 1);
const COUNT_MAX = 1e12;
const ACCOUNT_ID = /^[A-Za-z0-9._:-]{1,128}$/;
const VISIBLE = /^[\x21-\x7e]{1,256}$/;
const KINDS = new Set(['model', 'tool', 'gpu', 'retrieval', 'judge', 'human_review', 'observability']);
const TIERS = new Set(['standard', 'priority', 'flex', 'batch']);
const CACHE_STATES = new Set(['hit', 'miss', 'bypass', 'none']);

export interface PlainReference {
  readonly accounts: readonly Account[];
  readonly contracts: readonly Contract[];
  readonly books: readonly PriceBook[];
}

/** What became of a record: the charge as JSON, or why there is none. */
export type PlainVerdict =
  | { readonly kind: 'charge'; readonly json: string }
  | { readonly kind: 'refused'; readonly code: string };

interface Prices {
  readonly input: Money;
  readonly cacheRead: Money | null;
  readonly output: Money;
}

interface ModelPrices {
  readonly base: Prices;
  readonly long: { readonly above: number; readonly prices: Prices } | null;
}

interface Book {
  readonly book: PriceBook;
  readonly models: ReadonlyMap<string, ModelPrices>;
}

interface Terms {
  readonly account: Account;
  readonly contract: Contract;
  readonly markup: Money | null;
}

export class PlainKernel {
  readonly #type = plainType('UsageEvent');
  readonly #terms: ReadonlyMap<string, Terms>;
  readonly #books: ReadonlyMap<string, Book>;
  #seen = new Map<string, Buffer>();

  constructor({ accounts, contracts, books }: PlainReference) {
    const contractOf = new Map(contracts.map((contract) => [contract.accountId, contract]));
    this.#terms = new Map(
      accounts.flatMap((account): [string, Terms][] => {
        const contract = contractOf.get(account.accountId);
        if (contract === undefined) return [];
        const markup = new Money(formatAmount(contract.usageMarkup));
        return [[account.accountId, { account, contract, markup: markup.eq(1) ? null : markup }]];
      }),
    );
    const ofCustomers = books.filter(({ purpose }) => purpose === 'customer');
    this.#books = new Map(ofCustomers.map((book) => [book.priceBookId, { book, models: modelsOf(book) }]));
  }

  forget(): void {
    this.#seen = new Map();
  }

  take(record: LogRecord): PlainVerdict {
    if (record.value === null || record.key === null) return { kind: 'refused', code: 'missing' };
    const body = record.value.subarray(FRAME_BYTES);
    const use: UsageEvent = this.#type.fromBuffer(body);
    const problem =
      record.key.toString() === use.accountId ? problemOf(use, record.appendedAt) : 'key_mismatch';
    if (problem !== null) return { kind: 'refused', code: problem };
    const id = `${use.accountId}/${use.requestId}`;
    const seen = this.#seen.get(id);
    if (seen !== undefined) return { kind: 'refused', code: seen.equals(body) ? 'duplicate' : 'conflict' };
    this.#seen.set(id, body);
    return { kind: 'charge', json: JSON.stringify(this.#charge(use, record)) };
  }

  #charge(use: UsageEvent, record: LogRecord): object {
    const terms = this.#terms.get(use.accountId);
    if (
      terms === undefined ||
      terms.account.effectiveAt > use.occurredAt ||
      terms.contract.effectiveAt > use.occurredAt
    ) {
      throw new Error(`the bench has terms for every account, not for ${use.accountId}`);
    }
    const { account, contract, markup } = terms;
    const book = this.#books.get(contract.priceBookId);
    const model = book?.models.get(`${use.provider}/${use.model}`);
    const components = model === undefined ? [] : componentsOf(use, model, markup);
    let amount = new Money(0);
    for (const component of components) amount = amount.plus(component.amount);
    const { topic, partition, offset } = record;
    return {
      chargeId: `use:${use.requestId}`,
      accountId: use.accountId,
      kind: 'usage',
      status: model === undefined ? 'suspense' : 'rated',
      lineClass: 'usage',
      requestId: use.requestId,
      decisionId: null,
      amends: null,
      amount: moneyText(amount),
      currency: account.currency,
      components: components.map(({ item, quantity, unitPrice, amount: ofItem }) => ({
        item,
        quantity,
        unitPrice: moneyText(unitPrice),
        amount: moneyText(ofItem),
      })),
      contractId: contract.contractId,
      contractVersion: contract.version,
      priceBookId: contract.priceBookId,
      priceBookVersion: model === undefined ? null : (book?.book.version ?? null),
      suspenseReason: model === undefined ? 'price_missing' : null,
      projectId: use.projectId,
      costCentre: use.costCentre,
      apiKeyId: use.apiKeyId,
      provider: use.provider,
      model: use.model,
      occurredAt: use.occurredAt,
      recordedAt: record.appendedAt,
      cause: { topic, partition, offset },
    };
  }
}

interface Component {
  readonly item: string;
  readonly quantity: number;
  readonly unitPrice: Money;
  readonly amount: Money;
}

function componentsOf(use: UsageEvent, model: ModelPrices, markup: Money | null): readonly Component[] {
  const isLong = model.long !== null && use.inputTokens > model.long.above;
  const prices = isLong && model.long !== null ? model.long.prices : model.base;
  const cached = prices.cacheRead === null ? 0 : use.cacheReadTokens;
  const lines: readonly (readonly [string, number, Money | null])[] = [
    ['input', use.inputTokens - cached, prices.input],
    ['cache_read', cached, prices.cacheRead],
    ['output', use.outputTokens, prices.output],
  ];
  return lines.flatMap(([item, quantity, unitPrice]): Component[] => {
    if (quantity === 0 || unitPrice === null) return [];
    const amount = unitPrice.times(quantity);
    if (markup === null) return [{ item, quantity, unitPrice, amount }];
    return [
      { item, quantity, unitPrice: rounded(unitPrice.times(markup)), amount: rounded(amount.times(markup)) },
    ];
  });
}

function rounded(money: Money): Money {
  return money.toDecimalPlaces(MONEY_DECIMALS);
}

function modelsOf(book: PriceBook): ReadonlyMap<string, ModelPrices> {
  return new Map(
    book.prices.map(({ provider, model, rates }): [string, ModelPrices] => {
      const at = (above: number): Prices => {
        const price = (tokenClass: string): Money | null => {
          const rate = rates.find(
            (each) => each.tokenClass === tokenClass && each.abovePromptTokens === above,
          );
          return rate === undefined ? null : new Money(formatAmount(rate.pricePerToken));
        };
        return {
          input: price('input') ?? new Money(0),
          cacheRead: price('cache_read'),
          output: price('output') ?? new Money(0),
        };
      };
      const above = Math.max(...rates.map(({ abovePromptTokens }) => abovePromptTokens));
      return [`${provider}/${model}`, { base: at(0), long: above > 0 ? { above, prices: at(above) } : null }];
    }),
  );
}

/** The first thing that is wrong with a use, in the order in which it is said to producers. */
function problemOf(use: UsageEvent, appendedAt: number): string | null {
  if (!ACCOUNT_ID.test(use.accountId)) return 'invalid_id';
  const ids = [use.requestId, use.apiKeyId, use.projectId, use.sessionId, use.sourceId];
  if (ids.some((id) => id !== null && !VISIBLE.test(id))) return 'invalid_id';
  if (use.traceId !== '' && !VISIBLE.test(use.traceId)) return 'invalid_id';
  const tags = [
    use.traceId,
    use.businessUnit,
    use.costCentre,
    use.useCase,
    use.workflowStep,
    use.riskTier,
    use.environment,
    use.userRole,
    use.routePolicyVersion,
    use.cacheStatus,
    use.provider,
    use.model,
  ];
  if (tags.some((tag) => tag.trim() === '') || use.businessOutcomeId?.trim() === '') return 'missing_tag';
  if (!KINDS.has(use.kind)) return 'invalid_kind';
  if (use.status !== 'success' && use.status !== 'error') return 'invalid_status';
  if (!TIERS.has(use.serviceTier) || !CACHE_STATES.has(use.cacheStatus)) return 'invalid_value';
  if (tags.some((tag) => tag.length > 1_024 || !tag.isWellFormed())) return 'invalid_value';
  const counts = [
    use.inputTokens,
    use.outputTokens,
    use.cacheReadTokens,
    use.cacheWriteTokens,
    use.reasoningTokens,
    use.calls,
    use.characters,
    use.gpuMillis,
    use.latencyMs,
  ];
  if (counts.some((count) => count < 0)) return 'negative_count';
  if (counts.some((count) => count > COUNT_MAX)) return 'count_out_of_range';
  if (use.cacheReadTokens + use.cacheWriteTokens > use.inputTokens) return 'cached_tokens_exceed_input';
  if (use.reasoningTokens > use.outputTokens) return 'reasoning_tokens_exceed_output';
  if (use.occurredAt < PLAUSIBLE_FROM) return 'timestamp_implausible';
  if (use.occurredAt - appendedAt > AHEAD_MAX_MS) return 'timestamp_in_future';
  if (!use.backfill && appendedAt - use.occurredAt > AGE_MAX_MS) return 'timestamp_too_old';
  return null;
}
