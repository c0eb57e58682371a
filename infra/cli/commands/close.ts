/**
 * `ledger close MONTH`: lets the clock pass the end of a month in every account's time zone and waits for its invoices.
 *
 * Job: publish the tick, wait, add up. Boundary: invoices are issued by invoice-rollups; nothing is written here but
 * clock ticks.
 *
 * Invariants:
 *  1. Time never goes back: a tick is written only where stream time has not reached the close yet.
 *  2. A month that is not over in some account's zone is refused, unless the operator insists.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Amount, formatAmount, ZERO } from '../../../schemas/amount.ts';
import { addAmounts } from '../../../schemas/amount-arithmetic.ts';
import type { Invoice } from '../../../schemas/generated/invoice.ts';
import { formatInstant, type Instant } from '../../../schemas/instant.ts';
import { lastTick } from '../../../services/ticker/last-tick.ts';
import type { OffsetBounds } from '../../../topology/log.ts';
import { Publisher } from '../../../topology/publisher.ts';
import { subjectsOfTopics } from '../../../topology/subjects.ts';
import { accountZones } from '../account-zones.ts';
import { closesEverywhereAt } from '../billing-close.ts';
import { CliError, dataError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { counted, table } from '../output.ts';
import { EXIT, type Report } from '../report.ts';
import { decode, partitionsOf, type Source, scan } from '../topic-scan.ts';

export interface CloseOptions {
  readonly month: string;
  readonly force: boolean;
  readonly timeoutMs: number;
}

type CloseContext = Pick<Context, 'source' | 'directory' | 'now' | 'progress' | 'signal'>;

const POLL_MS = 200;

export async function close(context: CloseContext, options: CloseOptions): Promise<Report> {
  const source = await context.source();
  const zones = await accountZones(source);
  const closeTime = closesEverywhereAt(options.month, zones);
  if (context.now() < closeTime && !options.force) {
    const wayOut = `Wait until ${formatInstant(closeTime)}, or pass --force to let the clock of the ledger run ahead.`;
    throw dataError('month_not_over', `${options.month} is not over in every account's time zone`, wayOut);
  }
  const invoices = new MonthInvoices(source, options.month);
  await invoices.readOn();
  const ticks = await tickUntilIssued(context, { source, invoices, closeTime, timeoutMs: options.timeoutMs });
  const data = { month: options.month, closedAt: formatInstant(closeTime), ticks, ...invoices.totals() };
  return { data, exitCode: EXIT.ok, render: () => render(data) };
}

interface Closing {
  readonly source: Source;
  readonly invoices: MonthInvoices;
  readonly closeTime: Instant;
  readonly timeoutMs: number;
}

/** One tick issues a bounded number of invoices, so another follows while drafts are left and the clock was taken. */
async function tickUntilIssued(context: CloseContext, closing: Closing): Promise<number> {
  const { source, invoices, closeTime, timeoutMs } = closing;
  const deadline = performance.now() + timeoutMs;
  const task = context.progress.start('waiting for the invoices', null);
  let ticks = 0;
  let last = await lastTick(source.log, source.directory);
  if (last === null || last.time < closeTime) {
    last = await tick(context, source, closeTime);
    ticks += 1;
  }
  for (;;) {
    context.signal.throwIfAborted();
    const isTaken = await clockIsTaken(source);
    await invoices.readOn();
    task.add(1);
    if (isTaken && invoices.drafts === 0) break;
    if (performance.now() > deadline) throw stillOpen(invoices.drafts);
    if (isTaken) {
      await tick(context, source, last.time);
      ticks += 1;
    } else await pause(POLL_MS);
  }
  task.end();
  return ticks;
}

