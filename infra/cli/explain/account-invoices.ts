/**
 * On which invoice a charge of one account stands, read from the log.
 *
 * Job: the account's time zones, the newest state of each of its invoices, and which time it was for invoice-rollups
 * when it took a charge; the last is in its steps.
 *
 * Invariant: a charge belongs to the month in which its service was used, or, where that month was closed before the
 * charge was read, to the month that was open then.
 */
import { type BillingPeriod, billingPeriodOf } from '../../../schemas/billing-period.ts';
import type { Account } from '../../../schemas/generated/account.ts';
import type { Charge } from '../../../schemas/generated/charge.ts';
import type { AccountId } from '../../../schemas/ids.ts';
import type { Instant } from '../../../schemas/instant.ts';
import { closesAt } from '../billing-close.ts';
import { decode, type Source, scan } from '../topic-scan.ts';
import { type LocatedInvoice, locate } from './located.ts';

export interface AccountInvoices {
  /** YYYY-MM, or null while the account is not known. */
  periodOf(charge: Charge, offset: number): string | null;
  /** The newest state of the invoice; null where the charge is on none yet. */
  invoiceOf(charge: Charge, offset: number): LocatedInvoice | null;
}

interface Own {
  readonly accountId: AccountId;
  readonly partition: number;
}

/** From which charge on stream time was what. */
interface TimeFrom {
  readonly offset: number;
  readonly streamTime: Instant;
}

export async function readAccountInvoices(source: Source, own: Own): Promise<AccountInvoices> {
  const accounts = await accountVersions(source, own);
  const newest = await newestInvoices(source, own);
  const times = await streamTimes(source, own.partition);
  const periodAt = (instant: Instant): BillingPeriod | null => {
    const account = accounts.findLast(({ effectiveAt }) => effectiveAt <= instant) ?? accounts[0];
    return account === undefined ? null : billingPeriodOf(instant, account.timeZone);
  };
  const periodOf = (charge: Charge, offset: number): string | null => {
    const streamTime = timeOf(times, offset);
    const used = periodAt(charge.occurredAt);
    if (used === null || streamTime === null || streamTime < closesAt(used)) return used?.period ?? null;
    let open = periodAt(streamTime);
    while (open !== null && closesAt(open) <= streamTime) open = periodAt(open.end);
    return open?.period ?? null;
  };
  return {
    periodOf,
    invoiceOf: (charge, offset) =>
      charge.status === 'suspense' ? null : (newest.get(periodOf(charge, offset) ?? '') ?? null),
  };
}

async function accountVersions(source: Source, { accountId, partition }: Own): Promise<readonly Account[]> {
  const versions: Account[] = [];
  await scan(source, [{ topic: 'accounts', partition }], {
    visit(record) {
      const decoded = decode(source.directory, 'Account', record);
      if (decoded.ok && decoded.value.accountId === accountId) versions.push(decoded.value);
    },
  });
  return versions.sort((a, b) => a.effectiveAt - b.effectiveAt || a.version - b.version);
}

async function newestInvoices(
  source: Source,
  { accountId, partition }: Own,
): Promise<ReadonlyMap<string, LocatedInvoice>> {
  const newest = new Map<string, LocatedInvoice>();
  const key = Buffer.from(accountId);
  await scan(source, [{ topic: 'invoices', partition }], {
    visit(record) {
      if (record.key?.equals(key) !== true) return;
      const located = locate(source.directory, record);
      if (located?.topic === 'invoices') newest.set(located.value.billingPeriod, located);
    },
  });
  return newest;
}

/** A step takes charges before clock ticks, so its charges meet the time at which the step before ended. */
async function streamTimes(source: Source, partition: number): Promise<readonly TimeFrom[]> {
  const times: TimeFrom[] = [];
  let before: Instant | null = null;
  await scan(source, [{ topic: 'invoice-rollups-steps', partition }], {
    visit(record) {
      const decoded = decode(source.directory, 'Step', record);
      if (!decoded.ok) return;
      const charges = decoded.value.ranges.find(({ topic }) => topic === 'charges');
      if (charges !== undefined && before !== null && times.at(-1)?.streamTime !== before) {
        times.push({ offset: charges.from, streamTime: before });
      }
      before = decoded.value.streamTime;
    },
  });
  return times;
}

/** Times are in order of offset; the last at or before the charge counts. */
function timeOf(times: readonly TimeFrom[], offset: number): Instant | null {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle]?.offset ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return times[low - 1]?.streamTime ?? null;
}
