/** Everything the services wrote, read back once and sorted by what the checks ask for. */
import type { Balance } from '../../../schemas/generated/balance.ts';
import type { Charge } from '../../../schemas/generated/charge.ts';
import type { CostEvent } from '../../../schemas/generated/cost-event.ts';
import type { Invoice } from '../../../schemas/generated/invoice.ts';
import type { InvoiceRollup } from '../../../schemas/generated/invoice-rollup.ts';
import type { JournalEntry } from '../../../schemas/generated/journal-entry.ts';
import type { OutcomeDecision } from '../../../schemas/generated/outcome-decision.ts';
import { type Book, decodeValue, readTopic, readValues } from './read.ts';

export interface Outputs {
  readonly charges: readonly Charge[];
  readonly costs: readonly CostEvent[];
  readonly journal: readonly JournalEntry[];
  /** The last of each account. */
  readonly balances: ReadonlyMap<string, Balance>;
  /** All versions, in order. */
  readonly invoices: readonly Invoice[];
  readonly rollups: readonly InvoiceRollup[];
  readonly decisions: readonly OutcomeDecision[];
  /** Refusals and dead letters that rating kept of usage-events, by code; those for want of a price left out. */
  readonly refusedUses: ReadonlyMap<string, number>;
}

export async function readOutputs(book: Book): Promise<Outputs> {
  const balances = new Map<string, Balance>();
  for (const balance of await readValues(book, 'balances', 'Balance'))
    balances.set(balance.accountId, balance);
  return {
    charges: await readValues(book, 'charges', 'Charge'),
    costs: await readValues(book, 'cost-events', 'CostEvent'),
    journal: await readValues(book, 'journal', 'JournalEntry'),
    balances,
    invoices: await readValues(book, 'invoices', 'Invoice'),
    rollups: await readValues(book, 'invoice-rollups', 'InvoiceRollup'),
    decisions: await readValues(book, 'outcome-decisions', 'OutcomeDecision'),
    refusedUses: await readRefusedUses(book),
  };
}

async function readRefusedUses(book: Book): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const { value } of await readTopic(book, 'rating-rejected')) {
    const refusal = decodeValue(book, 'Refusal', value);
    const found = refusal?.ok === true ? refusal : decodeValue(book, 'DeadLetter', value);
    if (found?.ok !== true) throw new Error('rating-rejected holds neither a refusal nor a dead letter');
    const { originTopic, code } = found.value;
    const isForNow = 'transient' in found.value && found.value.transient;
    if (originTopic === 'usage-events' && !isForNow) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return counts;
}
