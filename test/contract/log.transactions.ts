/**
 * Job: contract cases about transactions: what becomes visible, what never does, and who may write.
 *
 * Boundary: one exported table; `log.contract.ts` turns it into tests.
 */

import { expect } from 'vitest';
import type { CommittedAt, LogRecord, Position, Tenure, Transactor } from '../../topology/log.ts';
import { type PackMemory, RecordPacker, recordBytesMax } from '../../topology/record-pack.ts';
import { compactedConfig, drain, fresh, freshTopic, type LogHarness } from './log.harness.ts';
import { textRecord, valuesOf } from './log.records.ts';

const timeoutMs = 20_000;

async function commitOne(transactor: Transactor, topic: string, value: string): Promise<void> {
  await transactor.commit({ records: [textRecord(topic, 0, ['k', value])], groupPositions: null });
}

async function commitsAllOrNothing({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 2);
  const group = fresh('positions');
  const transactor = await log.transactor(fresh('tx'), { timeoutMs });
  await transactor.commit({ records: [], groupPositions: null });
  for (const round of ['a', 'b', 'c']) {
    const records = [0, 1, 0].map((partition, n) => textRecord(topic, partition, ['k', `${round}${n}`]));
    const positions = [{ topic, partition: 1, offset: round.charCodeAt(0) }];
    await transactor.commit({ records, groupPositions: { group, positions } });
  }
  await transactor.commit({
    records: [],
    groupPositions: { group, positions: [{ topic, partition: 0, offset: 7 }] },
  });
  await transactor.close();
  const { records, nextOffset } = await drain(log, { topic, partition: 0, offset: 0 }, { decidedTo: 9 });
  expect(valuesOf(records)).toEqual(['a0', 'a2', 'b0', 'b2', 'c0', 'c2']);
  expect(nextOffset).toBe(9);
  expect(valuesOf((await drain(log, { topic, partition: 1, offset: 0 })).records)).toEqual([
    'a1',
    'b1',
    'c1',
  ]);
  const places = [0, 1].map((partition) => ({ topic, partition }));
  await expect
    .poll(() => log.admin.groupPositions(group, places))
    .toEqual([
      { topic, partition: 0, offset: 7 },
      { topic, partition: 1, offset: 99 },
    ]);
  const nobody = await log.admin.groupPositions(fresh('nobody'), places);
  expect(nobody.map(({ offset }) => offset)).toEqual([-1, -1]);
}

async function abortedIsInvisible(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 1);
  const group = fresh('positions');
  const transaction = await harness.openTransaction(fresh('tx'));
  await transaction.write([textRecord(topic, 0, ['k', 'aborted'])]);
  await transaction.publish(group, [{ topic, partition: 0, offset: 5 }]);
  await transaction.abort();
  const [plain] = await log.append([textRecord(topic, 0, ['k', 'plain'])]);
  const { records, nextOffset } = await drain(log, { topic, partition: 0, offset: 0 }, { decidedTo: 3 });
  expect(records.map(({ offset }) => offset)).toEqual([plain?.firstOffset]);
  expect(nextOffset).toBe(3);
  expect(await log.admin.groupPositions(group, [{ topic, partition: 0 }])).toEqual([
    { topic, partition: 0, offset: -1 },
  ]);
}

/** Four transactions in one partition; two abort, in the other order than they began. */
async function interleaved(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 1);
  const [one, two, three] = await Promise.all([1, 2, 3].map((n) => harness.openTransaction(fresh(`tx${n}`))));
  if (one === undefined || two === undefined || three === undefined) throw new Error('three were asked for');
  const zeros = { topic, partition: 0, key: Buffer.alloc(4), value: Buffer.from('one, zeros') };
  await one.write([textRecord(topic, 0, ['k', 'one, first']), zeros]);
  await two.write([textRecord(topic, 0, ['k', 'two, first'])]);
  await three.write([textRecord(topic, 0, ['k', 'three'])]);
  await log.append([textRecord(topic, 0, ['k', 'plain'])]);
  await one.write([zeros, textRecord(topic, 0, ['k', 'one, last'])]);
  await two.write([textRecord(topic, 0, ['k', 'two, last'])]);
  await two.abort();
  await three.commit();
  expect((await log.bounds([{ topic, partition: 0 }]))[0]?.end).toBe(0);
  await one.abort();
  const [after] = await log.append([textRecord(topic, 0, ['k', 'after'])]);
  const decidedTo = (after?.firstOffset ?? 0) + 1;
  const whole = await drain(log, { topic, partition: 0, offset: 0 }, { decidedTo });
  expect(valuesOf(whole.records)).toEqual(['three', 'plain', 'after']);
  for (const [offset, expected] of [
    [1, ['three', 'plain', 'after']],
    [4, ['plain', 'after']],
    [6, ['after']],
    [8, ['after']],
  ] as const) {
    expect(valuesOf((await drain(log, { topic, partition: 0, offset })).records)).toEqual(expected);
  }
}

