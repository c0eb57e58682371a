import { describe, expect, it } from 'vitest';
import type { Block } from '../../../services/analytics-sink/block.ts';
import { blockToken } from '../../../services/analytics-sink/block.ts';
import { Lane } from '../../../services/analytics-sink/lane.ts';
import { UnreadableRecord } from '../../../services/analytics-sink/routes.ts';
import type { LogRecord } from '../../../topology/log.ts';
import { framed, logRecord, routes } from './sink-log.ts';
import { costEvent, journalEntry, MID_MONTH } from './sink-records.ts';

const LIMITS = { blockRowsMax: 4, blockBytesMax: 1_000_000, lingerMs: 250 };

function sealIfDue(lane: Lane, nowMs: number): void {
  if (lane.isDue(nowMs)) lane.sealToGoAlong();
}

function laneOf(topic: string, limits = LIMITS, position = 0): Lane {
  const route = routes.find((candidate) => candidate.topic === topic);
  if (route === undefined) throw new Error(topic);
  return new Lane(route, { partition: 0, position }, limits);
}

function use(offset: number, appendedAt = MID_MONTH): LogRecord {
  return logRecord({ topic: 'cost-events', offset, appendedAt }, framed('CostEvent', costEvent(offset)));
}

function entry(offset: number): LogRecord {
  return logRecord({ topic: 'journal', offset }, framed('JournalEntry', journalEntry(offset, 5n)));
}

function feed(lane: Lane, records: readonly LogRecord[], nowMs = 0): void {
  const last = records.at(-1)?.offset ?? 0;
  const [first] = records;
  const topic = first?.topic ?? '';
  lane.take({ topic, partition: 0, records, nextOffset: last + 1, stableOffset: last + 1 }, nowMs);
}

/** Everything the lane hands out, each block landing at once. */
function drain(lane: Lane): readonly Block[] {
  const blocks: Block[] = [];
  for (let block = lane.next(); block !== null; block = lane.next()) {
    blocks.push(block);
    lane.landed();
  }
  return blocks;
}

function ranges(blocks: readonly Block[]): readonly string[] {
  return blocks.map((block) => `${block.firstOffset}-${block.lastOffset}:${block.rows}`);
}

