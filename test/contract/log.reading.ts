/**
 * Job: contract cases about reading, appending, topics and groups.
 *
 * Boundary: one exported table; `log.contract.ts` turns it into tests.
 */

import { expect } from 'vitest';
import type { LogReader, Position } from '../../topology/log.ts';
import { drain, fresh, freshTopic, type LogHarness } from './log.harness.ts';
import { textRecord, valuesOf } from './log.records.ts';

const idleWaitMs = 150;

function readerOf(harness: LogHarness, positions: readonly Position[]): Promise<LogReader> {
  const limits = { fetchBytesMax: 1_000_000, partitionBytesMax: 1_000_000, fetchWaitMs: idleWaitMs };
  return harness.log.reader({ positions, ...limits });
}

async function appendKeepsOrder({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 2);
  const first = await log.append([0, 1, 2].map((n) => textRecord(topic, 0, ['k', `a${n}`])));
  expect(first).toEqual([{ topic, partition: 0, firstOffset: 0, count: 3 }]);
  const same = textRecord(topic, 0, ['k', 'same']);
  const calls = await Promise.all([
    log.append([same, same]),
    log.append([same, textRecord(topic, 1, ['k', 'x'])]),
  ]);
  expect(
    calls
      .flat()
      .sort((left, right) => left.partition - right.partition || left.firstOffset - right.firstOffset),
  ).toEqual([
    { topic, partition: 0, firstOffset: 3, count: 2 },
    { topic, partition: 0, firstOffset: 5, count: 1 },
    { topic, partition: 1, firstOffset: 0, count: 1 },
  ]);
  const { records } = await drain(log, { topic, partition: 0, offset: 0 });
  expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(valuesOf(records)).toEqual(['a0', 'a1', 'a2', 'same', 'same', 'same']);
}

async function largeAppend({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 1);
  const value = Buffer.alloc(1_000, 7);
  const records = Array.from({ length: 3_000 }, (_, n) => ({
    topic,
    partition: 0,
    key: Buffer.from(String(n)),
    value,
  }));
  const appended = await log.append(records);
  expect(appended.reduce((sum, { count }) => sum + count, 0)).toBe(3_000);
  const read = await drain(log, { topic, partition: 0, offset: 0 });
  expect(read.records.map(({ key }) => String(key))).toEqual(records.map(({ key }) => String(key)));
  expect(read.slices.length).toBeGreaterThan(1);
}

async function refusesBadAppends({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 1);
  const good = log.append([textRecord(topic, 0, ['k', 'good'])]);
  const results = await Promise.allSettled([
    good,
    log.append([textRecord(topic, 5, ['k', 'no such partition'])]),
    log.append([textRecord(fresh('missing'), 0, ['k', 'no such topic'])]),
    log.append([{ topic, partition: 0, key: null, value: Buffer.alloc(1_000_000) }]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
  const kinds = results.map((result) => (result.status === 'rejected' ? result.reason.kind : null));
  expect(kinds).toEqual([null, 'fatal', 'fatal', 'fatal']);
}

async function keepsBytes({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 1);
  const headers = [
    ['ce_id', Buffer.from('42')],
    ['empty', Buffer.alloc(0)],
    ['ce_id', Buffer.from([0, 255])],
    ['Größe', Buffer.alloc(200, 1)],
  ] as const;
  const scratch = Buffer.from('reused');
  await log.append([
    { topic, partition: 0, key: null, value: null },
    { topic, partition: 0, key: Buffer.alloc(0), value: Buffer.alloc(0), headers },
    { topic, partition: 0, key: Buffer.alloc(70, 1), value: Buffer.alloc(10_000, 2), headers: [] },
    { topic, partition: 0, key: null, value: scratch },
    {
      topic,
      partition: 0,
      key: null,
      value: null,
      headers: headers.slice(0, 1),
      sharedHeaders: headers.slice(1),
    },
    { topic, partition: 0, key: null, value: null, sharedHeaders: headers },
  ]);
  scratch.fill(0);
  const { records } = await drain(log, { topic, partition: 0, offset: 0 });
  expect(records.map(({ key, value }) => [key, value])).toEqual([
    [null, null],
    [Buffer.alloc(0), Buffer.alloc(0)],
    [Buffer.alloc(70, 1), Buffer.alloc(10_000, 2)],
    [null, Buffer.from('reused')],
    [null, null],
    [null, null],
  ]);
  expect(records.map((record) => record.headers)).toEqual([[], headers, [], [], headers, headers]);
  for (const { appendedAt } of records) expect(appendedAt).toBeGreaterThan(1_000_000_000_000);
}

async function outOfRange(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 2);
  await log.append([0, 1, 2, 3].map((n) => textRecord(topic, 0, ['k', String(n)])));
  await harness.truncate(topic, 0, 2);
  expect(await log.bounds([{ topic, partition: 0 }])).toEqual([{ topic, partition: 0, start: 2, end: 4 }]);
  for (const offset of [1, 5]) {
    const reader = await readerOf(harness, [{ topic, partition: 0, offset }]);
    await expect(reader.fetch()).rejects.toMatchObject({ kind: 'out_of_range' });
    await reader.close();
  }
  const { records } = await drain(log, { topic, partition: 0, offset: 2 });
  expect(valuesOf(records)).toEqual(['2', '3']);
}

async function seekPauseResume(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 2);
  await log.append([0, 1].map((partition) => textRecord(topic, partition, ['k', `p${partition}`])));
  const reader = await readerOf(
    harness,
    [0, 1].map((partition) => ({ topic, partition, offset: 0 })),
  );
  reader.pause([{ topic, partition: 1 }]);
  const first = await reader.fetch();
  expect(first.map(({ partition, nextOffset }) => [partition, nextOffset])).toEqual([[0, 1]]);
  expect(await reader.fetch()).toEqual([]);
  reader.resume([{ topic, partition: 1 }]);
  expect((await reader.fetch()).map(({ partition }) => partition)).toEqual([1]);
  reader.seek({ topic, partition: 0, offset: 0 });
  expect((await reader.fetch()).map(({ partition, records }) => [partition, ...valuesOf(records)])).toEqual([
    [0, 'p0'],
  ]);
  await reader.close();
  await expect(reader.fetch()).rejects.toMatchObject({ kind: 'fatal' });
}

async function longPoll(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 1);
  const limits = { fetchBytesMax: 1_000, partitionBytesMax: 1_000, fetchWaitMs: 20_000 };
  const reader = await log.reader({ positions: [{ topic, partition: 0, offset: 0 }], ...limits });
  const waiting = reader.fetch();
  await log.append([textRecord(topic, 0, ['k', 'late'])]);
  expect((await waiting).flatMap(({ records }) => valuesOf(records))).toEqual(['late']);
  const cutOff = reader.fetch();
  await reader.close();
  expect(await cutOff).toEqual([]);
}