/** Only markers and aborted records are left before the end: a reader must still arrive there. */
async function movesPastNothing(harness: LogHarness): Promise<void> {
  const topic = await freshTopic(harness.log, 1);
  const id = fresh('tx');
  for (let n = 0; n < 3; n += 1) {
    const transaction = await harness.openTransaction(id);
    await transaction.write([textRecord(topic, 0, ['k', 'gone'])]);
    await transaction.abort();
  }
  const { records, nextOffset } = await drain(
    harness.log,
    { topic, partition: 0, offset: 0 },
    { decidedTo: 6 },
  );
  expect(records).toEqual([]);
  expect(nextOffset).toBe(6);
}

async function compacted(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 1, compactedConfig);
  const transactor = await log.transactor(fresh('tx'), { timeoutMs });
  for (let n = 0; n < 20; n += 1) await commitOne(transactor, topic, `v${n}`);
  await transactor.close();
  await harness.compact(topic, 0);
  const [end] = await log.append([textRecord(topic, 0, ['other', 'end'])]);
  const decidedTo = (end?.firstOffset ?? 0) + 1;
  const { records, nextOffset } = await drain(log, { topic, partition: 0, offset: 0 }, { decidedTo });
  const values = valuesOf(records.filter(({ key }) => String(key) === 'k'));
  expect(values.at(-1)).toBe('v19');
  expect(values.length).toBeLessThan(20);
  expect(nextOffset).toBe(decidedTo);
}

async function zombieIsFenced(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 1);
  const id = fresh('tx');
  const zombie = await log.transactor(id, { timeoutMs });
  await commitOne(zombie, topic, 'before');
  const owner = await log.transactor(id, { timeoutMs });
  await expect(commitOne(zombie, topic, 'zombie')).rejects.toMatchObject({ kind: 'fenced' });
  await expect(commitOne(zombie, topic, 'again')).rejects.toMatchObject({ kind: 'fatal' });
  await commitOne(owner, topic, 'owner');
  const open = await harness.openTransaction(id);
  await open.write([textRecord(topic, 0, ['k', 'left open'])]);
  const last = await log.transactor(id, { timeoutMs });
  await commitOne(last, topic, 'last');
  await expect(open.commit()).rejects.toThrow();
  await Promise.all([zombie.close(), owner.close(), last.close()]);
  const { records } = await drain(log, { topic, partition: 0, offset: 0 }, { decidedTo: 8 });
  expect(valuesOf(records)).toEqual(['before', 'owner', 'last']);
}

/** A rival is fenced as a former owner of the id itself would be; one that was never opened is no obstacle. */
async function rivalsAreFenced(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 1);
  const [idle, busy, open] = [fresh('idle'), fresh('busy'), fresh('open')];
  const resting = await log.transactor(idle, { timeoutMs });
  const working = await log.transactor(busy, { timeoutMs });
  await commitOne(working, topic, 'before');
  const left = await harness.openTransaction(open);
  await left.write([textRecord(topic, 0, ['k', 'left open'])]);
  const rivals = [idle, busy, open, fresh('never opened')];
  const owner = await log.transactor(fresh('own'), { timeoutMs, rivals });
  for (const rival of [resting, working]) {
    await expect(commitOne(rival, topic, 'rival')).rejects.toMatchObject({ kind: 'fenced' });
  }
  await expect(left.commit()).rejects.toThrow();
  await commitOne(owner, topic, 'owner');
  // Fencing goes one way: the owner is no rival of an id that does not say so.
  const other = await log.transactor(busy, { timeoutMs });
  await commitOne(other, topic, 'other');
  await commitOne(owner, topic, 'owner again');
  await Promise.all([resting, working, owner, other].map((transactor) => transactor.close()));
  const { records } = await drain(log, { topic, partition: 0, offset: 0 }, { decidedTo: 9 });
  expect(valuesOf(records)).toEqual(['before', 'owner', 'other', 'owner again']);
}

