/** R2, R10 and R15: every accepted use is charged once, at its price and no other; everything else is refused once. */
import type { Charge } from '../../../schemas/generated/charge.ts';
import type { CostEvent } from '../../../schemas/generated/cost-event.ts';
import { type ExpectedUse, type ExpectedUses, type Price, useKey } from './expect-uses.ts';
import type { Outputs } from './outputs.ts';

export type Report = (invariant: string, message: string) => void;

/** A charge or a cost event, as far as they are alike. */
interface Priced {
  readonly isSuspended: boolean;
  readonly isBackfill: boolean;
  readonly amount: bigint;
}

export function checkUses({ accepted, refused }: ExpectedUses, outputs: Outputs, report: Report): void {
  const charges = grouped(
    outputs.charges.filter(({ lineClass }) => lineClass === 'usage'),
    ofCharge,
  );
  const costs = grouped(outputs.costs, ofCost);
  compare('charge', accepted, { found: charges, priceOf: ({ charge }) => charge }, report);
  compare('cost', accepted, { found: costs, priceOf: ({ cost }) => cost }, report);
  for (const code of new Set([...refused.keys(), ...outputs.refusedUses.keys()])) {
    const [sent, kept] = [refused.get(code) ?? 0, outputs.refusedUses.get(code) ?? 0];
    if (sent !== kept) report('R10', `${code}: ${sent} uses had to be refused, ${kept} are recorded`);
  }
}

function ofCharge({ status, amends, amount }: Charge): Priced {
  return { isSuspended: status === 'suspense', isBackfill: amends !== null, amount };
}

function ofCost({ costStatus, amends, amount }: CostEvent): Priced {
  return { isSuspended: costStatus === 'suspense', isBackfill: amends !== null, amount };
}

function grouped<R extends { readonly accountId: string; readonly requestId: string | null }>(
  records: readonly R[],
  pricedOf: (record: R) => Priced,
): ReadonlyMap<string, readonly Priced[]> {
  const groups = new Map<string, Priced[]>();
  for (const record of records) {
    const key = useKey(record.accountId, record.requestId);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [pricedOf(record)]);
    else group.push(pricedOf(record));
  }
  return groups;
}

function compare(
  kind: string,
  accepted: ReadonlyMap<string, ExpectedUse>,
  side: {
    readonly found: ReadonlyMap<string, readonly Priced[]>;
    readonly priceOf: (use: ExpectedUse) => Price | null;
  },
  report: Report,
): void {
  for (const [key, expected] of accepted) {
    const records = side.found.get(key) ?? [];
    const firsts = records.filter(({ isBackfill }) => !isBackfill);
    if (firsts.length !== 1) {
      report('R2', `${kind} of ${key}: ${firsts.length} records, not 1`);
      continue;
    }
    checkPrice(`${kind} of ${key}`, records, { price: side.priceOf(expected), report });
  }
  for (const key of side.found.keys()) {
    if (!accepted.has(key)) report('R2', `${kind} of ${key}: nobody may be charged for this use`);
  }
}

/** Rated at once, or in suspense with nothing owed and completed once when the price came; nothing in between. */
function checkPrice(
  name: string,
  records: readonly Priced[],
  { price, report }: { readonly price: Price | null; readonly report: Report },
): void {
  const rated = records.filter(({ isSuspended }) => !isSuspended);
  if (records.some(({ isSuspended, amount }) => isSuspended && amount !== 0n)) {
    report('R15', `${name}: something is owed in suspense`);
  }
  if (price === null) {
    if (rated.length > 0) report('R15', `${name}: rated at ${rated[0]?.amount} without a price`);
    return;
  }
  if (rated.length !== 1) report('R15', `${name}: rated ${rated.length} times, not once`);
  else if (rated[0]?.amount !== price.amount) {
    report('R2', `${name}: ${rated[0]?.amount} units, must be ${price.amount}`);
  }
}