async function smallFetches({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 1);
  for (let n = 0; n < 5; n += 1)
    await log.append([{ topic, partition: 0, key: null, value: Buffer.alloc(5_000, n) }]);
  const { records, slices } = await drain(log, { topic, partition: 0, offset: 0 }, { bytesMax: 100 });
  expect(records.map(({ value }) => value?.[0])).toEqual([0, 1, 2, 3, 4]);
  expect(slices.length).toBe(5);
}

async function topics({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 3, { 'retention.ms': '-1' });
  expect(await log.partitionCount(topic)).toBe(3);
  const missing = fresh('missing');
  await expect(log.partitionCount(missing)).rejects.toMatchObject({ kind: 'fatal' });
  await log.admin.alterTopicConfig(topic, { 'max.message.bytes': '2000000' });
  const config = {
    'message.timestamp.type': 'LogAppendTime',
    'retention.ms': '-1',
    'max.message.bytes': '2000000',
  };
  expect(await log.admin.describeTopics([topic, missing])).toEqual(
    new Map<string, unknown>([
      [topic, { name: topic, partitions: 3, config }],
      [missing, null],
    ]),
  );
  const again = { name: topic, partitions: 1, replicationFactor: 1, config: {} };
  await expect(log.admin.createTopics([again])).rejects.toMatchObject({ code: 'TOPIC_ALREADY_EXISTS' });
  expect(await log.admin.listTopics()).toContain(topic);
  await log.admin.deleteTopics([topic]);
  await expect.poll(() => log.admin.listTopics()).not.toContain(topic);
  await expect(log.admin.deleteTopics([missing])).rejects.toMatchObject({ kind: 'fatal' });
  expect((await log.clusterId()).length).toBeGreaterThan(0);
}

async function topicsMadeAgain({ log }: LogHarness): Promise<void> {
  const [topic, other] = [await freshTopic(log, 2), await freshTopic(log, 1)];
  const before = await log.topicIds([topic, other]);
  expect(new Set(before.keys())).toEqual(new Set([topic, other]));
  expect(before.get(topic)).toMatch(/^[\w-]+$/);
  expect(before.get(topic)).not.toBe(before.get(other));
  await log.append([textRecord(topic, 0, ['k', 'v'])]);
  expect(await log.topicIds([topic])).toEqual(new Map([[topic, before.get(topic)]]));
  await log.admin.deleteTopics([topic]);
  await expect.poll(() => log.admin.listTopics()).not.toContain(topic);
  await log.admin.createTopics([{ name: topic, partitions: 2, replicationFactor: 1, config: {} }]);
  const after = await log.topicIds([topic, other]);
  expect(after.get(topic)).not.toBe(before.get(topic));
  expect(after.get(other)).toBe(before.get(other));
  expect(await log.topicIds([])).toEqual(new Map());
  await expect(log.topicIds([fresh('missing')])).rejects.toMatchObject({ kind: 'fatal' });
}

async function membership({ log }: LogHarness): Promise<void> {
  const group = fresh('group');
  const first = await log.join(group, 5);
  expect(await first.next()).toEqual([0, 1, 2, 3, 4]);
  const second = await log.join(group, 5);
  const kept = await first.next();
  const given = await second.next();
  expect(kept).toEqual([0, 1, 2]);
  expect(given).toEqual([3, 4]);
  const pending = second.next();
  await first.leave();
  expect(await pending).toEqual([0, 1, 2, 3, 4]);
  await expect(first.next()).rejects.toMatchObject({ kind: 'fatal' });
  const cutOff = second.next();
  await second.leave();
  expect(await cutOff).toEqual([]);
}

export const readingCases: Readonly<Record<string, (harness: LogHarness) => Promise<void>>> = {
  'keeps the order of appends and says where they went': appendKeepsOrder,
  'splits an append larger than a batch': largeAppend,
  'refuses a bad append alone': refusesBadAppends,
  'keeps keys, values and headers byte for byte': keepsBytes,
  'raises a position below the start and beyond the end': outOfRange,
  'seeks, pauses and resumes': seekPauseResume,
  'wakes a waiting fetch on append and on close': longPoll,
  'returns a record larger than the fetch limit': smallFetches,
  'creates, describes, alters, lists and deletes topics': topics,
  'names a topic that was made again otherwise': topicsMadeAgain,
  'hands partitions to the members of a group, sticky': membership,
};
