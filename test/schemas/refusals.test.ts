import { describe, expect, test } from 'vitest';
import {
  DEAD_LETTERS,
  firstProblem,
  REFUSALS,
  type RefusalCode,
  refusalRule,
} from '../../schemas/refusals.ts';

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
    ['invalid_id', 'too_large'],
    ['invalid_value', 'too_large'],
    ['too_large', 'negative_count'],
    ['timestamp_too_old', 'duplicate'],
    ['version_conflict', 'versions_exhausted'],
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
      'charge_out_of_range',
      'outcome_unknown',
      'claim_unknown',
      'payment_unverified',
      'grants_exhausted',
      'schema_unresolved',
    ]);
  });

  test('of two problems the earlier in the table is the verdict, in whatever order they are named', () => {
    const large: { readonly code: RefusalCode } = { code: 'too_large' };
    const negative: { readonly code: RefusalCode } = { code: 'negative_count' };
    expect([firstProblem(large, negative), firstProblem(negative, large)]).toEqual([large, large]);
    expect([firstProblem(null, negative), firstProblem(negative, null)]).toEqual([negative, negative]);
    expect(firstProblem(null, null)).toBeNull();
  });

  test('are found by code', () => {
    expect(refusalRule('conflict')?.transient).toBe(false);
    expect(refusalRule('nonsense')).toBeUndefined();
  });
});