describe('a lane', () => {
  it('cuts blocks at the maximum of rows and keeps the rest open', () => {
    const lane = laneOf('cost-events');
    feed(
      lane,
      [0, 1, 2, 3, 4, 5].map((offset) => use(offset)),
    );
    expect(ranges(drain(lane))).toEqual(['0-3:4']);
    lane.seal();
    expect(ranges(drain(lane))).toEqual(['4-5:2']);
    expect(lane.isEmpty).toBe(true);
  });

  it('names a block by its offsets, gaps or not', () => {
    const lane = laneOf('cost-events');
    feed(
      lane,
      [3, 7, 8, 20].map((offset) => use(offset)),
    );
    const [block] = drain(lane);
    expect(block === undefined ? '' : blockToken(block)).toBe('cost-events-0-3-20');
    expect(lane.position).toBe(21);
  });

  it('follows the next offset of a slice without records', () => {
    const lane = laneOf('cost-events', LIMITS, 5);
    lane.take({ topic: 'cost-events', partition: 0, records: [], nextOffset: 9, stableOffset: 9 }, 0);
    expect(lane.position).toBe(9);
    expect(lane.isEmpty).toBe(true);
  });

  it('cuts at the end of a month by append time', () => {
    const lane = laneOf('cost-events');
    const end = Date.UTC(2026, 3, 1);
    feed(lane, [use(0, end - 2), use(1, end - 1), use(2, end), use(3, end + 1)]);
    lane.seal();
    expect(ranges(drain(lane))).toEqual(['0-1:2', '2-3:2']);
  });

  it('cuts again when append time goes back into the month before', () => {
    const lane = laneOf('cost-events');
    const end = Date.UTC(2027, 0, 1);
    feed(lane, [use(0, end - 1), use(1, end), use(2, end - 1)]);
    lane.seal();
    expect(ranges(drain(lane))).toEqual(['0-0:1', '1-1:1', '2-2:1']);
  });

  it('never splits the postings of an entry', () => {
    const lane = laneOf('journal', { ...LIMITS, blockRowsMax: 3 });
    feed(
      lane,
      [0, 1, 2].map((offset) => entry(offset)),
    );
    lane.seal();
    expect(ranges(drain(lane))).toEqual(['0-1:4', '2-2:2']);
  });

  it('cuts at the maximum of bytes, and lets a single record exceed it', () => {
    const lane = laneOf('cost-events', { ...LIMITS, blockBytesMax: 10 });
    feed(lane, [use(0), use(1)]);
    expect(ranges(drain(lane))).toEqual(['0-0:1', '1-1:1']);
  });

  it('makes no block of an entry without postings', () => {
    const lane = laneOf('journal');
    const empty = { ...journalEntry(0, 1n), postings: [] };
    feed(lane, [logRecord({ topic: 'journal', offset: 0 }, framed('JournalEntry', empty))]);
    lane.seal();
    expect(drain(lane)).toEqual([]);
    expect(lane.position).toBe(1);
  });

  it('waits for the linger, and while a block is on its way goes on growing', () => {
    const lane = laneOf('cost-events');
    feed(lane, [use(0)], 1_000);
    sealIfDue(lane, 1_249);
    expect(lane.next()).toBeNull();
    sealIfDue(lane, 1_250);
    const first = lane.next();
    expect(first?.lastOffset).toBe(0);
    feed(lane, [use(1)], 1_300);
    sealIfDue(lane, 9_000);
    expect(lane.next()).toBeNull();
    feed(lane, [use(2)], 9_000);
    lane.landed();
    sealIfDue(lane, 9_001);
    expect(ranges(drain(lane))).toEqual(['1-2:2']);
  });

  it('hands out one block at a time', () => {
    const lane = laneOf('cost-events', { ...LIMITS, blockRowsMax: 1 });
    feed(lane, [use(0), use(1)]);
    expect(lane.next()?.firstOffset).toBe(0);
    expect(lane.next()).toBeNull();
    lane.landed();
    expect(lane.next()?.firstOffset).toBe(1);
  });

  it('refuses a record below its position', () => {
    const lane = laneOf('cost-events', LIMITS, 5);
    expect(() => feed(lane, [use(4)])).toThrow('cost-events/0@4 is below 5');
  });
});

describe('a record that cannot be read', () => {
  const cases: readonly (readonly [string, Buffer | null])[] = [
    ['missing_value', null],
    ['unframed', Buffer.from('plain')],
    ['schema_unresolved', Buffer.from([0, 0, 0, 0, 9, 1])],
    ['undecodable', framed('CostEvent', costEvent(1)).subarray(0, 40)],
    ['schema_mismatch', framed('Step', stepWithoutRanges())],
  ];
  it.each(cases)('stops the lane with its address: %s', (code, value) => {
    const lane = laneOf('cost-events');
    const record = logRecord({ topic: 'cost-events', offset: 17 }, value);
    expect(() => feed(lane, [record])).toThrow(UnreadableRecord);
    expect(() => feed(laneOf('cost-events'), [record])).toThrow(
      `cost-events/0@17 cannot be stored (${code})`,
    );
  });

  it('is one whose posting has no side', () => {
    const broken = { ...journalEntry(0, 1n) };
    const postings = broken.postings.map((posting) => ({ ...posting, side: 'left' }));
    const value = framed('JournalEntry', { ...broken, postings });
    expect(() => feed(laneOf('journal'), [logRecord({ topic: 'journal', offset: 3 }, value)])).toThrow(
      /journal\/0@3 .*neither debit nor credit/,
    );
  });
});

function stepWithoutRanges() {
  const digest = Buffer.alloc(32);
  return {
    service: 'rating',
    partition: 0,
    step: 1,
    ranges: [],
    held: [],
    streamTime: null,
    outputs: 0,
    outputDigest: digest,
    previousDigest: digest,
    digest,
  };
}
