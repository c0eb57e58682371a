/**
 * A short seeded run of every kind of hostile record, and proof that the checks can fail.
 *
 * `node test/fuzz/main.ts --count N` runs as many as one likes.
 */
import { describe, expect, test } from 'vitest';
import { parseAmount } from '../../schemas/amount.ts';
import { parseInstant } from '../../schemas/instant.ts';
import { DEAD_LETTERS } from '../../schemas/refusals.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { ENDPOINTS } from '../../services/gateway/endpoints.ts';
import type { PublishedTopic } from '../../topology/publication.ts';
import { TOPICS } from '../../topology/topics.ts';
import { GOOD } from '../services/gateway/good-requests.ts';
import { Desk } from './desk.ts';
import { fuzz, SUBJECTS } from './fuzz.ts';
import { faultsOf, Tally } from './report.ts';
import { honest, world } from './world.ts';

const SEED = 20_261_122;
const COUNT = 1_000;
const DEAD_CODES = DEAD_LETTERS.map(({ code }) => code);

describe(`hostile records, seed ${SEED}`, () => {
  test.each(SUBJECTS)('%s: each has one verdict, and the partition goes on', async (name) => {
    const report = await fuzz(name, { seed: SEED, count: COUNT });
    expect(faultsOf(report)).toEqual([]);
    expect(report.witnesses).toBe(COUNT / 100);
    const verdicts = Object.keys(report.verdicts);
    if (name === 'json') expect(verdicts.filter((verdict) => verdict.endsWith(': accepted'))).toHaveLength(8);
    else for (const code of DEAD_CODES) expect(verdicts.some((verdict) => verdict.endsWith(code))).toBe(true);
  });

  test('every topic of producers is among them', () => {
    const outside = ['gateway', 'producers', 'ticker'];
    const records = Object.values(TOPICS)
      .filter(({ writers }) => writers.some((writer) => outside.includes(writer)))
      .map(({ record }) => record);
    expect(new Set(SUBJECTS)).toEqual(new Set([...records, 'json']));
  });
});

function deskOf(topic: PublishedTopic): Desk {
  const directory = new MemorySchemaDirectory();
  // Asked for an id before it is asked for a record, the directory knows the schemas of all records.
  directory.writerSchema(0);
  return new Desk(directory, topic, world(topic));
}

/** Each of these ended a service, and would have at every restart. */
describe('found by longer runs', () => {
  test('payments that no sum of 38 digits can hold are refused', () => {
    const desk = deskOf('payment-events');
    const verdicts = [1, 2, 3].map((n) => {
      const payment = honest('payment-events', n);
      if (payment.topic !== 'payment-events') throw new Error('not a payment');
      const value = { ...payment.value, amount: parseAmount('9e25') };
      return desk.take('payment-events', desk.framed({ ...payment, value }))[0]?.verdict;
    });
    expect(verdicts).toEqual(
      ['invalid_value', 'invalid_value', 'invalid_value'].map((code) => `input, ${code}`),
    );
  });

  test('grants that no sum of 38 digits can hold are refused', () => {
    const desk = deskOf('contracts');
    const contract = honest('contracts', 1);
    if (contract.topic !== 'contracts') throw new Error('not a contract');
    const grants = ['a', 'b'].map((grantId) => {
      return { grantId, kind: 'included', amount: parseAmount('9e25'), priority: 1, expiresAt: null };
    });
    const outcomes = desk.take(
      'contracts',
      desk.framed({ ...contract, value: { ...contract.value, grants } }),
    );
    const verdicts = outcomes.map(({ service, verdict }) => `${service}: ${verdict}`);
    expect(verdicts).toEqual(['rating: input', 'credit-balances: input, invalid_value']);
  });

  test('half a character in a criterion is refused by the gateway', () => {
    const endpoint = ENDPOINTS.find(({ path }) => path === '/v1/outcome-definitions');
    const criteria = { operator: 'exists', field: '\ud800' };
    const input = { ...GOOD['/v1/outcome-definitions'], criteria };
    const receivedAt = parseInstant('2026-03-10T12:00:00Z');
    const problem = { field: 'criteria.field', code: 'invalid_value' };
    expect(endpoint?.read(input, receivedAt)).toMatchObject({ ok: false, problems: [problem] });
  });

  test('a record of a megabyte that nobody can read is kept with every byte', () => {
    const desk = deskOf('usage-events');
    const value = Buffer.alloc(1_048_000, 1);
    const { key } = desk.framed(honest('usage-events', 1));
    expect(desk.take('usage-events', { key, value }).map(({ verdict }) => verdict)).toContain('unframed');
  });
});

describe('the checks', () => {
  test('a finding and memory that grows are faults', () => {
    const tally = new Tally('any');
    tally.found(3, new Error('broken'), { mutation: 'bit_flips', bytes: Buffer.alloc(2) });
    const report = tally.report(1, 10);
    expect(faultsOf(report)).toHaveLength(1);
    expect(faultsOf({ ...report, findings: [], growthMebibytes: 65 })).toEqual(['memory grew by 65 MiB']);
  });
});
