/**
 * What must become of every use: accepted or refused, at which price, and in which stage the price was known.
 *
 * Boundary: the auditor's own reading of the rules, in plain loops; no code of the services.
 */
import type { PriceBook, TokenRate } from '../../../schemas/generated/price-book.ts';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import { divided, UNIT } from './arithmetic.ts';
import type { AuditInput, Staged } from './input.ts';

const DAY_MS = 86_400_000;
const KINDS = ['model', 'tool', 'gpu', 'retrieval', 'judge', 'human_review', 'observability'];
const FROM_2020 = Date.UTC(2020, 0, 1);

/** What somebody owes for a use, and since which stage that can be known. */
export interface Price {
  readonly amount: bigint;
  readonly stage: number;
}

export interface ExpectedUse {
  readonly use: UsageEvent;
  readonly stage: number;
  /** Null where nothing that was sent prices it. */
  readonly charge: Price | null;
  readonly cost: Price | null;
}

export interface ExpectedUses {
  /** By account and request id. */
  readonly accepted: ReadonlyMap<string, ExpectedUse>;
  /** Refusals and dead letters of usage-events by code. */
  readonly refused: ReadonlyMap<string, number>;
}

export function useKey(accountId: string, requestId: string | null): string {
  return `${accountId} ${requestId}`;
}

export function expectUses(input: AuditInput): ExpectedUses {
  const accepted = new Map<string, ExpectedUse>();
  const refused = new Map<string, number>();
  const refuse = (code: string): void => void refused.set(code, (refused.get(code) ?? 0) + 1);
  for (const code of input.unreadable) refuse(code);
  for (const { value: use, stage, appendedAt } of input.uses) {
    const key = useKey(use.accountId, use.requestId);
    const first = accepted.get(key);
    const fault = faultOf(use, appendedAt);
    if (fault !== null) refuse(fault);
    else if (first !== undefined) refuse(isSame(first.use, use) ? 'duplicate' : 'conflict');
    else
      accepted.set(key, { use, stage, charge: chargeOf(input, use, stage), cost: costOf(input, use, stage) });
  }
  return { accepted, refused };
}

function faultOf(use: UsageEvent, appendedAt: number): string | null {
  if (use.costCentre.trim() === '') return 'missing_tag';
  if (!KINDS.includes(use.kind)) return 'invalid_kind';
  if (use.outputTokens < 0) return 'negative_count';
  if (use.cacheReadTokens + use.cacheWriteTokens > use.inputTokens) return 'cached_tokens_exceed_input';
  if (use.occurredAt < FROM_2020) return 'timestamp_implausible';
  if (use.occurredAt > appendedAt + 5 * 60_000) return 'timestamp_in_future';
  if (!use.backfill && use.occurredAt < appendedAt - 35 * DAY_MS) return 'timestamp_too_old';
  return null;
}

function isSame(a: UsageEvent, b: UsageEvent): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function chargeOf(input: AuditInput, use: UsageEvent, stage: number): Price | null {
  const account = input.accounts.get(use.accountId);
  const contract = input.contracts.get(use.accountId);
  if (account === undefined || account.value.effectiveAt > use.occurredAt) return null;
  if (contract === undefined || contract.value.effectiveAt > use.occurredAt) return null;
  const { priceBookId, usageMarkup } = contract.value;
  const books = input.books.filter(
    ({ value }) => value.purpose === 'customer' && value.priceBookId === priceBookId,
  );
  const found = priceIn(books, use, usageMarkup);
  return found && { ...found, stage: Math.max(stage, found.stage, account.stage, contract.stage) };
}

function costOf(input: AuditInput, use: UsageEvent, stage: number): Price | null {
  const found = priceIn(
    input.books.filter(({ value }) => value.purpose === 'cost'),
    use,
    UNIT,
  );
  return found && { ...found, stage: Math.max(stage, found.stage) };
}

/** The first version that came and prices the use; versions of one book agree on what both price. */
function priceIn(books: readonly Staged<PriceBook>[], use: UsageEvent, markup: bigint): Price | null {
  for (const { value: book, stage } of books) {
    if (book.effectiveAt > use.occurredAt) continue;
    const model = book.prices.find(({ provider, model }) => provider === use.provider && model === use.model);
    const rates = model?.rates.filter(({ serviceTier }) => serviceTier === use.serviceTier) ?? [];
    const amount = rates.length === 0 ? null : amountOf(rates, use, markup);
    if (amount !== null) return { amount, stage };
  }
  return null;
}

function amountOf(rates: readonly TokenRate[], use: UsageEvent, markup: bigint): bigint | null {
  const rateOf = (name: string): bigint | null => {
    const stated = rates
      .filter(({ tokenClass }) => tokenClass === name)
      .filter(({ abovePromptTokens: above }) => above === 0 || use.inputTokens > above)
      .sort((a, b) => b.abovePromptTokens - a.abovePromptTokens);
    return stated[0]?.pricePerToken ?? null;
  };
  const cached = rateOf('cache_read');
  const parts: readonly (readonly [number, bigint | null])[] = [
    [use.inputTokens - (cached === null ? 0 : use.cacheReadTokens), rateOf('input')],
    [cached === null ? 0 : use.cacheReadTokens, cached],
    [use.outputTokens, rateOf('output')],
  ];
  let sum = 0n;
  for (const [count, rate] of parts) {
    if (count === 0) continue;
    if (rate === null) return null;
    sum += divided(BigInt(count) * rate * markup, UNIT);
  }
  return sum;
}
