/**
 * Compares the records on the log with what heads sealed of them, and finds the first that differs in each partition.
 *
 * Job: one pass over the log with one digest a range; only where a digest differs is the index of that head read and
 * the range read again, to say which record, in which way, and which step wrote or took it.
 *
 * Invariants:
 *  1. That something differs rests on the signed digests alone; the index only says where.
 *  2. Memory is one fetch, and the entries of one range where one differs.
 */
import { type ServiceName, serviceTopics } from '../../topology/topics.ts';
import { decode, placeOf, type Source, scan } from '../cli/topic-scan.ts';
import { type Difference, type DifferenceKind, firstDifference } from './difference.ts';
import { type Fault, faultOf } from './fault.ts';
import type { Head, SealedRange } from './head.ts';
import { readIndex } from './index-file.ts';
import { contentDigest, encodeEntry, RangeDigest, RecordList } from './record-list.ts';
import { isCompacted, readersOf, writerOf } from './sealed-topics.ts';

/** Records looked at behind a range, to know one that was pushed out of it by an inserted one. */
const BEHIND_MAX = 100;

export interface RangeCheck {
  readonly heads: readonly Head[];
  /** Where the index files may lie. */
  readonly folders: readonly string[];
  readonly isChosen: (place: { readonly topic: string; readonly partition: number }) => boolean;
  readonly onRecords: (count: number) => void;
}

export interface RangeReport {
  readonly records: number;
  readonly faults: readonly Fault[];
}

interface HeadRange {
  readonly head: Head;
  readonly range: SealedRange;
}

export async function checkRanges(source: Source, check: RangeCheck): Promise<RangeReport> {
  const byTopic = new Map<string, Map<string, HeadRange[]>>();
  for (const head of check.heads) {
    for (const range of head.ranges.filter(check.isChosen)) {
      const places = byTopic.get(range.topic) ?? new Map<string, HeadRange[]>();
      byTopic.set(range.topic, places);
      places.set(placeOf(range), [...(places.get(placeOf(range)) ?? []), { head, range }]);
    }
  }
  const faults: Fault[] = [];
  let records = 0;
  for (const places of byTopic.values()) {
    const lines = new Map([...places].map(([place, ranges]) => [place, new RangeLine(ranges)]));
    await readLines(source, lines, (count) => {
      records += count;
      check.onRecords(count);
    });
    for (const line of lines.values()) {
      const fault = await firstFault(source, check, line.differing());
      if (fault !== null) faults.push(fault);
    }
  }
  return { records, faults };
}

async function readLines(
  source: Source,
  lines: ReadonlyMap<string, RangeLine>,
  onRecords: (count: number) => void,
): Promise<void> {
  const places = [...lines.values()].flatMap(({ ranges }) => ranges.slice(0, 1).map(({ range }) => range));
  await scan(
    source,
    places.map(({ topic, partition }) => ({ topic, partition })),
    {
      visit(record) {
        if (lines.get(placeOf(record))?.take(record) === true) onRecords(1);
      },
    },
  );
}

/** The ranges of one partition, one after the other, while its records pass. */
class RangeLine {
  readonly ranges: readonly HeadRange[];
  readonly #differing: HeadRange[] = [];
  #current = 0;
  #digest = new RangeDigest();

  constructor(ranges: readonly HeadRange[]) {
    this.ranges = ranges;
  }

