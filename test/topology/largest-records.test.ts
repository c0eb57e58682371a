/**
 * The largest records that are accepted, through every service that reads them: whatever follows from them can be written.
 *
 * The desk lays outputs and state of each step into batches and throws where the broker would refuse one, which would stop
 * the partition for good. What grows with accepted records is grown until it is refused.
 */
import { describe, expect, test } from 'vitest';
import { parseAmount, ZERO } from '../../schemas/amount.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import type { Contract } from '../../schemas/generated/contract.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { RECORD_LIMITS } from '../../schemas/record-rules.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import type { Publication, PublishedTopic } from '../../topology/publication.ts';
import { Desk } from '../fuzz/desk.ts';
import { honest, NOW, world } from '../fuzz/world.ts';
import { charge } from '../services/sample-charge.ts';

const directory = new MemorySchemaDirectory();
// Asked for an id before it is asked for a record, the directory knows the schemas of all records.
directory.writerSchema(0);

function deskOf(topic: PublishedTopic): Desk {
  return new Desk(directory, topic, world(topic));
}

/** Of each reader, for instance `rating: input`. */
function verdicts(desk: Desk, publication: Publication): readonly string[] {
  const outcomes = desk.take(publication.topic, desk.framed(publication));
  return outcomes.map(({ service, verdict }) => `${service}: ${verdict}`);
}

/** An id of 256 characters that ends with a number. */
function longId(n: number): string {
  return `${n}`.padStart(256, 'i');
}

function honestOf<T extends PublishedTopic>(
  topic: T,
  n: number,
): Extract<Publication, { readonly topic: T }> {
  const found = honest(topic, n);
  if (isOf(found, topic)) return found;
  throw new Error(`not of ${topic}`);
}

function isOf<T extends PublishedTopic>(
  publication: Publication,
  topic: T,
): publication is Extract<Publication, { readonly topic: T }> {
  return publication.topic === topic;
}

function contractOf(n: number, terms: { readonly prices?: number; readonly grants?: number }): Publication {
  const { value } = honestOf('contracts', n);
  const prices = Array.from({ length: terms.prices ?? 0 }, (_, at) => {
    return { outcomeType: longId(at), price: parseAmount('1'), baseRate: ZERO };
  });
  const grants: Contract['grants'] = Array.from({ length: terms.grants ?? 0 }, (_, at) => {
    const grantId = longId(n * 10_000 + at);
    return { grantId, kind: 'included', amount: parseAmount('0.01'), priority: 1, expiresAt: null };
  });
  const plan = { baseFee: ZERO, includedOutcomes: 0, overageFactor: parseAmount('1'), prices };
  return {
    topic: 'contracts',
    value: { ...value, contractId: longId(n), outcomePlan: prices.length === 0 ? null : plan, grants },
  };
}

describe('a record as large as records may be', () => {
  const text = '語'.repeat(1_024);
  const LARGEST: readonly (readonly [string, (n: number) => Publication])[] = [
    ['a contract of prices', () => contractOf(1, { prices: 930 })],
    ['a contract of grants', () => contractOf(1, { grants: 900 })],
    [
      'a price book',
      () => {
        const publication = honestOf('price-books', 1);
        const prices = Array.from({ length: 40 }, (_, at) => {
          return { provider: text, model: `${text.slice(9)}${at}`, rates: [] };
        });
        return { ...publication, value: { ...publication.value, priceBookId: longId(1), prices } };
      },
    ],
    [
      'an outcome definition',
      () => {
        const publication = honestOf('outcome-definitions', 1);
        const requiredFields = Array.from({ length: 80 }, () => text);
        return { ...publication, value: { ...publication.value, outcomeType: longId(1), requiredFields } };
      },
    ],
    [
      'a verification',
      () => {
        const publication = honestOf('outcome-verifications', 1);
        const fields = Object.fromEntries(
          Array.from({ length: 40 }, (_, at) => [`${text.slice(9)}${at}`, text]),
        );
        return { ...publication, value: { ...publication.value, claimId: longId(1), fields } };
      },
    ],
  ];
  test.each(LARGEST)('%s is an input, and can be written with all that follows', (_, make) => {
    const publication = make(1);
    const desk = deskOf(publication.topic);
    expect(desk.framed(publication).value.length).toBeGreaterThan(RECORD_LIMITS.bytesMax * 0.9);
    expect(desk.framed(publication).value.length).toBeLessThanOrEqual(RECORD_LIMITS.bytesMax);
    for (const verdict of verdicts(desk, publication)) expect(verdict).toMatch(/: input/);
  });

  test('twice as large it is refused by every reader alike', () => {
    const seen = verdicts(deskOf('contracts'), contractOf(1, { prices: 2_000 }));
    expect(seen).toEqual(['rating: too_large', 'credit-balances: too_large']);
  });
});

