import { describe, expect, test } from 'vitest';
import { topicSpecs } from '../../infra/apply/topic-specs.ts';
import { decodeFramed } from '../../schemas/codec.ts';
import type { OutcomeClaim } from '../../schemas/generated/outcome-claim.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { instantOfMillis, parseInstant } from '../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { LogError, type LogRecord, type OutgoingRecord } from '../../topology/log.ts';
import { MemoryLog } from '../../topology/log-memory.ts';
import type { Fault } from '../../topology/log-memory-faults.ts';
import { partitionOf } from '../../topology/partitioner.ts';
import type { Publication } from '../../topology/publication.ts';
import type { BatchLimits } from '../../topology/publish-batches.ts';
import { PublishError } from '../../topology/publish-error.ts';
import { Publisher } from '../../topology/publisher.ts';

const partitions = 4;
const directory = new MemorySchemaDirectory();

interface Bench {
  readonly log: MemoryLog;
  readonly publisher: Publisher;
  readonly appends: (readonly OutgoingRecord[])[];
}

async function bench(options: { limits?: Partial<BatchLimits>; fault?: () => Fault } = {}): Promise<Bench> {
  const log = new MemoryLog({ now: () => 1_000, faults: () => options.fault?.() ?? 'none' });
  await log.admin.createTopics(topicSpecs({ partitions, replicationFactor: 1 }));
  const appends: (readonly OutgoingRecord[])[] = [];
  const append = log.append.bind(log);
  log.append = (records) => {
    appends.push(records);
    return append(records);
  };
  return { log, publisher: await open(log, { ...(options.limits && { limits: options.limits }) }), appends };
}

function open(
  log: MemoryLog,
  options: { limits?: Partial<BatchLimits>; held?: true } = {},
): Promise<Publisher> {
  return Publisher.open({
    log,
    directory,
    source: '/outcome-ledger/test',
    transactionalId: 'test-reference-data',
    transactor: options.held ? 'held' : 'per_call',
    limits: { lingerMs: 1, ...options.limits },
  });
}

function claim(claimId: string, account: string): Publication & { readonly value: OutcomeClaim } {
  return {
    topic: 'outcome-claims',
    value: {
      claimId,
      accountId: parseAccountId(account),
      outcomeType: 'ticket_resolved',
      caseId: 'case-1',
      traceId: null,
      projectId: null,
      costCentre: null,
      claimedAt: parseInstant('2026-03-10T12:00:00.123Z'),
    },
  };
}

function tick(sequence: number): Publication {
  return { topic: 'clock-ticks', value: { sequence, time: instantOfMillis(sequence * 1_000) } };
}

async function read(log: MemoryLog, topic: string, partition: number): Promise<readonly LogRecord[]> {
  const reader = await log.reader({
    positions: [{ topic, partition, offset: 0 }],
    fetchBytesMax: 1_000_000,
    partitionBytesMax: 1_000_000,
    fetchWaitMs: 1,
  });
  const slices = await reader.fetch();
  await reader.close();
  return slices.flatMap((slice) => slice.records);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof PublishError ? error.code : String(error);
}