  /** False for a record that none of the heads sealed. */
  take(record: Parameters<typeof contentDigest>[0]): boolean {
    for (;;) {
      const current = this.ranges[this.#current];
      if (current === undefined) return false;
      if (record.offset < current.range.from) return false;
      if (record.offset < current.range.to) break;
      this.#end(current);
    }
    this.#digest.add(record, contentDigest(record));
    return true;
  }

  /** Ends the line and says which ranges are not what was sealed. */
  differing(): readonly HeadRange[] {
    for (const range of this.ranges.slice(this.#current)) this.#end(range);
    return this.#differing;
  }

  #end(current: HeadRange): void {
    if (this.#digest.hex() !== current.range.digest) this.#differing.push(current);
    this.#digest = new RangeDigest();
    this.#current += 1;
  }
}

async function firstFault(
  source: Source,
  check: RangeCheck,
  differing: readonly HeadRange[],
): Promise<Fault | null> {
  for (const { head, range } of differing) {
    const { topic, partition, from, to } = range;
    const sealed = readIndex(check.folders, head, range);
    if (sealed === null) {
      const message = `what lies from ${from} to ${to} is not what head ${head.sequence} sealed; its index is missing or was changed`;
      const place = { topic, partition, offset: from, service: writerOf(topic) };
      return faultOf(isCompacted(topic) ? 'index_missing' : 'altered', message, place);
    }
    const difference = await differenceIn(source, range, sealed);
    if (difference !== null) return await located(source, range, difference);
    // The signed digest has the last word: only compaction may make it differ without a record that does.
    if (!isCompacted(topic)) return faultOf('altered', SENTENCES.altered, { topic, partition, offset: from });
  }
  return null;
}

async function differenceIn(
  source: Source,
  range: SealedRange,
  sealed: RecordList,
): Promise<Difference | null> {
  const { topic, partition, from, to } = range;
  const [bounds] = await source.log.bounds([{ topic, partition }]);
  if (bounds === undefined) return null;
  const entries: Buffer[] = [];
  let behind = 0;
  const lastOffsets = isCompacted(topic) ? new Map<string, number>() : null;
  await scan(source, [bounds], {
    from: [{ ...bounds, end: Math.min(bounds.end, Math.max(from, bounds.start)) }],
    visit(record) {
      if (record.offset >= to) behind += 1;
      if (lastOffsets === null && behind > BEHIND_MAX) return;
      const entry = encodeEntry(record, contentDigest(record), 0);
      if (behind <= BEHIND_MAX) entries.push(entry);
      lastOffsets?.set(new RecordList(entry).key(0), record.offset);
    },
  });
  const found = new RecordList(Buffer.concat(entries));
  return firstDifference(sealed, found, { to, logEnd: bounds.end, lastOffsets });
}

const SENTENCES: Readonly<Record<DifferenceKind, string>> = {
  altered: 'the record is not the one that was sealed',
  dropped: 'the record that was sealed is gone',
  reordered: 'the record that was sealed lies at another place',
  inserted: 'the record was not there when the log was sealed',
  back_dated: 'the record is the one that was sealed and has another append time',
  truncated: 'the log ends before it, and it was sealed',
};

/** The step that wrote the record, or the first that took it where it came from outside. */
async function located(source: Source, range: SealedRange, difference: Difference): Promise<Fault> {
  const { topic, partition } = range;
  const { kind, offset, step } = difference;
  const place = { topic, partition, offset };
  const writer = writerOf(topic);
  if (writer !== null) return faultOf(kind, SENTENCES[kind], { ...place, service: writer, step });
  for (const service of readersOf(topic)) {
    const taker = await takerOf(source, { ...place, service });
    if (taker !== null) return faultOf(kind, SENTENCES[kind], { ...place, service, step: taker });
  }
  return faultOf(kind, SENTENCES[kind], place);
}

async function takerOf(
  source: Source,
  place: {
    readonly service: ServiceName;
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
  },
): Promise<number | null> {
  let found: number | null = null;
  await scan(source, [{ topic: serviceTopics(place.service).steps, partition: place.partition }], {
    visit(record) {
      if (found !== null) return;
      const step = decode(source.directory, 'Step', record);
      if (!step.ok) return;
      const holds = step.value.ranges.some(
        ({ topic, from, to }) => topic === place.topic && from <= place.offset && place.offset < to,
      );
      if (holds) found = step.value.step;
    },
  });
  return found;
}
