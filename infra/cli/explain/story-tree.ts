/**
 * Puts the records of one story into the order of cause and effect, and hangs the invoice below each charge.
 */
import type { AccountInvoices } from './account-invoices.ts';
import type { Story } from './find.ts';
import { type Located, linksOf } from './located.ts';
import { invoiceNode, nodeOf } from './nodes.ts';
import { leaf, type TraceNode } from './tree.ts';

/** One tree for each record that nothing in the story caused; a use that was sent twice has its repeats beside it. */
export function storyTrees(story: Story, invoices: AccountInvoices): readonly TraceNode[] {
  const known = new Set(story.records.flatMap((record) => linksOf(record).own));
  const firstOf = new Map<string, Located>();
  for (const record of story.records) {
    for (const own of linksOf(record).own) if (!firstOf.has(own)) firstOf.set(own, record);
  }
  const build = (record: Located): TraceNode => {
    const { own } = linksOf(record);
    const isFirst = own.some((id) => firstOf.get(id) === record);
    const below = isFirst
      ? story.records.filter((other) => linksOf(other).up.some((id) => own.includes(id)))
      : [];
    return nodeOf(record, [
      ...refusalLines(story, record),
      ...below.map(build),
      ...invoiceLines(record, invoices),
    ]);
  };
  return story.records.filter((record) => !linksOf(record).up.some((id) => known.has(id))).map(build);
}

function refusalLines({ refusals }: Story, record: Located): readonly TraceNode[] {
  return refusals
    .filter(({ value }) => value.originTopic === record.topic && value.originOffset === record.offset)
    .map(({ value }) => leaf('refused', value.code, { by: value.service, message: value.message }));
}

function invoiceLines(record: Located, invoices: AccountInvoices): readonly TraceNode[] {
  if (record.topic !== 'charges') return [];
  const { value, offset } = record;
  const invoice = invoices.invoiceOf(value, offset);
  if (invoice !== null) return [invoiceNode(invoice, value.lineClass)];
  const period = invoices.periodOf(value, offset);
  return [leaf('invoice', 'none yet', { period: period ?? 'the account is not known' })];
}
