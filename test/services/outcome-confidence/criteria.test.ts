import { describe, expect, test } from 'vitest';
import type { Criterion } from '../../../schemas/generated/outcome-definition.ts';
import { isUnderstood, meets } from '../../../services/outcome-confidence/criteria.ts';
import { compareDecimals } from '../../../services/outcome-confidence/decimal-compare.ts';
import { leaf, NOTHING, node } from './facts.ts';

const fields = { status: 'closed', csat: '4.50', lead: 'qualified', blank: ' ', version: '1e3', debt: '-2' };

const yes = leaf('status', 'equals', 'closed');
const no = leaf('status', 'equals', 'open');

describe('criteria', () => {
  test.each<[string, Criterion, boolean]>([
    ['equal text', yes, true],
    ['text is case-sensitive', leaf('status', 'equals', 'Closed'), false],
    ['equal as decimals', leaf('csat', 'equals', '4.5'), true],
    ['not equal as decimals', leaf('csat', 'not_equals', '4.5'), false],
    ['not equal text', leaf('status', 'not_equals', 'open'), true],
    ['not_equals of a missing field', leaf('nobody', 'not_equals', 'open'), false],
    ['not_equals of a blank field', leaf('blank', 'not_equals', 'open'), false],
    ['greater', leaf('csat', 'greater_than', '3'), true],
    ['greater is strict', leaf('csat', 'greater_than', '4.5'), false],
    ['ten is greater than nine', leaf('csat', 'greater_than', '10'), false],
    ['at least', leaf('csat', 'at_least', '4.500'), true],
    ['at least, just below', leaf('csat', 'at_least', '4.500000000000000000001'), false],
    ['less', leaf('debt', 'less_than', '-1.5'), true],
    ['less is strict', leaf('debt', 'less_than', '-2.0'), false],
    ['order of text is no order', leaf('status', 'greater_than', 'a'), false],
    ['exponents are text', leaf('version', 'greater_than', '1'), false],
    ['in', leaf('lead', 'in', 'qualified', 'contacted'), true],
    ['in as decimals', leaf('csat', 'in', '4', '4.5'), true],
    ['not in', leaf('lead', 'in', 'contacted'), false],
    ['exists', leaf('lead', 'exists'), true],
    ['a blank field does not exist', leaf('blank', 'exists'), false],
    ['a missing field does not exist', leaf('nobody', 'exists'), false],
    ['and of true', node('and', yes, yes), true],
    ['and of true and false', node('and', yes, no), false],
    ['or of true and false', node('or', no, yes), true],
    ['or of false', node('or', no, no), false],
    ['nested', node('and', node('or', no, yes), leaf('csat', 'greater_than', '3')), true],
    ['no criteria at all', NOTHING, true],
    ['a leaf without a field', { ...yes, field: null }, false],
    ['an operator that is not understood', leaf('status', 'like', 'closed'), false],
  ])('%s', (_name, criterion, expected) => {
    expect(meets(criterion, fields)).toBe(expected);
  });

  test.each<[string, Criterion, boolean]>([
    ['a leaf', yes, true],
    ['no criteria', NOTHING, true],
    ['exists needs no value', leaf('a', 'exists'), true],
    ['an unknown operator', leaf('a', 'like', 'b'), false],
    ['an unknown operator deep inside', node('and', node('or', leaf('a', 'like', 'b'))), false],
    ['a leaf without a field', { ...yes, field: null }, false],
    ['a leaf with children', { ...yes, children: [yes] }, false],
    ['a comparison without a value', leaf('a', 'equals'), false],
    ['a comparison with two values', leaf('a', 'equals', 'b', 'c'), false],
    ['in without values', leaf('a', 'in'), false],
    ['or without children', node('or'), false],
    ['sixteen levels', nested(16), true],
    ['seventeen levels', nested(17), false],
  ])('understood or not: %s', (_name, criterion, expected) => {
    expect(isUnderstood(criterion)).toBe(expected);
  });

  function nested(levels: number): Criterion {
    return levels === 1 ? yes : node('and', nested(levels - 1));
  }
});

describe('decimals in text', () => {
  test.each([
    ['1', '1.0', 0],
    ['+1', '1', 0],
    ['-0', '0', 0],
    ['007', '7', 0],
    ['0.1', '0.10000000000000000000000000001', -1],
    ['9007199254740993', '9007199254740992', 1],
    ['-1', '1', -1],
    ['1,000', '1', null],
    ['.5', '0.5', null],
    ['5.', '5', null],
    ['', '0', null],
    ['NaN', '1', null],
    ['Infinity', '1', null],
    [' 1', '1', null],
    ['0x10', '16', null],
    ['1'.repeat(65), '1', null],
  ])('%s against %s is %s', (a, b, expected) => {
    expect(compareDecimals(a, b)).toBe(expected);
  });
});