async function unknownOutcome(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 2);
  const id = fresh('tx');
  const deaf = await harness.deafTransactor(id);
  const records = [0, 1].map((partition) => textRecord(topic, partition, ['k', 'perhaps']));
  await expect(deaf.commit({ records, groupPositions: null })).rejects.toMatchObject({
    kind: 'unknown_outcome',
  });
  await expect(commitOne(deaf, topic, 'again')).rejects.toMatchObject({ kind: 'fatal' });
  await deaf.close();
  const owner = await log.transactor(id, { timeoutMs });
  const barriers = [0, 1].map((partition) => textRecord(topic, partition, ['k', 'barrier']));
  await owner.commit({ records: barriers, groupPositions: null });
  await owner.close();
  const ends = await log.append([0, 1].map((partition) => textRecord(topic, partition, ['k', 'end'])));
  const seen = await Promise.all(
    ends.map(({ partition, firstOffset }) =>
      drain(log, { topic, partition, offset: 0 }, { decidedTo: firstOffset + 1 }),
    ),
  );
  const [left, right] = seen.map((drained) => valuesOf(drained.records));
  expect(left).toEqual(right);
  expect(left?.slice(-2)).toEqual(['barrier', 'end']);
}

/** Coming back after trouble of one's own is no takeover; coming back after a takeover is refused, whatever the new owner did. */
async function formerOwnerStandsBack(harness: LogHarness): Promise<void> {
  const { log } = harness;
  const topic = await freshTopic(log, 1);
  const left = async (id: string): Promise<void> => {
    const open = await harness.openTransaction(id);
    await open.write([textRecord(topic, 0, ['k', 'left open'])]);
  };
  const takeovers: Readonly<Record<string, (id: string) => Promise<void>>> = {
    opened: async (id) => (await log.transactor(id, { timeoutMs })).close(),
    'is writing': left,
    'has committed': async (id) => {
      const owner = await log.transactor(id, { timeoutMs });
      await commitOne(owner, topic, 'owner');
      await owner.close();
    },
  };
  for (const takeOver of Object.values(takeovers)) {
    const id = fresh('tx');
    const tenure: Tenure = { identity: null };
    await left(id);
    const deaf = await harness.deafTransactor(id, tenure);
    await expect(commitOne(deaf, topic, 'first')).rejects.toMatchObject({ kind: 'unknown_outcome' });
    for (let time = 0; time < 3; time += 1) {
      const again = await log.transactor(id, { timeoutMs, tenure });
      await commitOne(again, topic, 'again');
      await again.close();
    }
    await takeOver(id);
    await expect(log.transactor(id, { timeoutMs, tenure })).rejects.toMatchObject({ code: 'TAKEN_OVER' });
    await deaf.close();
  }
}

/** A rival that opens while a former owner comes back is its successor and not its rival. */
async function comingBackFencesNoRival({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 1);
  const [id, rival] = [fresh('own'), fresh('rival')];
  const options = { timeoutMs, rivals: [rival], tenure: { identity: null } };
  await (await log.transactor(id, options)).close();
  const successor = await log.transactor(rival, { timeoutMs });
  await (await log.transactor(id, options)).close();
  await commitOne(successor, topic, 'successor');
  await successor.close();
}

/** What the coordinator decided holds in the partition whose marker was lost, too; then the id goes on as ever. */
async function lostMarkersAreWritten(harness: LogHarness): Promise<void> {
  for (const verdict of ['commit', 'abort'] as const) {
    const id = fresh('tx');
    await markersAreWritten(harness, verdict, { lostBy: id, next: { id } });
    const lostBy = fresh('tx');
    await markersAreWritten(harness, verdict, { lostBy, next: { id: fresh('tx'), rivals: [lostBy] } });
  }
}

