/**
 * What must hold, as a list of named checks over the audit. Each says what it compared, so a failure can be read.
 *
 * Boundary: pure. The numbers come from `audit.ts` (the broker), `analytics-totals.ts` (ClickHouse), the replay and the
 * second run.
 */
import type { ReplayReport } from '../../topology/replay.ts';
import type { AnalyticsTotals } from './analytics-totals.ts';
import type { Audit } from './audit.ts';
import { Sums } from './sums.ts';

export interface Check {
  readonly name: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** Two or more things that must have the same text. */
function same(name: string, parts: Readonly<Record<string, string | number>>): Check {
  const values = Object.values(parts).map(String);
  const holds = values.every((value) => value === values[0]);
  const detail = holds
    ? `${values[0]} (${Object.keys(parts).join(' = ')})`
    : Object.entries(parts)
        .map(([part, value]) => `${part}: ${value}`)
        .join('; ');
  return { name, holds, detail };
}

function none(name: string, found: readonly string[], noun: string): Check {
  const some = found.slice(0, 5).join(', ');
  return {
    name,
    holds: found.length === 0,
    detail: found.length === 0 ? `no ${noun}` : `${found.length}: ${some}`,
  };
}

export function countChecks(audit: Audit): readonly Check[] {
  const { charges, costEvents } = audit;
  const uncharged = [...audit.acceptedIds].filter((id) => !charges.usageIds.has(id));
  return [
    same('accepted uses, unique ids, charges and cost events agree', {
      'accepted records': audit.acceptedRecords,
      'unique request ids': audit.acceptedIds.size,
      'usage charges': charges.byKind.get('usage'),
      'ids charged': charges.usageIds.size,
      'cost events': costEvents.firsts,
      'ids costed': costEvents.uniqueIds,
    }),
    none('every accepted use is charged', uncharged, 'use without a charge'),
    same('every usage record has exactly one fate', {
      'records on usage-events': audit.usageRecords,
      'accepted + rejected': audit.acceptedRecords + audit.usageRejected.total,
    }),
    same('no charge and no journal entry is written twice', {
      'charges + entries': charges.records + audit.journal.entries,
      'unique ids': charges.uniqueChargeIds + audit.journal.uniqueEntryIds,
    }),
  ];
}

/** What was sent, by fate, against what became of it. */
export function fateChecks(audit: Audit, sent: ReadonlyMap<string, number>): readonly Check[] {
  const codes = new Set([...sent.keys(), ...audit.usageRejected.entries().map(([code]) => code)]);
  codes.delete('accepted');
  const listed = (count: (code: string) => number): string =>
    [...codes]
      .sort()
      .map((code) => `${code} ${count(code)}`)
      .join(', ');
  return [
    same('uses accepted are those sent', {
      sent: sent.get('accepted') ?? 0,
      accepted: audit.acceptedRecords,
    }),
    same('duplicates, conflicts, refusals and dead letters are those sent, none missing', {
      sent: listed((code) => sent.get(code) ?? 0),
      found: listed((code) => audit.usageRejected.get(code)),
    }),
  ];
}

export function moneyChecks(audit: Audit): readonly Check[] {
  const { journal, charges, invoices } = audit;
  const revenue = sumsOf(journal.byLedgerAccount, 'revenue');
  const exact = new Sums();
  const rounded = new Sums();
  const issuedRounding = new Sums();
  for (const invoice of invoices.values()) {
    exact.add(invoice.currency, invoice.exactTotal);
    rounded.add(invoice.currency, invoice.total - invoice.roundingTotal);
    if (invoice.status === 'issued') issuedRounding.add(invoice.currency, invoice.roundingTotal);
  }
  return [
    same('charges = revenue postings = invoices, exactly', {
      charges: charges.byCurrency.text(),
      'postings to revenue': revenue.text(),
      'invoice lines before rounding': exact.text(),
      'invoice totals less rounding': rounded.text(),
    }),
    same('the rounding account holds what issued invoices rounded', {
      journal: sumsOf(journal.byLedgerAccount, 'rounding').text(),
      invoices: issuedRounding.text(),
    }),
    none('every journal entry balances', journal.unbalanced, 'entry out of balance'),
    same('the trial balance is zero in every currency', {
      'debits less credits': journal.trial.text(),
      zero: 'nothing',
    }),
    balanceCheck(audit),
  ];
}

/** The projected balances against a fold of the journal by account. */
function balanceCheck(audit: Audit): Check {
  const wrong: string[] = [];
  for (const [account, { available, overdraft }] of audit.balances) {
    const isCanonical = available === 0n || overdraft === 0n;
    if (!isCanonical || available - overdraft !== audit.journal.netByAccount.get(account))
      wrong.push(account);
  }
  const missing = audit.journal.netByAccount.entries().filter(([account]) => !audit.balances.has(account));
  const found = [...wrong, ...missing.map(([account]) => account)];
  const check = none('balances = fold of the journal', found, 'account that differs');
  return check.holds ? { ...check, detail: `${audit.balances.size} accounts, none differs` } : check;
}

function sumsOf(byLedgerAccount: Sums, ledgerAccount: string): Sums {
  const sums = new Sums();
  for (const [name, units] of byLedgerAccount.entries()) {
    const [account = '', currency = ''] = name.split(' ');
    if (account === ledgerAccount) sums.add(currency, units);
  }
  return sums;
}

export function analyticsChecks(audit: Audit, totals: AnalyticsTotals): readonly Check[] {
  return [
    same('ClickHouse has every use once', {
      accepted: audit.acceptedRecords,
      'usage rows': totals.usageRows,
      'unique request ids': totals.usageIds,
    }),
    same('ClickHouse has the same money', {
      charges: audit.charges.byCurrency.text(),
      'charges in ClickHouse': totals.charges.text(),
      'revenue in ClickHouse': totals.revenue.text(),
    }),
    same('the trial balance is zero in ClickHouse too', { found: totals.trial.text(), zero: 'nothing' }),
    same('ClickHouse has every journal entry once', {
      journal: audit.journal.entries,
      rows: totals.journalEntries,
    }),
    same('ClickHouse lists every refusal and dead letter by service and code', {
      topics: audit.rejected.text(),
      ClickHouse: totals.rejected.text(),
    }),
  ];
}

export function replayChecks(reports: readonly ReplayReport[]): readonly Check[] {
  const different = reports.filter(({ difference }) => difference !== null);
  const steps = reports.reduce((sum, report) => sum + report.steps, 0);
  const outputs = reports.reduce((sum, report) => sum + report.outputs, 0);
  const found = different.map(
    ({ service, partition, difference }) => `${service}/${partition}: ${difference}`,
  );
  const check = none('replay from offset 0 gives every output digest again', found, 'step that differs');
  return [check.holds ? { ...check, detail: `${steps} steps, ${outputs} outputs, none differs` } : check];
}

/** The same input in another order, in other batches and without a kill. */
export function rerunChecks(first: Audit, second: Audit): readonly Check[] {
  return [
    same('another interleaving charges the same', {
      first: first.charges.byCurrency.text(),
      second: second.charges.byCurrency.text(),
    }),
    none(
      'another interleaving gives the same balances',
      differences(balanceTexts(first), balanceTexts(second)),
      'difference',
    ),
    none(
      'another interleaving gives the same invoices',
      differences(invoiceTexts(first), invoiceTexts(second)),
      'difference',
    ),
  ];
}

function balanceTexts(audit: Audit): ReadonlyMap<string, string> {
  return new Map(
    [...audit.balances].map(([key, { available, overdraft }]) => [key, `${available}/${overdraft}`]),
  );
}

function invoiceTexts(audit: Audit): ReadonlyMap<string, string> {
  return new Map(
    [...audit.invoices].map(([id, { status, currency, exactTotal, total, lines }]) => {
      const amounts = lines.map(
        ({ lineClass, exactAmount, amount }) => `${lineClass} ${exactAmount} ${amount}`,
      );
      return [id, `${status} ${currency} ${exactTotal} ${total} ${amounts.sort().join(' ')}`];
    }),
  );
}

function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): readonly string[] {
  const keys = new Set([...a.keys(), ...b.keys()]);
  return [...keys]
    .filter((key) => a.get(key) !== b.get(key))
    .map((key) => `${key}: ${a.get(key) ?? 'absent'} and ${b.get(key) ?? 'absent'}`);
}
