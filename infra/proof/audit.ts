/**
 * The audit: reads the topics as an outsider and adds up what it finds, by plain sums over the records.
 *
 * Boundary: no code of services/. What the numbers must satisfy is in `checks.ts`.
 */
import type { Invoice } from '../../schemas/generated/invoice.ts';
import type { JournalEntry } from '../../schemas/generated/journal-entry.ts';
import { SERVICES, serviceTopics } from '../../topology/topics.ts';
import { type ReadSource, readRecords, readValues } from './read-topic.ts';
import { Counts, Sums } from './sums.ts';

export interface Audit {
  /** Records on usage-events, whatever became of them. */
  readonly usageRecords: number;
  /** Refusals and dead letters of usage-events by code, as rating published them. */
  readonly usageRejected: Counts;
  /** Refusals and dead letters of all services by `service/code`; a refusal for now counts too. */
  readonly rejected: Counts;
  readonly acceptedIds: ReadonlySet<string>;
  readonly acceptedRecords: number;
  readonly costEvents: { readonly firsts: number; readonly uniqueIds: number; readonly backfills: number };
  readonly charges: ChargeAudit;
  readonly journal: JournalAudit;
  readonly invoices: ReadonlyMap<string, Invoice>;
  /** Per account: available minus overdraft, and whether both are ever positive at once. */
  readonly balances: ReadonlyMap<string, BalanceAudit>;
  readonly decisions: Counts;
}

export interface ChargeAudit {
  readonly uniqueChargeIds: number;
  readonly records: number;
  readonly usageIds: ReadonlySet<string>;
  readonly byCurrency: Sums;
  readonly byKind: Counts;
  /** Suspense charges not completed by a later one. */
  readonly inSuspense: number;
}

export interface JournalAudit {
  readonly entries: number;
  readonly uniqueEntryIds: number;
  readonly unbalanced: readonly string[];
  /** Debits minus credits by currency; nothing when the trial balance is zero. */
  readonly trial: Sums;
  /** Credits minus debits by `ledgerAccount currency`. */
  readonly byLedgerAccount: Sums;
  /** Credits minus debits on the customer's accounts (credits, receivable) by account: the net balance. */
  readonly netByAccount: Sums;
}

export interface BalanceAudit {
  readonly available: bigint;
  readonly overdraft: bigint;
}

export async function audit(source: ReadSource): Promise<Audit> {
  const rejections = await auditRejections(source);
  const usage = await auditUsage(source, rejections.usageOrigins);
  return {
    ...usage,
    usageRejected: rejections.usage,
    rejected: rejections.all,
    costEvents: await auditCosts(source),
    charges: await auditCharges(source),
    journal: await auditJournal(source),
    invoices: await latestInvoices(source),
    balances: await latestBalances(source),
    decisions: await auditDecisions(source),
  };
}

/** Refusals of rating that come from admission name their origin on usage-events and are final. */
async function auditRejections(source: ReadSource) {
  const all = new Counts();
  const usage = new Counts();
  const usageOrigins = new Set<string>();
  for (const service of SERVICES) {
    const topic = serviceTopics(service).rejected;
    const take = (value: {
      code: string;
      originTopic: string;
      originPartition: number;
      originOffset: number;
    }) => {
      all.add(`${service}/${value.code}`);
      if (service !== 'rating' || value.originTopic !== 'usage-events') return;
      usage.add(value.code);
      usageOrigins.add(`${value.originPartition}:${value.originOffset}`);
    };
    await readValues(source, { topic, record: 'Refusal' }, (value) => {
      if (value !== null && !(service === 'rating' && value.transient)) take(value);
      else if (value !== null) all.add(`${service}/${value.code}`);
    });
    await readValues(source, { topic, record: 'DeadLetter' }, (value) => {
      if (value !== null) take(value);
    });
  }
  return { all, usage, usageOrigins };
}

async function auditUsage(source: ReadSource, rejected: ReadonlySet<string>) {
  const acceptedIds = new Set<string>();
  let acceptedRecords = 0;
  const place = { topic: 'usage-events', record: 'UsageEvent' } as const;
  const usageRecords = await readValues(source, place, (value, record) => {
    if (rejected.has(`${record.partition}:${record.offset}`)) return;
    acceptedRecords += 1;
    if (value !== null) acceptedIds.add(`${value.accountId}/${value.requestId}`);
  });
  return { usageRecords, acceptedRecords, acceptedIds };
}