describe('state that grows with what is accepted', () => {
  test('the contracts of an account', () => {
    const desk = deskOf('contracts');
    const seen = [1, 2, 3, 4].map((n) => verdicts(desk, contractOf(n, { prices: 900 }))[0]);
    expect(seen).toEqual([
      ...Array.from({ length: 3 }, () => 'rating: input'),
      'rating: input, versions_exhausted',
    ]);
    expect(verdicts(desk, contractOf(5, {}))[0]).toBe('rating: input');
  });

  test('the index of price books has room for all parts of what it has taken', () => {
    const desk = deskOf('price-books');
    const part = (n: number, number: number): Publication => {
      const { value } = honestOf('price-books', 1);
      return {
        topic: 'price-books',
        value: { ...value, priceBookId: longId(n), part: number, parts: 1_000 },
      };
    };
    let taken = 0;
    while (verdicts(desk, part(taken, 1))[0] === 'rating: input') taken += 1;
    expect(verdicts(desk, part(taken, 1))).toEqual([
      'rating: input, versions_exhausted',
      'cost-attribution: input, versions_exhausted',
    ]);
    expect(taken).toBeGreaterThan(300);
    for (let number = 2; number <= 300; number += 1) {
      expect(verdicts(desk, part(0, number))).toEqual(['rating: input', 'cost-attribution: input']);
    }
  });

  test('the versions of an outcome', () => {
    const desk = deskOf('outcome-definitions');
    const version = (number: number): Publication => {
      const publication = honestOf('outcome-definitions', 1);
      return { ...publication, value: { ...publication.value, version: number } };
    };
    for (let number = 1; number <= 1_000; number += 1) verdicts(desk, version(number));
    expect(verdicts(desk, version(1_000))).toEqual(['outcome-confidence: input, duplicate']);
    expect(verdicts(desk, version(1_001))).toEqual(['outcome-confidence: input, versions_exhausted']);
  });

  test('the grants of an account, which one charge may take all', () => {
    const desk = deskOf('contracts');
    const seen = [1, 2, 3].map((n) => verdicts(desk, contractOf(n, { grants: 700 }))[1]);
    expect(seen).toEqual([
      'credit-balances: input',
      'credit-balances: input',
      'credit-balances: input, grants_exhausted',
    ]);
    const pay = () => verdicts(desk, { ...payment, value: { ...payment.value, paymentId: longId(1) } });
    const payment = honestOf('payment-events', 1);
    expect(pay()).toEqual(['credit-balances: input, grants_exhausted']);
    const { accountId, currency } = payment.value;
    const spent = charge({
      accountId,
      currency,
      amount: parseAmount('20'),
      occurredAt: instantOfMillis(NOW),
    });
    const value = encodeFramed('Charge', spent, directory.idOf('Charge'));
    const outcomes = desk.take('charges', { key: Buffer.from(accountId), value });
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(['input']);
    expect(pay()).toEqual(['credit-balances: input']);
  });

  test('the grants of an account that is not known yet', () => {
    const desk = new Desk(directory, 'contracts', []);
    const seen = [1, 2, 3].map((n) => verdicts(desk, contractOf(n, { grants: 700 }))[1]);
    expect(seen.at(-1)).toBe('credit-balances: input, grants_exhausted');
    const account = honestOf('accounts', 1);
    expect(verdicts(desk, account)).toContain('credit-balances: input');
  });
});
