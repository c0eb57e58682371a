/**
 * Versions of an account and its contracts, and which of them is in force at a time.
 *
 * Boundary: one account. Whether a version may be taken at all is checked here too, because it stands for ever.
 *
 * Invariants:
 *  1. In force = the highest effectiveAt not after the time, then the highest version. Arrival order does not matter.
 *  2. A version never changes: the same one again is ignored, with other terms it is refused.
 *  3. All versions together stay within `TERMS_LIMITS`, and all amounts within `MONEY_LIMITS`.
 */
import { type Amount, ZERO } from '../../schemas/amount.ts';
import { parseTimeZone } from '../../schemas/billing-period.ts';
import { encodeBody } from '../../schemas/codec.ts';
import { parseCurrency } from '../../schemas/currency.ts';
import type { Account } from '../../schemas/generated/account.ts';
import type { Contract } from '../../schemas/generated/contract.ts';
import type { AccountTerms, ContractTerms, RatingTerms } from '../../schemas/generated/rating-terms.ts';
import type { Instant } from '../../schemas/instant.ts';
import { MONEY_LIMITS } from '../../schemas/money-limits.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';
import { ValueError } from '../../schemas/value-error.ts';

export const TERMS_LIMITS = {
  /** Versions of an account or of its contracts that are kept. */
  versionsMax: 1_000,
  /** They are one record of state, which must be written whole; a contract may have many prices. */
  bytesMax: 800_000,
  outcomePricesMax: 1_000,
} as const;

const STATUSES: readonly string[] = ['active', 'closed'];

export type TermsReceipt =
  | { readonly kind: 'known' }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly field: string; readonly message: string }
  | { readonly kind: 'taken'; readonly terms: RatingTerms };

const NO_TERMS: RatingTerms = { accounts: [], contracts: [] };

export function inForce<V extends { readonly effectiveAt: Instant }>(
  versions: readonly V[],
  at: Instant,
): V | null {
  for (let index = versions.length - 1; index >= 0; index -= 1) {
    const version = versions[index];
    if (version !== undefined && version.effectiveAt <= at) return version;
  }
  return null;
}

export function takeAccount(terms: RatingTerms | undefined, account: Account): TermsReceipt {
  const { accounts, contracts } = terms ?? NO_TERMS;
  const { version, effectiveAt, currency, timeZone, status } = account;
  const added: AccountTerms = { version, effectiveAt, currency, timeZone, status };
  const known = accounts.find((other) => other.version === version);
  const refusal = refusalOf(known, added, accounts.length) ?? faultOfAccount(account);
  if (refusal !== null) return refusal;
  return taken({ accounts: [...accounts, added].sort(byForce), contracts });
}

export function takeContract(terms: RatingTerms | undefined, contract: Contract): TermsReceipt {
  const { accounts, contracts } = terms ?? NO_TERMS;
  const { contractId, version, effectiveAt, priceBookId, usageMarkup, outcomePlan } = contract;
  const added: ContractTerms = { contractId, version, effectiveAt, priceBookId, usageMarkup, outcomePlan };
  const known = contracts.find((other) => other.contractId === contractId && other.version === version);
  const refusal = refusalOf(known, added, contracts.length) ?? faultOfContract(contract);
  if (refusal !== null) return refusal;
  return taken({ accounts, contracts: [...contracts, added].sort(byContractForce) });
}

function taken(terms: RatingTerms): TermsReceipt {
  if (encodeBody('RatingTerms', terms).length <= TERMS_LIMITS.bytesMax) return { kind: 'taken', terms };
  return refused('versions_exhausted', 'version', `more than ${TERMS_LIMITS.bytesMax} bytes of versions`);
}

function refusalOf(known: object | undefined, added: object, count: number): TermsReceipt | null {
  if (known !== undefined) {
    if (textOf(known) === textOf(added)) return { kind: 'known' };
    return refused('version_conflict', 'version', 'this version exists with other terms');
  }
  if (count < TERMS_LIMITS.versionsMax) return null;
  return refused('versions_exhausted', 'version', `more than ${TERMS_LIMITS.versionsMax} versions`);
}

function faultOfAccount(account: Account): TermsReceipt | null {
  if (!parses(() => parseCurrency(account.currency))) {
    return refused('unknown_currency', 'currency', `${account.currency} is not an active currency`);
  }
  if (!parses(() => parseTimeZone(account.timeZone))) {
    return refused('unknown_time_zone', 'timeZone', `${account.timeZone} is not an IANA time zone`);
  }
  if (!STATUSES.includes(account.status)) {
    return refused('invalid_status', 'status', `${account.status} is neither active nor closed`);
  }
  return null;
}

function faultOfContract({ usageMarkup, outcomePlan }: Contract): TermsReceipt | null {
  if (!isWithin(usageMarkup, MONEY_LIMITS.factor)) {
    return refused('invalid_value', 'usageMarkup', 'the markup is not between 0 and 10000');
  }
  if (outcomePlan === null) return null;
  const { baseFee, includedOutcomes, overageFactor, prices } = outcomePlan;
  const amounts = [baseFee, ...prices.flatMap(({ price, baseRate }) => [price, baseRate])];
  const isFactor = isWithin(overageFactor, MONEY_LIMITS.factor);
  if (includedOutcomes < 0 || !isFactor || !amounts.every((amount) => isWithin(amount, MONEY_LIMITS.plan))) {
    return refused('invalid_value', 'outcomePlan', 'a number of the plan is negative or beyond measure');
  }
  if (prices.length > TERMS_LIMITS.outcomePricesMax) {
    return refused(
      'invalid_value',
      'outcomePlan',
      `more than ${TERMS_LIMITS.outcomePricesMax} outcome types`,
    );
  }
  const types = new Set(prices.map(({ outcomeType }) => outcomeType));
  if (types.size === prices.length) return null;
  return refused('invalid_value', 'outcomePlan', 'an outcome type has two prices');
}

function isWithin(amount: Amount, most: Amount): boolean {
  return amount >= ZERO && amount <= most;
}

function byForce(left: AccountTerms, right: AccountTerms): number {
  return left.effectiveAt - right.effectiveAt || left.version - right.version;
}

function byContractForce(left: ContractTerms, right: ContractTerms): number {
  return (
    left.effectiveAt - right.effectiveAt ||
    left.version - right.version ||
    (left.contractId < right.contractId ? -1 : 1)
  );
}

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof ValueError) return false;
    throw error;
  }
}

function refused(code: RefusalCode, field: string, message: string): TermsReceipt {
  return { kind: 'refused', code, field, message };
}

function textOf(value: object): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));
}
