/**
 * Base fees: one per account and billing period (R1).
 *
 * Job: which fees are due, and how far the schedule of an account is afterwards. Boundary: no proration; a change of
 * contract within a period shows in the next one.
 *
 * Invariants:
 *  1. The first fee is that of the period in which the first contract takes force, as soon as account and contract are
 *     known; each later one falls due when stream time reaches the start of its period, in order, none left out.
 *  2. A period is charged once, by the contract version in force at its start, or the first of the account where none
 *     was. A version that arrives later changes nothing already charged.
 *  3. At most `FEES_PER_INPUT_MAX` per input; the rest is due at the next clock tick.
 */
import { ZERO } from '../../schemas/amount.ts';
import { type BillingPeriod, billingPeriodOf } from '../../schemas/billing-period.ts';
import type { Charge } from '../../schemas/generated/charge.ts';
import type { FeeSchedule } from '../../schemas/generated/rating-fee-schedule.ts';
import type { AccountTerms, ContractTerms, RatingTerms } from '../../schemas/generated/rating-terms.ts';
import { type AccountId, parseAccountId } from '../../schemas/ids.ts';
import type { Instant } from '../../schemas/instant.ts';
import type { Origin, RatingTables } from './model.ts';
import { inForce } from './terms.ts';

export const FEES_PER_INPUT_MAX = 1_000;

/** One step of an account's schedule; `fee` is null where the period costs nothing. */
export interface DueFee {
  readonly accountId: AccountId;
  readonly schedule: FeeSchedule;
  readonly fee: Fee | null;
}

interface Fee {
  readonly account: AccountTerms;
  readonly contract: ContractTerms;
  readonly period: BillingPeriod;
}

/** The fee that starts the schedule, once account and contract are known; null before, and ever after. */
export function firstFee(
  tables: Pick<RatingTables, 'fees'>,
  accountId: AccountId,
  terms: RatingTerms,
): DueFee | null {
  const contract = terms.contracts[0];
  if (contract === undefined || tables.fees.get(accountId) !== undefined) return null;
  return feeAt({ accountId, terms, at: contract.effectiveAt, lastPeriod: '' });
}

/** Fees whose period has begun, of all accounts of the task. */
export function dueFees(tables: Pick<RatingTables, 'fees' | 'terms'>, now: Instant): readonly DueFee[] {
  const found: DueFee[] = [];
  for (const key of tables.fees.due(now)) {
    const terms = tables.terms.get(key);
    let schedule = tables.fees.get(key);
    while (terms !== undefined && schedule !== undefined && schedule.nextAt <= now) {
      if (found.length >= FEES_PER_INPUT_MAX) return found;
      const { nextAt, lastPeriod } = schedule;
      const due = feeAt({ accountId: parseAccountId(key), terms, at: nextAt, lastPeriod });
      if (due === null) break;
      found.push(due);
      schedule = due.schedule;
    }
  }
  return found;
}

export function feeCharge({ accountId, fee }: DueFee, origin: Origin): Charge | null {
  const baseFee = fee?.contract.outcomePlan?.baseFee ?? ZERO;
  if (fee === null || baseFee === ZERO) return null;
  const { account, contract, period } = fee;
  return {
    chargeId: `fee:${contract.contractId}:${period.period}`,
    accountId,
    kind: 'base_fee',
    status: 'rated',
    lineClass: 'fee',
    requestId: null,
    decisionId: null,
    amends: null,
    amount: baseFee,
    currency: account.currency,
    components: [{ item: 'base_fee', quantity: 1, unitPrice: baseFee, amount: baseFee }],
    contractId: contract.contractId,
    contractVersion: contract.version,
    priceBookId: null,
    priceBookVersion: null,
    suspenseReason: null,
    projectId: null,
    costCentre: null,
    apiKeyId: null,
    provider: null,
    model: null,
    occurredAt: period.start,
    recordedAt: origin.recordedAt,
    cause: origin.cause,
  };
}

interface Schedule {
  readonly accountId: AccountId;
  readonly terms: RatingTerms;
  readonly at: Instant;
  readonly lastPeriod: string;
}

/**
 * The fee of the period that contains `at`. Where the account has moved to another time zone, that period may be one
 * that was charged already; then only the schedule moves on.
 */
function feeAt({ accountId, terms, at, lastPeriod }: Schedule): DueFee | null {
  const account = inForce(terms.accounts, at) ?? terms.accounts[0];
  if (account === undefined) return null;
  const period = billingPeriodOf(at, account.timeZone);
  const contract = inForce(terms.contracts, period.start) ?? terms.contracts[0];
  if (contract === undefined) return null;
  const isNew = period.period > lastPeriod;
  const schedule = { nextAt: period.end, lastPeriod: isNew ? period.period : lastPeriod };
  const isOwed = isNew && account.status !== 'closed';
  return { accountId, schedule, fee: isOwed ? { account, contract, period } : null };
}