async function tick(context: CloseContext, source: Source, time: Instant) {
  const directory = await context.directory(subjectsOfTopics(['usage-events', 'clock-ticks']));
  const publisher = await Publisher.open({
    log: source.log,
    directory,
    source: '/outcome-ledger/cli',
    transactionalId: 'ledger-cli-clock',
    transactor: 'per_call',
  });
  try {
    const value = { sequence: ((await lastTick(source.log, source.directory))?.sequence ?? 0) + 1, time };
    await publisher.publishCopies([{ topic: 'clock-ticks', value }]);
    return value;
  } finally {
    await publisher.close();
  }
}

/** Whether invoice-rollups has taken every tick; its position may stay at the marker behind the last one. */
async function clockIsTaken({ log }: Source): Promise<boolean> {
  const places = await partitionsOf(log, ['clock-ticks']);
  const [bounds, positions] = await Promise.all([
    log.bounds(places),
    log.admin.groupPositions('invoice-rollups', places),
  ]);
  return positions.every(({ offset }, index) => offset >= (bounds[index]?.end ?? 0) - 1);
}

function stillOpen(drafts: number): CliError {
  return new CliError('close_timed_out', `${counted(drafts, 'draft')} of the month are not issued yet`, {
    exitCode: EXIT.failed,
    wayOut: 'Check with `ledger doctor` that invoice-rollups runs, then run the command again.',
  });
}

/** The newest state of every invoice of one month, read on from where the last reading ended. */
class MonthInvoices {
  readonly #source: Source;
  readonly #month: string;
  readonly #newest = new Map<
    string,
    Pick<Invoice, 'status' | 'currency' | 'exactTotal' | 'total' | 'roundingTotal'>
  >();
  #from: readonly OffsetBounds[] = [];

  constructor(source: Source, month: string) {
    this.#source = source;
    this.#month = month;
  }

  get drafts(): number {
    let drafts = 0;
    for (const { status } of this.#newest.values()) if (status === 'draft') drafts += 1;
    return drafts;
  }

  async readOn(): Promise<void> {
    const { directory, log } = this.#source;
    this.#from = await scan(this.#source, await partitionsOf(log, ['invoices']), {
      from: this.#from,
      visit: (record) => {
        const decoded = decode(directory, 'Invoice', record);
        if (!decoded.ok || decoded.value.billingPeriod !== this.#month) return;
        const { invoiceId, status, currency, exactTotal, total, roundingTotal } = decoded.value;
        this.#newest.set(invoiceId, { status, currency, exactTotal, total, roundingTotal });
      },
    });
  }

  totals() {
    const currencies = [...Map.groupBy(this.#newest.values(), ({ currency }) => currency)];
    return {
      invoices: this.#newest.size,
      currencies: currencies
        .map(([currency, invoices]) => ({
          currency,
          invoices: invoices.length,
          exactTotal: sum(invoices.map(({ exactTotal }) => exactTotal)),
          roundingTotal: sum(invoices.map(({ roundingTotal }) => roundingTotal)),
          total: sum(invoices.map(({ total }) => total)),
        }))
        .sort((a, b) => (a.currency < b.currency ? -1 : 1)),
    };
  }
}

function sum(amounts: readonly Amount[]): string {
  return formatAmount(amounts.reduce((total, amount) => addAmounts(total, amount), ZERO));
}

function render(
  data: ReturnType<MonthInvoices['totals']> & { readonly month: string; readonly closedAt: string },
): string {
  if (data.invoices === 0) return `${data.month} is closed as of ${data.closedAt}; nothing was owed in it.`;
  const columns = [
    { head: 'currency' },
    { head: 'invoices', align: 'right' },
    { head: 'exact', align: 'right' },
    { head: 'rounding', align: 'right' },
    { head: 'total', align: 'right' },
  ] as const;
  const rows = data.currencies.map((line) => [
    line.currency,
    String(line.invoices),
    line.exactTotal,
    line.roundingTotal,
    line.total,
  ]);
  const head = `${data.month} is closed as of ${data.closedAt}: ${counted(data.invoices, 'invoice')} issued.`;
  return [head, '', table(columns, rows)].join('\n');
}
