/** `ledger health` for people: three measurements with their verdicts, then the sources, the most lossy first. */
import type { Health, SourceReport } from '../commands/health.ts';
import { type Column, counted, table } from '../output.ts';

export function renderHealth(health: Health): string {
  const lines = [table(MEASURED, [lossRow(health), delayRow(health), batchRow(health)]), ''];
  if (health.sources.length > 0) lines.push(table(SOURCES, health.sources.map(sourceRow)), '');
  const unlisted = health.loss.sources - health.sources.length;
  if (unlisted > 0) lines.push(`${counted(unlisted, 'source')} with less loss not listed.`, '');
  for (const source of health.sources) lines.push(...gapLines(source));
  return [...lines, ...notes(health)].join('\n');
}

const MEASURED: readonly Column[] = [
  { head: '' },
  { head: 'measured' },
  { head: 'found' },
  { head: 'threshold' },
];

const SOURCES: readonly Column[] = [
  { head: '' },
  { head: 'source' },
  { head: 'first', align: 'right' },
  { head: 'last', align: 'right' },
  { head: 'received', align: 'right' },
  { head: 'missing', align: 'right' },
  { head: 'loss', align: 'right' },
  { head: 'p50 ms', align: 'right' },
  { head: 'p95 ms', align: 'right' },
  { head: 'p99 ms', align: 'right' },
];

function lossRow({ loss }: Health): readonly string[] {
  const found =
    loss.rate === null
      ? 'no use carries a number'
      : `${percent(loss.rate)}: ${loss.missing} missing, ${loss.received} received of ${counted(loss.sources, 'source')}`;
  return [loss.verdict, 'loss', found, '< 0.1 %, of every source'];
}

function delayRow({ delay }: Health): readonly string[] {
  const found =
    delay.timed === 0
      ? 'no use says when it was sent'
      : `p50 ${ms(delay.p50Ms)}, p95 ${ms(delay.p95Ms)}, p99 ${ms(delay.p99Ms)} ms of ${counted(delay.timed, 'use')}`;
  return [delay.verdict, 'ingest delay, sent to appended', found, 'p95 < 100 ms'];
}

function batchRow({ batches }: Health): readonly string[] {
  if (!batches.measured) return [batches.verdict, 'batch success', batches.reason, '> 99.9 %'];
  const { taken, failed, refused } = batches.batches;
  const judged = taken + failed;
  const found =
    judged === 0
      ? 'the gateway has answered none'
      : `${percent(taken / judged)}: ${taken} taken, ${failed} failed (${refused} refused as wrong)`;
  return [batches.verdict, 'batch success', found, '> 99.9 %'];
}

function sourceRow({ sourceId, first, last, received, ...rest }: SourceReport): readonly string[] {
  const { missing, lossRate, verdict, delay } = rest;
  const counts = [first, last, received, missing].map(String);
  const delays = [delay?.p50Ms, delay?.p95Ms, delay?.p99Ms].map((value) => ms(value ?? null));
  return [verdict, sourceId, ...counts, percent(lossRate), ...delays];
}

function gapLines({ sourceId, gaps }: SourceReport): readonly string[] {
  if (gaps.count === 0) return [];
  const shown = gaps.ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
  const rest = gaps.count - gaps.ranges.length;
  return [
    `missing of ${sourceId}: ${shown.join(', ')}${rest > 0 ? `, and ${counted(rest, 'gap')} more` : ''}`,
  ];
}

function notes({ behind, delay, loss }: Health): readonly string[] {
  const untimed = delay.uses - delay.timed;
  return [
    ...(behind ? ['Records are still on their way to ClickHouse: a gap may be one of them.'] : []),
    ...(Number(loss.missing) > 0
      ? [
          'A gap is a number below the largest seen that is on no record of the log; it closes when one arrives.',
        ]
      : []),
    ...(delay.timed > 0 && untimed > 0 ? [`${counted(untimed, 'use')} without sentAt are not timed.`] : []),
    ...(delay.ahead > 0
      ? [`${counted(delay.ahead, 'use')} sent by a clock ahead of the broker's count as 0 ms.`]
      : []),
    'Batches are those that the gateway answered since it started; what never reached it shows as a gap.',
  ];
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(4)} %`;
}

function ms(value: number | null): string {
  return value === null ? '-' : value.toFixed(0);
}
