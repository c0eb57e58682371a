/**
 * Which charges a paced run must lead to, and on which invoice each must stand.
 *
 * Boundary: the auditor's own reading of the rules. In a stage stream time stands still, so all charges of a stage for
 * one month of use go to one invoice, whatever their order.
 */
import type { OutcomePlan } from '../../../schemas/generated/contract.ts';
import { divided, monthOf, nextMonth, UNIT } from './arithmetic.ts';
import type { ExpectedDecision } from './expect-outcomes.ts';
import type { ExpectedUse } from './expect-uses.ts';
import type { AuditInput } from './input.ts';

const GRACE_MS = 6 * 3_600_000;

export interface ExpectedCharge {
  readonly accountId: string;
  readonly lineClass: 'usage' | 'outcome' | 'fee';
  readonly costCentre: string;
  readonly amount: bigint;
  readonly occurredAt: number;
  readonly stage: number;
  /** How many charge records make it up. */
  readonly records: number;
}

export interface ExpectedLine {
  readonly accountId: string;
  readonly month: string;
  readonly lineClass: string;
  amount: bigint;
  records: number;
}

export function expectCharges(
  input: AuditInput,
  accepted: ReadonlyMap<string, ExpectedUse>,
  decisions: ReadonlyMap<string, ExpectedDecision>,
): readonly ExpectedCharge[] {
  const charges: ExpectedCharge[] = [];
  for (const { use, charge } of accepted.values()) {
    if (charge === null) continue;
    const { accountId, costCentre, occurredAt } = use;
    charges.push({ accountId, lineClass: 'usage', costCentre, occurredAt, ...charge, records: 1 });
  }
  return [...charges, ...feesOf(input), ...outcomesOf(input, decisions)];
}

/** By account, month and class of the line. */
export function expectLines(
  input: AuditInput,
  charges: readonly ExpectedCharge[],
): ReadonlyMap<string, ExpectedLine> {
  const lines = new Map<string, ExpectedLine>();
  for (const { accountId, lineClass, amount, occurredAt, stage, records } of charges) {
    const month = invoiceMonth(zoneOf(input, accountId), occurredAt, input.streamTimes[stage] ?? null);
    const key = `${accountId} ${month} ${lineClass}`;
    const line = lines.get(key) ?? { accountId, month, lineClass, amount: 0n, records: 0 };
    line.amount += amount;
    line.records += records;
    lines.set(key, line);
  }
  return lines;
}

/** Whether a month is over, grace included. */
export function isClosed(zone: string, month: string, streamTime: number | null): boolean {
  return streamTime !== null && monthOf(streamTime - GRACE_MS, zone) > month;
}

function invoiceMonth(zone: string, occurredAt: number, streamTime: number | null): string {
  const used = monthOf(occurredAt, zone);
  return streamTime !== null && isClosed(zone, used, streamTime) ? monthOf(streamTime, zone) : used;
}

export function zoneOf(input: AuditInput, accountId: string): string {
  return input.accounts.get(accountId)?.value.timeZone ?? 'UTC';
}

/** One base fee for each month from the contract's first to that of the last tick. */
function feesOf(input: AuditInput): readonly ExpectedCharge[] {
  const charges: ExpectedCharge[] = [];
  for (const { value: contract, stage: contractStage } of input.contracts.values()) {
    const account = input.accounts.get(contract.accountId);
    const amount = contract.outcomePlan?.baseFee ?? 0n;
    if (account === undefined || amount === 0n) continue;
    const zone = account.value.timeZone;
    const known = Math.max(account.stage, contractStage);
    const first = monthOf(contract.effectiveAt, zone);
    for (
      let month = first;
      month === first || month <= monthOf(input.lastTick, zone);
      month = nextMonth(month)
    ) {
      const begun = input.streamTimes.findIndex(
        (time, at) => at >= known && time !== null && time !== undefined && monthOf(time, zone) >= month,
      );
      const stage = month === first ? known : begun;
      if (stage < 0) break;
      // Anything in the month will do for its time: only the month counts.
      const occurredAt = middleOf(month);
      const { accountId } = contract;
      charges.push({
        accountId,
        lineClass: 'fee',
        costCentre: 'unassigned',
        amount,
        occurredAt,
        stage,
        records: 1,
      });
    }
  }
  return charges;
}

function middleOf(month: string): number {
  return Date.parse(`${month}-15T12:00:00Z`);
}

function outcomesOf(
  input: AuditInput,
  decisions: ReadonlyMap<string, ExpectedDecision>,
): readonly ExpectedCharge[] {
  const charges: ExpectedCharge[] = [];
  const counted = new Map<string, string[]>();
  for (const { claim, bucket, basis, stage } of [...decisions.values()].sort((a, b) => a.stage - b.stage)) {
    const { accountId, outcomeType, claimedAt } = claim;
    const account = input.accounts.get(accountId);
    const contract = input.contracts.get(accountId);
    const plan = contract?.value.outcomePlan ?? null;
    if (bucket !== 'auto' || account === undefined || contract === undefined || plan === null) continue;
    if (contract.value.effectiveAt > claimedAt || account.value.effectiveAt > claimedAt) continue;
    const price = plan.prices.find((known) => known.outcomeType === outcomeType);
    if (price === undefined) continue;
    let amount: bigint = price.baseRate;
    if (basis === 'verification') {
      const key = `${accountId} ${monthOf(claimedAt, account.value.timeZone)}`;
      const before = counted.get(key) ?? [];
      const after = [...before, outcomeType];
      counted.set(key, after);
      amount = owed(plan, after) - owed(plan, before);
    }
    charges.push({
      accountId,
      lineClass: 'outcome',
      costCentre: claim.costCentre ?? 'unassigned',
      amount,
      occurredAt: claimedAt,
      stage: Math.max(stage, account.stage, contract.stage),
      records: 1,
    });
  }
  return charges;
}

/** The allowance covers the dearest outcomes; each of the others costs its price times the factor. */
function owed(plan: OutcomePlan, types: readonly string[]): bigint {
  const prices = types.map(
    (type) => plan.prices.find(({ outcomeType }) => outcomeType === type)?.price ?? 0n,
  );
  const payable = [...prices].sort((a, b) => (a > b ? -1 : 1)).slice(plan.includedOutcomes);
  return payable.reduce((sum: bigint, price) => sum + divided(price * plan.overageFactor, UNIT), 0n);
}
