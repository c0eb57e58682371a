/**
 * `ledger explain`: why an amount is what it is, from the log alone (L6).
 *
 * An id may be a request, a claim, a decision, a charge, a payment, a journal entry or an invoice.
 */
import type { AccountId } from '../../../schemas/ids.ts';
import { dataError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { readAccountInvoices } from '../explain/account-invoices.ts';
import { type Finder, findById, findStory } from '../explain/find.ts';
import { invoiceStory } from '../explain/invoice-story.ts';
import type { Located } from '../explain/located.ts';
import { storyTrees } from '../explain/story-tree.ts';
import { renderTree, type TraceNode } from '../explain/tree.ts';
import { counted } from '../output.ts';
import { EXIT, type Report } from '../report.ts';

export interface ExplainOptions {
  readonly id: string;
  readonly accountId?: AccountId;
  /** Charges shown for each line of an invoice, largest first. */
  readonly limit: number;
}

const ACCOUNTS_MAX = 10;

export async function explain(
  context: Pick<Context, 'source' | 'progress'>,
  options: ExplainOptions,
): Promise<Report> {
  const { id, accountId } = options;
  const finder = { source: await context.source(), progress: context.progress };
  const found = await findById(finder, id, accountId ?? null);
  if (found.length === 0) {
    const wayOut = 'Give the id as it was sent; `ledger doctor` shows whether a service is behind.';
    throw dataError('id_unknown', `no record on the log has the id ${id}`, wayOut);
  }
  const starts = [...Map.groupBy(found, ({ value }) => value.accountId).values()];
  const trees: TraceNode[] = [];
  const notes: string[] = [];
  for (const records of starts.slice(0, ACCOUNTS_MAX)) {
    const start = records.at(-1);
    if (start === undefined) continue;
    const { nodes, note } = await explainOne(finder, start, options);
    trees.push(...nodes);
    if (note !== null) notes.push(note);
  }
  if (starts.length > ACCOUNTS_MAX) {
    notes.push(
      `${counted(starts.length, 'account')} have this id and ${ACCOUNTS_MAX} are shown; choose one with --account.`,
    );
  }
  const render = (): string => [...trees.map((tree) => renderTree(tree)), ...notes].join('\n\n');
  return { data: { trees, notes }, exitCode: EXIT.ok, render };
}

async function explainOne(
  finder: Finder,
  start: Located,
  { limit }: ExplainOptions,
): Promise<{ readonly nodes: readonly TraceNode[]; readonly note: string | null }> {
  const { accountId } = start.value;
  const invoices = await readAccountInvoices(finder.source, { accountId, partition: start.partition });
  if (start.topic !== 'invoices') {
    return { nodes: storyTrees(await findStory(finder, start), invoices), note: null };
  }
  const { tree, agrees } = await invoiceStory(finder, start, { invoices, limit });
  const note = agrees
    ? 'The charges on the log make exactly these lines.'
    : 'The charges on the log do not make these lines: a service may be behind, or `ledger reconcile` names what differs.';
  return { nodes: [tree], note };
}
