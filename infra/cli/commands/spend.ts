/**
 * `ledger spend` and `ledger latency`: what uses cost and how the calls went, by any of their dimensions (A1).
 *
 * Answers come from ClickHouse. Money stays decimal text; the bars are drawn from exact amounts.
 */
import { formatAmount, parseAmount, ZERO } from '../../../schemas/amount.ts';
import { addAmounts } from '../../../schemas/amount-arithmetic.ts';
import type { QualityRow, SpendRow, UsageQuestion } from '../../analytics/queries.ts';
import type { Dimension } from '../../analytics/usage-filter.ts';
import type { Context } from '../context.ts';
import { bar, type Column, sparkline, table } from '../output.ts';
import { EXIT, type Report } from '../report.ts';

export async function spend(context: Pick<Context, 'analytics'>, question: UsageQuestion): Promise<Report> {
  const rows = (await context.analytics().spend(question)).map((row) => ({
    ...row.keys,
    currency: row.currency,
    cost: exact(row.cost),
    savedByCache: exact(row.savedByCache),
    uses: row.uses,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
  }));
  const render = (): string => renderSpend(question.by, rows);
  return { data: { by: question.by, rows }, exitCode: EXIT.ok, render };
}

export async function latency(context: Pick<Context, 'analytics'>, question: UsageQuestion): Promise<Report> {
  const rows = (await context.analytics().quality(question)).map(
    ({ keys, uses, p50Ms, p95Ms, p99Ms, errorRate, cacheHitRate }) => ({
      ...keys,
      uses,
      p50Ms,
      p95Ms,
      p99Ms,
      errorRate,
      cacheHitRate,
    }),
  );
  const render = (): string => renderLatency(question.by, rows);
  return { data: { by: question.by, rows }, exitCode: EXIT.ok, render };
}

type Keys = Readonly<Partial<Record<Dimension, string>>>;
type SpendLine = Keys &
  Pick<SpendRow, 'currency' | 'cost' | 'savedByCache' | 'uses' | 'inputTokens' | 'outputTokens'>;
type LatencyLine = Keys &
  Pick<QualityRow, 'uses' | 'p50Ms' | 'p95Ms' | 'p99Ms' | 'errorRate' | 'cacheHitRate'>;

const NOTHING = 'No uses match. ClickHouse may still be taking them in: `ledger doctor` shows how far it is.';

function renderSpend(by: readonly Dimension[], rows: readonly SpendLine[]): string {
  if (rows.length === 0) return NOTHING;
  const columns: Column[] = [
    ...by.map((dimension) => ({ head: headOf(dimension) })),
    { head: 'cost', align: 'right' },
    { head: '' },
    { head: 'uses', align: 'right' },
    { head: 'tokens in', align: 'right' },
    { head: 'tokens out', align: 'right' },
    { head: 'saved by cache', align: 'right' },
    { head: '' },
  ];
  const lines = rows.map((row) => [
    ...keyCells(by, row),
    row.cost,
    row.currency,
    String(row.uses),
    String(row.inputTokens),
    String(row.outputTokens),
    row.savedByCache,
    bar(parseAmount(row.cost), largestCost(rows, row.currency)),
  ]);
  return [table(columns, lines), '', ...totals(by, rows)].join('\n');
}

/** One line for each currency; over days, with the course of the cost. */
function totals(by: readonly Dimension[], rows: readonly SpendLine[]): readonly string[] {
  const currencies = Map.groupBy(rows, ({ currency }) => currency);
  return [...currencies].map(([currency, lines]) => {
    const costs = lines.map(({ cost }) => parseAmount(cost));
    const course = by.length === 1 && by[0] === 'day' ? `  ${sparkline(costs)}` : '';
    const sum = costs.reduce((total, cost) => addAmounts(total, cost), ZERO);
    return `total ${formatAmount(sum)} ${currency}${course}`;
  });
}

function renderLatency(by: readonly Dimension[], rows: readonly LatencyLine[]): string {
  if (rows.length === 0) return NOTHING;
  const columns: Column[] = [
    ...by.map((dimension) => ({ head: headOf(dimension) })),
    { head: 'uses', align: 'right' },
    { head: 'p50 ms', align: 'right' },
    { head: 'p95 ms', align: 'right' },
    { head: 'p99 ms', align: 'right' },
    { head: 'errors', align: 'right' },
    { head: 'cache hits', align: 'right' },
    { head: 'p95' },
  ];
  const slowest = BigInt(Math.round(Math.max(0, ...rows.map(({ p95Ms }) => p95Ms ?? 0))));
  const lines = rows.map((row) => [
    ...keyCells(by, row),
    String(row.uses),
    milliseconds(row.p50Ms),
    milliseconds(row.p95Ms),
    milliseconds(row.p99Ms),
    percent(row.errorRate),
    percent(row.cacheHitRate),
    bar(BigInt(Math.round(row.p95Ms ?? 0)), slowest),
  ]);
  return table(columns, lines);
}

function keyCells(by: readonly Dimension[], row: Keys): readonly string[] {
  return by.map((dimension) => row[dimension] || '(none)');
}

function headOf(dimension: Dimension): string {
  return dimension.replace('_', ' ');
}

function largestCost(rows: readonly SpendLine[], currency: string): bigint {
  let largest = 0n;
  for (const row of rows) {
    const cost = row.currency === currency ? parseAmount(row.cost) : 0n;
    if (cost > largest) largest = cost;
  }
  return largest;
}

/** ClickHouse pads decimals with zeros. */
function exact(text: string): string {
  return formatAmount(parseAmount(text));
}

function milliseconds(value: number | null): string {
  return value === null ? '-' : value.toFixed(0);
}

function percent(rate: number | null): string {
  return rate === null ? '-' : `${(rate * 100).toFixed(2)} %`;
}
