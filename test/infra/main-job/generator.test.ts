/** The main job's input: the same bytes for the same seed, and every record has the fate that it is said to have. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { draw, WORKLOADS } from '../../../infra/main-job/distributions.ts';
import { outcomes, payments } from '../../../infra/main-job/outcomes.ts';
import { poison } from '../../../infra/main-job/poison.ts';
import { Random } from '../../../infra/main-job/random.ts';
import { disturbed, generatedUses, type UsageItem } from '../../../infra/main-job/usage.ts';
import { customers, type JobPlan, outcomeDefinitions, priceBooks } from '../../../infra/main-job/world.ts';
import { encodeBody } from '../../../schemas/codec.ts';
import { instantOfMillis } from '../../../schemas/instant.ts';
import { checkUsage } from '../../../schemas/usage-check.ts';
import { bytesOf } from '../../../topology/text-bytes.ts';
import { acquire, appendBytes, drain, NOW, newBench, use, valuesOf } from '../../support/task-bench.ts';

const PLAN: JobPlan = { seed: 42, accounts: 15, usageEvents: 3_000, anchor: instantOfMillis(NOW) };

function itemsOf(plan: JobPlan): readonly UsageItem[] {
  return [...disturbed(plan, generatedUses(plan, customers(plan)))];
}

/** One digest over everything that the job sends, in order. */
function digestOf(plan: JobPlan): string {
  const hash = createHash('sha256');
  const people = customers(plan);
  const { claims, verifications } = outcomes(plan, people);
  for (const { account, contract } of people) {
    hash.update(encodeBody('Account', account)).update(encodeBody('Contract', contract));
  }
  for (const version of [1, 2])
    for (const book of priceBooks(plan, version)) hash.update(encodeBody('PriceBook', book));
  for (const definition of outcomeDefinitions(plan)) hash.update(encodeBody('OutcomeDefinition', definition));
  for (const { event, fate } of itemsOf(plan)) hash.update(encodeBody('UsageEvent', event)).update(fate);
  for (const claim of claims) hash.update(encodeBody('OutcomeClaim', claim));
  for (const verification of verifications) hash.update(encodeBody('OutcomeVerification', verification));
  for (const payment of payments(plan, people)) hash.update(encodeBody('PaymentEvent', payment));
  return hash.digest('hex');
}

describe('one plan', () => {
  test('gives the same bytes every time', () => {
    expect(digestOf(PLAN)).toBe(digestOf({ ...PLAN }));
  });

  test.each([
    ['seed', { seed: 43 }],
    ['number of accounts', { accounts: 16 }],
    ['number of uses', { usageEvents: 3_001 }],
    ['anchor', { anchor: instantOfMillis(NOW + 60_000) }],
  ])('with another %s gives other bytes', (_, change) => {
    expect(digestOf({ ...PLAN, ...change })).not.toBe(digestOf(PLAN));
  });
});

describe('uses', () => {
  let items: readonly UsageItem[] = [];
  beforeAll(() => {
    items = itemsOf(PLAN);
  });

  test('as many are acceptable as were asked for, each with an id of its own, in order of time', () => {
    const accepted = items.filter(({ fate }) => fate === 'accepted').map(({ event }) => event);
    expect(accepted.length).toBe(PLAN.usageEvents);
    expect(new Set(accepted.map(({ requestId }) => requestId)).size).toBe(PLAN.usageEvents);
    const times = accepted.map(({ occurredAt }) => occurredAt);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.every((time) => time < PLAN.anchor)).toBe(true);
  });

  test('what the rules say of each is its fate', () => {
    const isOfRules = (fate: string): boolean => !['accepted', 'duplicate', 'conflict'].includes(fate);
    for (const { event, fate } of items) {
      const problem = checkUsage(event, PLAN.anchor, event.accountId);
      expect(problem?.code ?? null).toBe(isOfRules(fate) ? fate : null);
    }
  });

  test('a repeat follows its original with the same bytes, a conflict with others; a refused id is used once', () => {
    const originals = new Map<string, Buffer>();
    const refused = new Set<string>();
    for (const { event, fate } of items) {
      const id = `${event.accountId}/${event.requestId}`;
      const body = encodeBody('UsageEvent', event);
      const original = originals.get(id);
      if (fate === 'accepted') {
        expect(original).toBeUndefined();
        originals.set(id, body);
      } else if (fate === 'duplicate') expect(original?.equals(body)).toBe(true);
      else if (fate === 'conflict') expect(original?.equals(body)).toBe(false);
      else {
        expect(originals.has(id) || refused.has(id)).toBe(false);
        refused.add(id);
      }
    }
    expect(items.some(({ fate }) => fate === 'conflict')).toBe(true);
    expect(refused.size).toBeGreaterThan(0);
  });

  test('poison is kept under the code that it comes with', async () => {
    const bench = await newBench();
    const bad = poison(use(), bench.directory, 1);
    for (const { record } of bad)
      await appendBytes(bench, { ...record, key: bytesOf(record.key) }, record.value);
    await drain(await acquire(bench));
    const letters = await valuesOf(bench, 'rating-rejected', 'DeadLetter');
    const refusals = await valuesOf(bench, 'rating-rejected', 'Refusal');
    const codes = [...letters, ...refusals].map(({ code }) => code);
    expect(codes.toSorted()).toEqual(bad.map(({ code }) => code).toSorted());
  });
});

describe('chance', () => {
  test('numbers stay below their bound, and every value comes', () => {
    const random = new Random(1);
    const seen = new Set(Array.from({ length: 2_000 }, () => random.below(7)));
    expect([...seen].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (let index = 0; index < 1_000; index += 1) {
      const skewed = random.skewed(10);
      expect(Number.isInteger(skewed) && skewed >= 0 && skewed < 10).toBe(true);
    }
  });

  test.each([0, 1, -1, 2 ** 31, 0x9e3779b9])('seed %i does not get stuck', (seed) => {
    const random = new Random(seed);
    expect(new Set(Array.from({ length: 50 }, () => random.below(1_000_000))).size).toBeGreaterThan(45);
  });

  test('a shuffle keeps everything and leaves its source alone', () => {
    const source = Array.from({ length: 30 }, (_, index) => index);
    const shuffled = new Random(9).shuffle(source);
    expect(shuffled).not.toEqual(source);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(source);
    expect(source[0]).toBe(0);
    expect(() => new Random(1).pick([])).toThrow('nothing to pick from');
  });

  test.each(WORKLOADS.map((workload) => [workload.useCase, workload] as const))(
    'tokens of %s stay within the quantiles of the traces',
    (_, { inputTokens, outputTokens, cachedPercent }) => {
      const random = new Random(4);
      for (const quantiles of [inputTokens, outputTokens, cachedPercent]) {
        expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b));
        for (let index = 0; index < 300; index += 1) {
          const value = draw(quantiles, random);
          expect(value >= (quantiles[0] ?? 0) && value <= (quantiles.at(-1) ?? 0)).toBe(true);
        }
      }
    },
  );
});