async function markersAreWritten(
  { log, loseMarkers }: LogHarness,
  verdict: 'commit' | 'abort',
  {
    lostBy,
    next,
  }: { readonly lostBy: string; readonly next: { readonly id: string; readonly rivals?: string[] } },
): Promise<void> {
  const topic = await freshTopic(log, 2);
  const [kept, lost] = [0, 1].map((partition) => [textRecord(topic, partition, ['k', verdict])]);
  await loseMarkers(lostBy, verdict, { kept: kept ?? [], lost: lost ?? [] });
  const owned = [0, 1].map((partition) => ({ topic, partition }));
  for (const value of ['next', 'last']) {
    const owner = await log.transactor(next.id, { timeoutMs, owned, rivals: next.rivals ?? [] });
    const records = owned.map(({ partition }) => textRecord(topic, partition, ['k', value]));
    await owner.commit({ records, groupPositions: null });
    await owner.close();
  }
  for (const { partition } of owned) {
    const { records } = await drain(log, { topic, partition, offset: 0 }, { decidedTo: 6 });
    expect(valuesOf(records)).toEqual([...(verdict === 'commit' ? [verdict] : []), 'next', 'last']);
  }
}

async function largeTransaction({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 2);
  const transactor = await log.transactor(fresh('tx'), { timeoutMs });
  const value = Buffer.alloc(1_000, 3);
  const records = Array.from({ length: 5_000 }, (_, n) => ({
    topic,
    partition: n % 10 === 0 ? 1 : 0,
    key: Buffer.from(String(n)),
    value,
  }));
  for (let round = 0; round < 2; round += 1) await transactor.commit({ records, groupPositions: null });
  await transactor.close();
  const positions: Position[] = [0, 1].map((partition) => ({ topic, partition, offset: 0 }));
  for (const from of positions) {
    const expected = records
      .filter(({ partition }) => partition === from.partition)
      .map(({ key }) => String(key));
    const decidedTo = 2 * expected.length + 2;
    const { records: read } = await drain(log, from, { decidedTo });
    expect(read.map(({ key }) => String(key))).toEqual([...expected, ...expected]);
  }
}

async function refusals({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 1);
  const tooLarge = { topic, partition: 0, key: null, value: Buffer.alloc(2_100_000) };
  for (const record of [tooLarge, textRecord(topic, 3, ['k', 'no such partition'])]) {
    const id = fresh('tx');
    const transactor = await log.transactor(id, { timeoutMs });
    const batch = { records: [textRecord(topic, 0, ['k', 'with it']), record], groupPositions: null };
    await expect(transactor.commit(batch)).rejects.toMatchObject({ kind: 'fatal' });
    await expect(commitOne(transactor, topic, 'again')).rejects.toMatchObject({ code: 'TRANSACTOR_SPENT' });
    await transactor.close();
  }
  expect((await drain(log, { topic, partition: 0, offset: 0 })).records).toEqual([]);
}

/** A dead letter holds a whole record of somebody else, and its topic takes more than the broker's default. */
async function largeRecord({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 1, { 'max.message.bytes': String(2 * 1024 * 1024) });
  const transactor = await log.transactor(fresh('tx'), { timeoutMs });
  const sizes = [10, 1_048_588, 10, 1_900_000, 10];
  const records = sizes.map((size) => ({ topic, partition: 0, key: null, value: Buffer.alloc(size, 5) }));
  await transactor.commit({ records, groupPositions: null });
  await transactor.close();
  const decidedTo = sizes.length + 1;
  const { records: read } = await drain(log, { topic, partition: 0, offset: 0 }, { decidedTo });
  expect(read.map(({ value }) => value?.length)).toEqual(sizes);
}

