/**
 * Finds records by id on the log.
 *
 * Job: first any record that bears the id itself; then, on the partition of its account, everything linked to it.
 *
 * Invariants:
 *  1. A record is decoded only when its bytes hold one of the ids, so a scan costs little more than reading.
 *  2. Ids are unique per account only, so two accounts with the same id are two stories.
 */
import type { Refusal } from '../../../schemas/generated/refusal.ts';
import type { AccountId } from '../../../schemas/ids.ts';
import type { LogRecord, TopicPartition } from '../../../topology/log.ts';
import { partitionOf } from '../../../topology/partitioner.ts';
import type { Progress } from '../progress.ts';
import { decode, partitionsOf, recordAt, type Source, scan } from '../topic-scan.ts';
import { EXPLAINED_TOPICS, idText, type Located, linksOf, locate } from './located.ts';

export interface Finder {
  readonly source: Source;
  readonly progress: Progress;
}

export interface Story {
  readonly accountId: AccountId;
  readonly partition: number;
  readonly records: readonly Located[];
  readonly refusals: readonly { readonly offset: number; readonly value: Refusal }[];
}

/** Records whose own id is the one given: at most one account's worth when `accountId` is given. */
export async function findById(
  finder: Finder,
  id: string,
  accountId: AccountId | null,
): Promise<readonly Located[]> {
  const { source } = finder;
  const topics = [...EXPLAINED_TOPICS, 'invoices'];
  const places = (await partitionsOf(source.log, topics)).filter(within(accountId, await countOf(source)));
  const found: Located[] = [];
  await scanFor(finder, { places, needles: [id], label: `looking for ${id}` }, (record) => {
    const located = locate(source.directory, record);
    if (located === null || (accountId !== null && located.value.accountId !== accountId)) return;
    if (linksOf(located).own.some((own) => idText(own) === id)) found.push(located);
  });
  return found;
}

/** Everything of the same account that follows from what `start` follows from. */
export async function findStory(finder: Finder, start: Located): Promise<Story> {
  const { source } = finder;
  const { accountId } = start.value;
  const { partition } = start;
  const ids = await idsUpwards(source, start);
  const records: Located[] = [];
  for (const topic of EXPLAINED_TOPICS) {
    const needles = [...ids].map(idText);
    await scanFor(
      finder,
      { places: [{ topic, partition }], needles, label: `reading ${topic}` },
      (record) => {
        const located = locate(source.directory, record);
        if (located === null || located.value.accountId !== accountId) return;
        const { own, up } = linksOf(located);
        if (![...own, ...up].some((link) => ids.has(link))) return;
        for (const link of own) ids.add(link);
        records.push(located);
      },
    );
  }
  return { accountId, partition, records, refusals: await refusalsOf(finder, partition, { accountId, ids }) };
}

async function refusalsOf(
  finder: Finder,
  partition: number,
  story: { readonly accountId: AccountId; readonly ids: ReadonlySet<string> },
): Promise<Story['refusals']> {
  const { directory } = finder.source;
  const texts = new Set([...story.ids].map(idText));
  const places = ['rating', 'outcome-confidence', 'credit-balances'].map((service) => ({
    topic: `${service}-rejected`,
    partition,
  }));
  const refusals: { offset: number; value: Refusal }[] = [];
  await scanFor(finder, { places, needles: [...texts], label: 'reading refusals' }, (record) => {
    const decoded = decode(directory, 'Refusal', record);
    if (!decoded.ok || decoded.value.accountId !== story.accountId) return;
    if (texts.has(decoded.value.recordId ?? ''))
      refusals.push({ offset: record.offset, value: decoded.value });
  });
  return refusals;
}

/** The ids of a record and of all it was caused by, up to a record that nothing caused. */
async function idsUpwards(source: Source, start: Located): Promise<Set<string>> {
  const ids = new Set<string>();
  let current: Located | null = start;
  while (current !== null) {
    const { own, up } = linksOf(current);
    for (const id of [...own, ...up]) ids.add(id);
    const { value }: Located = current;
    const record: LogRecord | null = 'cause' in value ? await recordAt(source, value.cause) : null;
    current = record === null ? null : locate(source.directory, record);
  }
  return ids;
}

interface Search {
  readonly places: readonly TopicPartition[];
  readonly needles: readonly string[];
  readonly label: string;
}

async function scanFor(finder: Finder, search: Search, visit: (record: LogRecord) => void): Promise<void> {
  const needles = search.needles.map((needle) => Buffer.from(needle));
  const task = finder.progress.start(search.label, null);
  await scan(finder.source, search.places, {
    visit({ value, ...rest }) {
      if (value !== null && needles.some((needle) => value.includes(needle))) visit({ value, ...rest });
    },
    moved: (count) => task.add(count),
  });
  task.end();
}

async function countOf(source: Source): Promise<number> {
  return source.log.partitionCount('charges');
}

function within(accountId: AccountId | null, partitions: number): (place: TopicPartition) => boolean {
  if (accountId === null) return () => true;
  const own = partitionOf(Buffer.from(accountId), partitions);
  return ({ partition }) => partition === own;
}
