/**
 * Rule: an account keeps one currency; its time zone may change from an instant on.
 *
 * Invariants:
 *  1. The zone of a charge is the one in force when the service was used, in whatever order the versions were read.
 *  2. An account with a currency or a zone that does not exist is not taken, and its charges go on waiting.
 */
import { parseTimeZone } from '../../schemas/billing-period.ts';
import { parseCurrency } from '../../schemas/currency.ts';
import type { Account } from '../../schemas/generated/account.ts';
import type { InvoiceAccount, ZoneFrom } from '../../schemas/generated/invoice-account.ts';
import type { AccountId } from '../../schemas/ids.ts';
import type { Instant } from '../../schemas/instant.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';
import { ValueError } from '../../schemas/value-error.ts';

/** Changes of time zone that an account may have; a later one replaces the oldest. */
const zonesMax = 64;

export function unknownAccount(accountId: AccountId): InvoiceAccount {
  return { accountId, currency: null, zones: [], waiting: 0, closedThrough: null };
}

/** Why an account record is not taken, or null. */
export function accountProblem(
  known: InvoiceAccount | undefined,
  record: Account,
): { readonly code: RefusalCode; readonly field: string } | null {
  if (!parses(parseCurrency, record.currency)) return { code: 'unknown_currency', field: 'currency' };
  if (!parses(parseTimeZone, record.timeZone)) return { code: 'unknown_time_zone', field: 'timeZone' };
  const currency = known?.currency ?? record.currency;
  return currency === record.currency ? null : { code: 'currency_mismatch', field: 'currency' };
}

function parses(parse: (text: string) => string, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof ValueError) return false;
    throw error;
  }
}

export function withRecord(known: InvoiceAccount | undefined, record: Account): InvoiceAccount {
  const account = known ?? unknownAccount(record.accountId);
  const { effectiveAt, version, timeZone, currency } = record;
  if (account.zones.some((zone) => zone.version === version)) return account;
  const zones = [...account.zones, { effectiveAt, version, timeZone }].sort(compareZones);
  return { ...account, currency, zones: zones.slice(-zonesMax), waiting: 0 };
}

function compareZones(a: ZoneFrom, b: ZoneFrom): number {
  return a.effectiveAt - b.effectiveAt || a.version - b.version;
}

/** The zone in force; before the first version takes force, that of the first. */
export function zoneAt(account: InvoiceAccount, instant: Instant): string {
  const inForce = account.zones.findLast((zone) => zone.effectiveAt <= instant) ?? account.zones[0];
  if (inForce === undefined) throw new Error(`${account.accountId}: no time zone is known`);
  return inForce.timeZone;
}
