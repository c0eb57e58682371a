import { describe, expect, test } from 'vitest';
import { DEAD_LETTERS, REFUSALS, type RefusalCode, refusalRule } from '../../schemas/refusals.ts';

const ALL = [...REFUSALS, ...DEAD_LETTERS];

describe('refusal codes', () => {
  test('are unique and written alike', () => {
    expect(new Set(ALL.map((rule) => rule.code)).size).toBe(ALL.length);
    for (const rule of ALL) expect(rule.code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });

  test('say what is wrong and what to do, in sentences', () => {
    for (const rule of ALL) {
      expect(rule.meaning).toMatch(/^[A-Z].*\.$/);
      expect(rule.wayOut).toMatch(/^[A-Z].*\.$/);
    }
  });

  test.each<[RefusalCode, RefusalCode]>([
    ['key_mismatch', 'missing_tag'],
    ['missing_tag', 'negative_count'],
    ['timestamp_implausible', 'timestamp_too_old'],
    ['timestamp_too_old', 'duplicate'],
    ['duplicate', 'conflict'],
    ['conflict', 'account_unknown'],
    ['account_unknown', 'contract_missing'],
    ['contract_missing', 'price_missing'],
  ])('%s comes before %s', (first, second) => {
    const codes = REFUSALS.map((rule) => rule.code);
    expect(codes.indexOf(first)).toBeLessThan(codes.indexOf(second));
  });

  test('what arrives late may be accepted later; what is wrong may not', () => {
    const transient = ALL.filter((rule) => rule.transient).map((rule) => rule.code);
    expect(transient).toEqual([
      'account_unknown',
      'contract_missing',
      'currency_mismatch',
      'reference_incomplete',
      'price_missing',
      'outcome_unknown',
      'claim_unknown',
      'payment_unverified',
      'schema_unresolved',
    ]);
  });

  test('are found by code', () => {
    expect(refusalRule('conflict')?.transient).toBe(false);
    expect(refusalRule('nonsense')).toBeUndefined();
  });
});
