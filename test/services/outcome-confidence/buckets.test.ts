import { describe, expect, test } from 'vitest';
import { parseAmount } from '../../../schemas/amount.ts';
import { claim, definition, leaf, outcomeWorld, readable, verification } from './facts.ts';
import { rows } from './table.ts';

describe('confidence', () => {
  test.each([
    ['0', 'c1 reject free confidence_low'],
    ['0.699999999999', 'c1 reject free confidence_low'],
    ['0.7', 'c1 review free confidence_review'],
    ['0.700000000001', 'c1 review free confidence_review'],
    ['0.8', 'c1 review free confidence_review'],
    ['0.9', 'c1 review free confidence_review'],
    ['0.900000000001', 'c1 auto billable confidence_auto'],
    ['1', 'c1 auto billable confidence_auto'],
    ['-0.000000000001', 'refused confidence_out_of_range v-c1'],
    ['1.000000000001', 'refused confidence_out_of_range v-c1'],
  ])('of %s: %s', (confidence, answer) => {
    const world = outcomeWorld();
    definition()(world);
    claim()(world);
    expect(readable(verification(confidence)(world))).toEqual([answer]);
  });

  test('edges are those of the definition', () => {
    const world = outcomeWorld();
    definition({ autoAbove: parseAmount('0.5'), reviewFrom: parseAmount('0.5') })(world);
    claim()(world);
    claim('c2')(world);
    expect(readable(verification('0.5')(world))).toEqual(['c1 review free confidence_review']);
    expect(readable(verification('0.51', {}, 'c2')(world))).toEqual(['c2 auto billable confidence_auto']);
  });

  test('out of range leaves the claim open for a verification that is in range', () => {
    const world = outcomeWorld();
    definition()(world);
    claim()(world);
    verification('90')(world);
    expect(readable(verification('0.95')(world))).toEqual(['c1 auto billable confidence_auto']);
  });
});

describe('what a definition asks for comes before the confidence', () => {
  const closed = leaf('status', 'equals', 'closed');
  rows([
    {
      name: 'criteria that are met let the confidence decide',
      given: [definition({ criteria: closed }), claim()],
      when: verification('1', { fields: { status: 'closed' } }),
      answers: ['c1 auto billable confidence_auto'],
    },
    {
      name: 'criteria that are not met reject',
      given: [definition({ criteria: closed }), claim()],
      when: verification('1', { fields: { status: 'open' } }),
      answers: ['c1 reject free criteria_not_met'],
    },
    {
      name: 'a required field that is missing rejects, and is told before the criteria',
      given: [definition({ criteria: closed, requiredFields: ['email'] }), claim()],
      when: verification('1', { fields: {} }),
      answers: ['c1 reject free required_field_missing'],
    },
    {
      name: 'a required field that is blank is missing',
      given: [definition({ requiredFields: ['email'] }), claim()],
      when: verification('1', { fields: { email: '  ' } }),
      answers: ['c1 reject free required_field_missing'],
    },
    {
      name: 'a field named like a property of every object is missing too',
      given: [definition({ requiredFields: ['constructor'] }), claim()],
      when: verification('1', { fields: {} }),
      answers: ['c1 reject free required_field_missing'],
    },
    {
      name: 'quality below the minimum rejects',
      given: [definition({ minimumQualityScore: parseAmount('0.7') }), claim()],
      when: verification('1', { qualityScore: parseAmount('0.699999999999') }),
      answers: ['c1 reject free quality_below_minimum'],
    },
    {
      name: 'quality at the minimum is enough',
      given: [definition({ minimumQualityScore: parseAmount('0.7') }), claim()],
      when: verification('1', { qualityScore: parseAmount('0.7') }),
      answers: ['c1 auto billable confidence_auto'],
    },
    {
      name: 'no quality score where one is asked for rejects',
      given: [definition({ minimumQualityScore: parseAmount('0') }), claim()],
      when: verification('1'),
      answers: ['c1 reject free quality_below_minimum'],
    },
  ]);
});
