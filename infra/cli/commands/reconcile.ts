/**
 * `ledger reconcile`: usage = cost events = charges = journal = invoices = ClickHouse, in counts and in money (A10).
 *
 * Job: wait until the services have nothing left to do, read every topic once, compare neighbours, name what differs.
 * Boundary: no rule of a service is called; the numbers are an outsider's.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { lagOfServices, totalLag } from '../lag.ts';
import { counted, table } from '../output.ts';
import { chainComparisons, totalOf } from '../reconcile/chain-comparisons.ts';
import { clickhouseComparisons } from '../reconcile/clickhouse-comparisons.ts';
import type { Comparison } from '../reconcile/difference.ts';
import { type PartitionTally, tallyPartition } from '../reconcile/partition-tally.ts';
import { EXIT, type Report } from '../report.ts';
import type { Source } from '../topic-scan.ts';

export interface ReconcileOptions {
  /** How long to wait for services that are behind. */
  readonly waitMs: number;
  /** Leaves ClickHouse out. */
  readonly logOnly: boolean;
}

type ReconcileContext = Pick<Context, 'source' | 'progress' | 'analytics'>;

const POLL_MS = 250;

export async function reconcile(context: ReconcileContext, options: ReconcileOptions): Promise<Report> {
  const source = await context.source();
  const lag = await settledLag(source, options.waitMs);
  const tallies = await tallyAll(source, context);
  const chain = await chainComparisons(source, tallies);
  const stored = options.logOnly
    ? []
    : await storedComparisons(source, context, { tallies, waitMs: options.waitMs });
  const comparisons = [...chain, ...stored];
  const ok = comparisons.every((each) => each.ok);
  const data = { ok, behind: lag, stages: stagesOf(tallies), comparisons };
  return { data, exitCode: ok ? EXIT.ok : EXIT.failed, render: () => render(data) };
}

/** Records that services have not taken yet, after waiting for them. */
async function settledLag(source: Source, waitMs: number): Promise<number> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const lag = totalLag(await lagOfServices(source));
    if (lag === 0 || performance.now() >= deadline) return lag;
    await pause(POLL_MS);
  }
}

async function tallyAll(source: Source, context: ReconcileContext): Promise<readonly PartitionTally[]> {
  const partitions = await source.log.partitionCount('usage-events');
  const task = context.progress.start('reading the topics', null);
  const tallies: PartitionTally[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    tallies.push(await tallyPartition(source, partition, (count) => task.add(count)));
  }
  task.end();
  return tallies;
}

/** The sink writes in blocks and may be a moment behind, so a difference is looked at again while there is time. */
async function storedComparisons(
  source: Source,
  context: ReconcileContext,
  { tallies, waitMs }: { readonly tallies: readonly PartitionTally[]; readonly waitMs: number },
): Promise<readonly Comparison[]> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const comparisons = await clickhouseComparisons({ source, analytics: context.analytics(), tallies });
    if (comparisons.every(({ ok }) => ok) || performance.now() >= deadline) return comparisons;
    await pause(POLL_MS * 4);
  }
}

function stagesOf(tallies: readonly PartitionTally[]) {
  const sum = (pick: (tally: PartitionTally) => number): number =>
    tallies.reduce((total, tally) => total + pick(tally), 0);
  const money = (name: string, pick: Parameters<typeof totalOf>[1]) => {
    const total = totalOf(tallies, pick);
    return { name, count: total.count, amounts: total.amounts };
  };
  return {
    usage: {
      admitted: sum(({ usage }) => usage.count),
      refused: sum(({ refused }) => refused),
      repeated: sum(({ repeated }) => repeated),
      unreadable: sum(({ unreadable }) => unreadable),
    },
    money: [
      money('cost of uses', (tally) => tally.cost),
      money('charges of uses', (tally) => tally.useCharges),
      money('charges owed', (tally) => tally.charges),
      money('journal entries of charges', (tally) => tally.entries),
      money('invoices', (tally) => tally.invoices),
    ],
  };
}

interface Data {
  readonly behind: number;
  readonly stages: ReturnType<typeof stagesOf>;
  readonly comparisons: readonly Comparison[];
}

function render({ behind, stages, comparisons }: Data): string {
  const { admitted, refused, repeated, unreadable } = stages.usage;
  const uses = `${counted(admitted, 'use')} admitted; ${refused} refused, ${repeated} repeated, ${unreadable} records unreadable.`;
  const rows = stages.money.map(({ name, count, amounts }) => [
    name,
    String(count),
    Object.entries(amounts)
      .map(([currency, amount]) => `${amount} ${currency}`)
      .join(', '),
  ]);
  const columns = [{ head: 'stage' }, { head: 'count', align: 'right' }, { head: 'amount' }] as const;
  const lines = comparisons.flatMap(linesOf);
  const waiting =
    behind === 0
      ? []
      : ['', `Services are ${counted(behind, 'record')} behind: differences may be records on their way.`];
  return [uses, '', table(columns, rows), '', ...lines, ...waiting].join('\n');
}

function linesOf({ name, ok, left, right, named }: Comparison): readonly string[] {
  if (ok) return [`ok    ${name}: ${left}`];
  return [`DIFF  ${name}: ${left} and ${right}`, ...named.map((each) => `        ${each}`)];
}