async function auditCosts(source: ReadSource): Promise<Audit['costEvents']> {
  const ids = new Set<string>();
  let firsts = 0;
  let backfills = 0;
  await readValues(source, { topic: 'cost-events', record: 'CostEvent' }, (value) => {
    if (value === null) throw new Error('cost-events holds a record that is no CostEvent');
    if (value.amends !== null) backfills += 1;
    else {
      firsts += 1;
      ids.add(`${value.accountId}/${value.requestId}`);
    }
  });
  return { firsts, uniqueIds: ids.size, backfills };
}

async function auditCharges(source: ReadSource): Promise<ChargeAudit> {
  const chargeIds = new Set<string>();
  const usageIds = new Set<string>();
  const suspended = new Set<string>();
  const byCurrency = new Sums();
  const byKind = new Counts();
  const records = await readValues(source, { topic: 'charges', record: 'Charge' }, (value) => {
    if (value === null) throw new Error('charges holds a record that is no Charge');
    chargeIds.add(`${value.accountId}/${value.chargeId}`);
    byKind.add(value.kind);
    byCurrency.add(value.currency, value.amount);
    if (value.kind === 'usage') usageIds.add(`${value.accountId}/${value.requestId}`);
    if (value.status === 'suspense') suspended.add(`${value.accountId}/${value.chargeId}`);
    if (value.amends !== null) suspended.delete(`${value.accountId}/${value.amends}`);
  });
  return {
    uniqueChargeIds: chargeIds.size,
    records,
    usageIds,
    byCurrency,
    byKind,
    inSuspense: suspended.size,
  };
}

const CUSTOMER_ACCOUNTS: ReadonlySet<string> = new Set(['credits', 'receivable']);

async function auditJournal(source: ReadSource): Promise<JournalAudit> {
  const entryIds = new Set<string>();
  const unbalanced: string[] = [];
  const trial = new Sums();
  const byLedgerAccount = new Sums();
  const netByAccount = new Sums();
  const take = (entry: JournalEntry): void => {
    entryIds.add(`${entry.accountId}/${entry.entryId}`);
    let difference = 0n;
    for (const { ledgerAccount, side, amount } of entry.postings) {
      const signed = side === 'debit' ? -amount : amount;
      if (amount < 0n || (side !== 'debit' && side !== 'credit')) unbalanced.push(entry.entryId);
      difference += signed;
      byLedgerAccount.add(`${ledgerAccount} ${entry.currency}`, signed);
      if (CUSTOMER_ACCOUNTS.has(ledgerAccount))
        netByAccount.add(`${entry.accountId} ${entry.currency}`, signed);
    }
    trial.add(entry.currency, difference);
    if (difference !== 0n) unbalanced.push(entry.entryId);
  };
  const entries = await readValues(source, { topic: 'journal', record: 'JournalEntry' }, (value) => {
    if (value === null) throw new Error('the journal holds a record that is no JournalEntry');
    take(value);
  });
  return { entries, uniqueEntryIds: entryIds.size, unbalanced, trial, byLedgerAccount, netByAccount };
}

async function latestInvoices(source: ReadSource): Promise<ReadonlyMap<string, Invoice>> {
  const invoices = new Map<string, Invoice>();
  await readValues(source, { topic: 'invoices', record: 'Invoice' }, (value) => {
    if (value === null) throw new Error('invoices holds a record that is no Invoice');
    const before = invoices.get(value.invoiceId);
    if (before?.status === 'issued') throw new Error(`${value.invoiceId} changed after it was issued`);
    invoices.set(value.invoiceId, value);
  });
  return invoices;
}

async function latestBalances(source: ReadSource): Promise<ReadonlyMap<string, BalanceAudit>> {
  const balances = new Map<string, BalanceAudit>();
  await readValues(source, { topic: 'balances', record: 'Balance' }, (value) => {
    if (value === null) throw new Error('balances holds a record that is no Balance');
    const { available, overdraft } = value;
    balances.set(`${value.accountId} ${value.currency}`, { available, overdraft });
  });
  return balances;
}

async function auditDecisions(source: ReadSource): Promise<Counts> {
  const decisions = new Counts();
  await readValues(source, { topic: 'outcome-decisions', record: 'OutcomeDecision' }, (value) => {
    if (value !== null) decisions.add(`${value.basis}/${value.bucket}`);
  });
  return decisions;
}

/** How many records a topic holds, for comparison with ClickHouse. */
export async function recordCount(source: ReadSource, topic: string): Promise<number> {
  return readRecords(source, topic, () => undefined);
}
