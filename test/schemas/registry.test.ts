import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeFramed, encodeFramed } from '../../schemas/codec.ts';
import { schemaTextOfRecord } from '../../schemas/record-type.ts';
import { applyRegistration, planRegistration } from '../../schemas/register.ts';
import { parseRegistryUrl } from '../../schemas/registry-rest.ts';
import { RegistryUnreachable, type SubjectRecord } from '../../schemas/schema-directory.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { connectSchemaDirectory } from '../../schemas/schema-directory-registry.ts';
import { type RegistryStub, startRegistryStub } from './registry-stub.ts';

const SUBJECTS: readonly SubjectRecord[] = [
  { subject: 'usage-events-value', recordName: 'UsageEvent' },
  { subject: 'charges-value', recordName: 'Charge' },
  { subject: 'rating-steps/value', recordName: 'Step' },
  { subject: 'billing-steps-value', recordName: 'Step' },
];

describe.each(['confluent', 'apicurio'] as const)('with a registry in the manner of %s', (manner) => {
  let registry: RegistryStub;
  beforeEach(async () => {
    registry = await startRegistryStub(manner);
  });
  afterEach(() => registry.close());

  const changes = async (act: typeof planRegistration) =>
    (await act(registry.url, SUBJECTS)).map((plan) => [plan.subject, plan.change, plan.setsCompatibility]);

  test('a plan changes nothing; applying it registers and sets the level; again it changes nothing', async () => {
    const everythingNew = SUBJECTS.map(({ subject }) => [subject, 'new', true]);
    expect(await changes(planRegistration)).toEqual(everythingNew);
    expect(registry.versionsOf('charges-value')).toEqual([]);
    expect(await changes(applyRegistration)).toEqual(everythingNew);
    for (const { subject, recordName } of SUBJECTS) {
      expect(registry.versionsOf(subject)).toEqual([schemaTextOfRecord(recordName)]);
      expect(registry.levelOf(subject)).toBe('FULL_TRANSITIVE');
    }
    registry.calls.length = 0;
    expect(await changes(applyRegistration)).toEqual(
      SUBJECTS.map(({ subject }) => [subject, 'unchanged', false]),
    );
    expect(registry.calls.filter((call) => /^PUT|versions$/.test(call) && !call.startsWith('GET'))).toEqual(
      [],
    );
  });

  test('a subject that somebody else registered gets our level and our version', async () => {
    const older = JSON.parse(schemaTextOfRecord('UsageEvent'));
    older.fields = older.fields.filter((field: { name: string }) => field.name !== 'backfill');
    registry.put('usage-events-value', JSON.stringify(older));
    const [plan] = await planRegistration(registry.url, SUBJECTS);
    expect(plan).toMatchObject({
      change: 'new version',
      setsCompatibility: true,
      compatibility: manner === 'apicurio' ? 'NONE' : null,
    });
    await applyRegistration(registry.url, SUBJECTS);
    expect(registry.versionsOf('usage-events-value')).toHaveLength(2);
    expect(registry.levelOf('usage-events-value')).toBe('FULL_TRANSITIVE');
  });

  test('one incompatible schema stops everything, in the words of the registry', async () => {
    registry.put(
      'charges-value',
      JSON.stringify({
        ...JSON.parse(schemaTextOfRecord('Charge')),
        fields: [{ name: 'amount', type: 'string' }],
      }),
    );
    const plans = await applyRegistration(registry.url, SUBJECTS);
    expect(plans.map((plan) => plan.change)).toEqual(['new', 'incompatible', 'new', 'new']);
    expect(plans[1]?.message).toMatch(/amount|chargeId|Charge/);
    expect(registry.versionsOf('usage-events-value')).toEqual([]);
  });

  test('a service finds its ids at start and reads what another wrote', async () => {
    await applyRegistration(registry.url, SUBJECTS);
    const directory = await connectSchemaDirectory(registry.url, SUBJECTS);
    const step = { service: 's', partition: 0, step: 1, ranges: [], held: [], streamTime: null, outputs: 0 };
    const digests = {
      outputDigest: Buffer.alloc(2),
      previousDigest: Buffer.alloc(2),
      digest: Buffer.alloc(2),
    };
    const framed = encodeFramed('Step', { ...step, ...digests }, directory.idOf('Step'));
    expect(decodeFramed('Step', framed, (id) => directory.writerSchema(id))).toMatchObject({ ok: true });
    expect(() => directory.idOf('Barrier')).toThrow('Barrier');
  });

  test('a service whose schemas are missing says which, and what to run', async () => {
    await applyRegistration(registry.url, SUBJECTS.slice(1));
    await expect(connectSchemaDirectory(registry.url, SUBJECTS)).rejects.toThrow(
      'run ledger apply: UsageEvent under usage-events-value',
    );
  });

  test('a foreign id is loaded once, an unknown id is said to be unknown, and no answer is an error', async () => {
    await applyRegistration(registry.url, SUBJECTS);
    const foreign = registry.put('other', JSON.stringify({ type: 'record', name: 'Other', fields: [] }));
    const directory = await connectSchemaDirectory(registry.url, SUBJECTS);
    registry.calls.length = 0;
    expect(directory.writerSchema(foreign)).toBeUndefined();
    expect(await Promise.all([directory.load(foreign), directory.load(foreign)])).toEqual([
      'loaded',
      'loaded',
    ]);
    expect(await directory.load(foreign)).toBe('loaded');
    expect(registry.calls).toEqual([`GET /schemas/ids/${foreign}`]);
    expect(directory.writerSchema(foreign)?.recordName).toBe('Other');
    expect(await directory.load(4711)).toBe('unknown');
    registry.failWith = 503;
    await expect(directory.load(4712)).rejects.toBeInstanceOf(RegistryUnreachable);
    registry.failWith = null;
    expect(await directory.load(4712)).toBe('unknown');
  });
});

test('no registry at all is a retriable error', async () => {
  const gone = await startRegistryStub('confluent');
  await gone.close();
  await expect(planRegistration(gone.url, SUBJECTS)).rejects.toBeInstanceOf(RegistryUnreachable);
  await expect(connectSchemaDirectory(gone.url, SUBJECTS)).rejects.toBeInstanceOf(RegistryUnreachable);
}, 20_000);

test('user and password may be in the address', () => {
  expect(parseRegistryUrl('http://me:p%40ss@registry:8081/apis/ccompat/v7/')).toEqual({
    host: 'http://registry:8081/apis/ccompat/v7',
    auth: { username: 'me', password: 'p@ss' },
  });
});

describe('the directory in memory', () => {
  test('has the same ids in every run, and needs no warming up to read', () => {
    const id = new MemorySchemaDirectory().idOf('Barrier');
    const other = new MemorySchemaDirectory();
    expect(other.writerSchema(id)?.recordName).toBe('Barrier');
    expect(other.idOf('Barrier')).toBe(id);
  });

  test('another writer is found after load, as with a real registry', async () => {
    const directory = new MemorySchemaDirectory();
    const id = directory.register(JSON.stringify({ type: 'record', name: 'Other', fields: [] }));
    expect(directory.writerSchema(id)).toBeUndefined();
    expect(await directory.load(id)).toBe('loaded');
    expect(directory.writerSchema(id)?.recordName).toBe('Other');
    expect(await directory.load(1)).toBe('unknown');
  });
});