/** Packs come behind the records of the same transaction, and their memory is used again after it. */
async function writesPacks({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 2);
  const transactor = await log.transactor(fresh('tx'), { timeoutMs });
  const memory: PackMemory = new Map();
  const expected: string[] = [];
  for (const round of ['a', 'b']) {
    const packer = new RecordPacker(recordBytesMax, memory);
    const packed = [0, 1, 0].map((partition, n) => textRecord(topic, partition, ['k', `${round}${n}`]));
    for (const record of packed) packer.add(record);
    const records = [textRecord(topic, 0, ['k', `${round} before`])];
    const written = await transactor.commit({ records, packed: packer.packs, groupPositions: null });
    expect(written.reduce((sum, { count }) => sum + count, 0)).toBe(4);
    packer.release();
    expected.push(`${round} before`, `${round}0`, `${round}2`);
  }
  await transactor.close();
  const { records: read } = await drain(log, { topic, partition: 0, offset: 0 }, { decidedTo: 8 });
  expect(valuesOf(read)).toEqual(expected);
  const { records: others } = await drain(log, { topic, partition: 1, offset: 0 }, { decidedTo: 4 });
  expect(valuesOf(others)).toEqual(['a1', 'b1']);
}

/** Others write to the first partition between the commits; of the second, one commit makes several batches. */
async function saysWhereItWrote({ log }: LogHarness): Promise<void> {
  const topic = await freshTopic(log, 2);
  const transactor = await log.transactor(fresh('tx'), { timeoutMs });
  const nothing = await transactor.commit({ records: [], groupPositions: null });
  const written: CommittedAt[] = [];
  const expected: string[] = [];
  for (const [round, large] of [0, 1_200, 3].entries()) {
    await log.append([textRecord(topic, 0, ['k', `other ${round}`])]);
    const records = Array.from({ length: 2 + large }, (_, n) =>
      textRecord(topic, n % 3 === 0 ? 0 : 1, ['k', `${round}/${n} ${'x'.repeat(1_000)}`]),
    );
    written.push(...(await transactor.commit({ records, groupPositions: null })));
    for (const partition of [0, 1])
      expected.push(
        ...records.filter((record) => record.partition === partition).map(({ value }) => `${value}`),
      );
  }
  await transactor.close();
  const read = new Map<string, LogRecord>();
  for (const partition of [0, 1]) {
    const decidedTo = Math.max(
      ...written.filter((run) => run.partition === partition).map((run) => run.firstOffset + run.count),
    );
    const { records } = await drain(log, { topic, partition, offset: 0 }, { decidedTo });
    for (const record of records) read.set(`${partition}@${record.offset}`, record);
  }
  const found: string[] = [];
  for (const run of written) {
    for (let offset = run.firstOffset; offset < run.firstOffset + run.count; offset += 1) {
      const record = read.get(`${run.partition}@${offset}`);
      found.push(`${record?.value}`);
      expect(record?.appendedAt).toBe(run.appendedAt);
    }
  }
  expect(nothing).toEqual([]);
  expect(found.toSorted()).toEqual(expected.toSorted());
  for (const partition of [0, 1]) {
    const offsets = written.filter((run) => run.partition === partition).map((run) => run.firstOffset);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  }
}

export const transactionCases: Readonly<Record<string, (harness: LogHarness) => Promise<void>>> = {
  'commits records and group positions together': commitsAllOrNothing,
  'never shows what was aborted': abortedIsInvisible,
  'tells interleaved aborted transactions apart, from any position': interleaved,
  'moves past aborted records and markers alone': movesPastNothing,
  'moves over a compacted log with emptied batches': compacted,
  'fences a zombie and ends what it left open': zombieIsFenced,
  'fences rivals and ends what they left open': rivalsAreFenced,
  'takes an id again after trouble, unless somebody else has taken it since': formerOwnerStandsBack,
  'leaves rivals alone where an id is taken again': comingBackFencesNoRival,
  'says so when the outcome of a commit is unknown': unknownOutcome,
  'writes the markers that a broker has lost, as its coordinator decided': lostMarkersAreWritten,
  'commits a transaction of many batches': largeTransaction,
  'writes packs behind the records, and lets their memory be used again': writesPacks,
  'says where each record of a commit went, and when': saysWhereItWrote,
  'commits records above the default of a topic that takes them': largeRecord,
  'refuses what cannot be written, whole': refusals,
};