describe('facts', () => {
  test('go to the partition of their account and are answered with their place', async () => {
    const { log, publisher } = await bench();
    const accounts = ['acme', 'globex', 'initech', 'acme'];
    const published = await publisher.publish(accounts.map((account, at) => claim(`c-${at}`, account)));
    for (const [at, place] of published.entries()) {
      const account = accounts[at] ?? '';
      expect(place).toMatchObject({ id: `c-${at}`, topic: 'outcome-claims', copies: 1 });
      expect(place.partition).toBe(partitionOf(Buffer.from(account), partitions));
      const record = (await read(log, 'outcome-claims', place.partition ?? -1)).find(
        ({ offset }) => offset === place.offset,
      );
      expect(record?.key?.toString()).toBe(account);
      const decoded = decodeFramed('OutcomeClaim', record?.value ?? Buffer.alloc(0), (id) =>
        directory.writerSchema(id),
      );
      expect(decoded).toMatchObject({ ok: true, value: claim(`c-${at}`, account).value });
    }
  });

  test('carry CloudEvents headers in binary mode', async () => {
    const { log, publisher } = await bench();
    await publisher.publish([claim('c-1', 'acme')]);
    const [record] = await read(log, 'outcome-claims', partitionOf(Buffer.from('acme'), partitions));
    expect(
      Object.fromEntries(record?.headers.map(([name, value]) => [name, value.toString()]) ?? []),
    ).toEqual({
      ce_specversion: '1.0',
      ce_id: 'c-1',
      ce_source: '/outcome-ledger/test/accounts/acme',
      ce_type: 'outcome.ledger.OutcomeClaim',
      ce_time: '2026-03-10T12:00:00.123Z',
      ce_partitionkey: 'acme',
      'content-type': 'application/vnd.apache.avro',
    });
  });

  test('of callers at the same time go together, in order, within the batch limit', async () => {
    const { publisher, appends } = await bench({ limits: { batchRecordsMax: 4 } });
    const calls = Array.from({ length: 10 }, (_, at) => publisher.publish([claim(`c-${at}`, 'acme')]));
    const offsets = (await Promise.all(calls)).map(([place]) => place?.offset);
    expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(appends.map((records) => records.length)).toEqual([4, 4, 2]);
  });

  test('of one call may span batches', async () => {
    const { publisher } = await bench({ limits: { batchRecordsMax: 3 } });
    const published = await publisher.publish(Array.from({ length: 8 }, (_, at) => claim(`c-${at}`, 'acme')));
    expect(published.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('an empty call writes nothing', async () => {
    const { publisher, appends } = await bench();
    expect(await publisher.publish([])).toEqual([]);
    expect(appends).toEqual([]);
  });

  test('reference data is not a fact', async () => {
    const { publisher } = await bench();
    await expect(publisher.publish([tick(1)])).rejects.toThrow('publishCopies');
  });
});

describe('what cannot be written', () => {
  test('above the held maximum a call is refused at once and the others are not harmed', async () => {
    const { publisher } = await bench({ limits: { heldRecordsMax: 3, lingerMs: 5 } });
    const first = publisher.publish([claim('a', 'acme'), claim('b', 'acme')]);
    expect(await codeOf(publisher.publish([claim('c', 'acme'), claim('d', 'acme')]))).toBe('overloaded');
    expect(publisher.held).toBe(2);
    expect(await first).toHaveLength(2);
    expect(publisher.held).toBe(0);
    expect(await publisher.publish([claim('c', 'acme')])).toHaveLength(1);
  });

  test('above the held bytes likewise', async () => {
    const { publisher } = await bench({ limits: { heldBytesMax: 10 } });
    expect(await codeOf(publisher.publish([claim('a', 'acme')]))).toBe('overloaded');
  });

  test('a record beyond the limit is refused alone', async () => {
    const { publisher, appends } = await bench({ limits: { recordBytesMax: 600 } });
    const large = claim('large', 'acme');
    const call = publisher.publish([
      { topic: 'outcome-claims', value: { ...large.value, caseId: 'x'.repeat(600) } },
    ]);
    expect(await codeOf(call)).toBe('record_too_large');
    expect(await publisher.publish([claim('small', 'acme')])).toHaveLength(1);
    expect(appends).toHaveLength(1);
  });

  test.each<readonly [Fault, string]>([
    ['fail_before', 'unavailable'],
    ['fail_after', 'unknown_outcome'],
  ])('%s is told as %s, and the next call works', async (fault, code) => {
    const faults: Fault[] = [fault];
    const { publisher } = await bench({ fault: () => faults.shift() ?? 'none' });
    expect(await codeOf(publisher.publish([claim('a', 'acme')]))).toBe(code);
    expect(publisher.held).toBe(0);
    expect(await publisher.publish([claim('a', 'acme')])).toHaveLength(1);
  });

  test('a topic that is gone is told as refused by the log', async () => {
    const { log, publisher } = await bench();
    await log.admin.deleteTopics(['outcome-claims']);
    expect(await codeOf(publisher.publish([claim('a', 'acme')]))).toBe('refused_by_log');
  });

  test('topics that are not co-partitioned are refused at the start', async () => {
    const log = new MemoryLog({ now: () => 0 });
    const [spec] = topicSpecs({ partitions, replicationFactor: 1 });
    if (spec === undefined) throw new Error('no topics');
    await log.admin.createTopics([spec, { ...spec, name: 'clock-ticks', partitions: 2 }]);
    await expect(open(log)).rejects.toThrow(LogError);
  });
});

describe('copies', () => {
  test('reach every partition in one transaction, keyed by the partition', async () => {
    const { log, publisher } = await bench();
    const published = await publisher.publishCopies([tick(1), tick(2)]);
    expect(published).toEqual([
      { id: '1', topic: 'clock-ticks', partition: null, offset: null, copies: partitions },
      { id: '2', topic: 'clock-ticks', partition: null, offset: null, copies: partitions },
    ]);
    for (let partition = 0; partition < partitions; partition += 1) {
      const records = await read(log, 'clock-ticks', partition);
      expect(records.map(({ key, offset }) => [key?.toString(), offset])).toEqual([
        [String(partition), 0],
        [String(partition), 1],
      ]);
    }
  });

  test('calls at the same time are written one after the other', async () => {
    const { log, publisher } = await bench();
    await Promise.all(
      [tick(1), tick(2), tick(3)].map((publication) => publisher.publishCopies([publication])),
    );
    expect(await read(log, 'clock-ticks', 0)).toHaveLength(3);
  });

  test('two publishers take turns when the transactor is opened per call', async () => {
    const { log, publisher } = await bench();
    const other = await open(log);
    await publisher.publishCopies([tick(1)]);
    await other.publishCopies([tick(2)]);
    await publisher.publishCopies([tick(3)]);
    expect(await read(log, 'clock-ticks', 3)).toHaveLength(3);
  });

  test('a held transactor is fenced by whoever opens the id later', async () => {
    const { log } = await bench();
    const first = await open(log, { held: true });
    await first.publishCopies([tick(1)]);
    const second = await open(log, { held: true });
    await second.acquire();
    expect(await codeOf(first.publishCopies([tick(2)]))).toBe('fenced');
    await second.publishCopies([tick(3)]);
    expect(await read(log, 'clock-ticks', 0)).toHaveLength(2);
  });

  test.each<readonly [Fault, string]>([
    ['fail_before', 'unavailable'],
    ['lose_request', 'unknown_outcome'],
    ['stay_open', 'unknown_outcome'],
  ])('after %s nothing is half written and the next call works', async (fault, code) => {
    const faults: Fault[] = ['none', fault];
    const { log, publisher } = await bench({ fault: () => faults.shift() ?? 'none' });
    expect(await codeOf(publisher.publishCopies([tick(1)]))).toBe(code);
    await publisher.publishCopies([tick(2)]);
    for (let partition = 0; partition < partitions; partition += 1) {
      expect(await read(log, 'clock-ticks', partition)).toHaveLength(1);
    }
  });
});

describe('close', () => {
  test('decides what was taken and takes nothing more', async () => {
    const { publisher } = await bench();
    const taken = publisher.publish([claim('a', 'acme')]);
    await publisher.close();
    expect(await taken).toHaveLength(1);
    expect(await codeOf(publisher.publish([claim('b', 'acme')]))).toBe('closed');
    expect(await codeOf(publisher.publishCopies([tick(1)]))).toBe('closed');
  });
});
