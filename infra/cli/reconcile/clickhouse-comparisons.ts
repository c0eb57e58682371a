/**
 * Compares what ClickHouse holds with what the topics hold: records, sums, and which offsets are missing.
 *
 * Boundary: ClickHouse counts and adds up its own rows; nothing is copied out of it but the offsets of a range that
 * differs.
 */
import { z } from 'zod';
import { parseAmount } from '../../../schemas/amount.ts';
import { MoneyText, Whole } from '../../analytics/select.ts';
import type { Analytics } from '../analytics.ts';
import { PartitionCursor, type Source } from '../topic-scan.ts';
import { amountsText, totalOf } from './chain-comparisons.ts';
import { type Comparison, comparison, NAMED_MAX } from './difference.ts';
import { MoneySums } from './money-sums.ts';
import { BUCKET_OFFSETS, type PartitionTally } from './partition-tally.ts';

interface Mirror {
  readonly topic: string;
  readonly table: string;
  /** Which money is compared, in SQL and on the log; null where only records are counted. */
  readonly money: { readonly sql: string; readonly onLog: (tally: PartitionTally) => MoneySums } | null;
}

const MIRRORS: readonly Mirror[] = [
  {
    topic: 'cost-events',
    table: 'usage',
    money: { sql: 'sum(amount)', onLog: (tally) => tally.costRecords },
  },
  {
    topic: 'charges',
    table: 'charges',
    money: { sql: 'sum(amount)', onLog: (tally) => tally.chargeRecords },
  },
  {
    topic: 'journal',
    table: 'journal',
    money: { sql: 'sum(debit)', onLog: (tally) => tally.postings.debits },
  },
  { topic: 'invoices', table: 'invoices', money: null },
];

const CurrencySum = z.object({ currency: z.string(), amount: MoneyText });
const BucketRow = z.object({ partition: Whole, bucket: Whole, records: Whole });
const OffsetRow = z.object({ offset: Whole });

interface Sides {
  readonly source: Source;
  readonly analytics: Analytics;
  readonly tallies: readonly PartitionTally[];
}

export async function clickhouseComparisons(sides: Sides): Promise<readonly Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const mirror of MIRRORS) comparisons.push(await compareMirror(sides, mirror));
  return comparisons;
}

async function compareMirror(sides: Sides, mirror: Mirror): Promise<Comparison> {
  const { topic, table, money } = mirror;
  const log = bucketsOnLog(sides.tallies, topic);
  const stored = await bucketsStored(sides.analytics, table);
  const places: string[] = [];
  for (const key of new Set([...log.keys(), ...stored.keys()])) {
    if (log.get(key) === stored.get(key) || places.length >= NAMED_MAX) continue;
    const [partition = 0, bucket = 0] = key.split('/').map(Number);
    places.push(...(await compareBucket(sides, mirror, { partition, bucket })));
  }
  const left = `${sum(log)} records`;
  const right = `${sum(stored)} records`;
  const name = `${topic} = ClickHouse ${table}`;
  if (money === null) return comparison(name, left, right, places);
  const onLog = amountsText(totalOf(sides.tallies, money.onLog));
  const inStore = amountsText(await storedSums(sides.analytics, table, money.sql));
  return comparison(name, `${left} of ${onLog}`, `${right} of ${inStore}`, places);
}

async function storedSums(analytics: Analytics, table: string, sql: string): Promise<MoneySums> {
  const sums = new MoneySums();
  const query = `SELECT currency, ${sql} AS amount FROM ${table} GROUP BY currency`;
  for (const row of await analytics.select({ query, row: CurrencySum })) {
    sums.addAmount(row.currency, parseAmount(row.amount));
  }
  return sums;
}

function bucketsOnLog(tallies: readonly PartitionTally[], topic: string): ReadonlyMap<string, number> {
  const buckets = new Map<string, number>();
  for (const { partition, buckets: byTopic } of tallies) {
    for (const [bucket, count] of byTopic.get(topic) ?? []) buckets.set(`${partition}/${bucket}`, count);
  }
  return buckets;
}

async function bucketsStored(analytics: Analytics, table: string): Promise<ReadonlyMap<string, number>> {
  const rows = await analytics.select({
    query: `SELECT _partition AS partition, intDiv(_offset, ${BUCKET_OFFSETS}) AS bucket,
        uniqExact(_offset) AS records
      FROM ${table} GROUP BY partition, bucket`,
    row: BucketRow,
  });
  return new Map(rows.map(({ partition, bucket, records }) => [`${partition}/${bucket}`, records]));
}

async function compareBucket(
  { source, analytics }: Sides,
  { topic, table }: Mirror,
  { partition, bucket }: { readonly partition: number; readonly bucket: number },
): Promise<readonly string[]> {
  const start = bucket * BUCKET_OFFSETS;
  const rows = await analytics.select({
    query: `SELECT DISTINCT _offset AS offset FROM ${table}
      WHERE _partition = {partition:UInt16} AND _offset >= {start:UInt64} AND _offset < {end:UInt64}`,
    params: { partition, start, end: start + BUCKET_OFFSETS },
    row: OffsetRow,
  });
  const stored = new Set(rows.map(({ offset }) => offset));
  const missing: string[] = [];
  const cursor = await PartitionCursor.open(source, { topic, partition }, start);
  try {
    for (;;) {
      const record = await cursor.take();
      if (record === null || record.offset >= start + BUCKET_OFFSETS) break;
      if (stored.delete(record.offset) || missing.length >= NAMED_MAX) continue;
      missing.push(`${topic}/${partition}@${record.offset} (only on the log)`);
    }
  } finally {
    await cursor.close();
  }
  return [...missing, ...[...stored].map((offset) => `${topic}/${partition}@${offset} (only in ClickHouse)`)];
}

function sum(buckets: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of buckets.values()) total += count;
  return total;
}
