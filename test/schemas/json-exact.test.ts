import { describe, expect, test } from 'vitest';
import { JSON_DEPTH_MAX, parseJsonExact } from '../../schemas/json-exact.ts';
import { codeOf } from './code-of.ts';

describe('exact JSON', () => {
  test.each([
    ['0', 0],
    ['-7', -7],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['0.1', '0.1'],
    ['1.0', '1.0'],
    ['1e3', '1e3'],
    ['1E-8', '1E-8'],
    ['-0', '-0'],
    ['-0.0', '-0.0'],
    ['1e999', '1e999'],
    ['0.30000000000000000000000001', '0.30000000000000000000000001'],
    ['"0.1"', '0.1'],
    ['true', true],
    ['null', null],
  ])('%s', (text, value) => {
    expect(parseJsonExact(text)).toBe(value);
  });

  test('inside objects and lists', () => {
    expect(parseJsonExact('{"a":[0.1,1,{"b":2.50}],"c":"x\\"[{"}')).toEqual({
      a: ['0.1', 1, { b: '2.50' }],
      c: 'x"[{',
    });
  });

  test.each(['', '{', '{"a":}', '01', '+1', 'NaN', '[1,]', '1 2', "{'a':1}"])('%j is malformed', (text) => {
    expect(codeOf(() => parseJsonExact(text))).toBe('json_malformed');
  });

  test.each([
    '{"__proto__":{"x":1}}',
    '{"__proto__":null}',
    '{"a":[{"\\u005f_proto__":1}]}',
    '{"constructor":{"prototype":{}}}',
  ])('%s is refused', (text) => {
    expect(codeOf(() => parseJsonExact(text))).toBe('json_forbidden_key');
  });

  test('depth is bounded before anything is built', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseJsonExact(nested(JSON_DEPTH_MAX))).toBeDefined();
    expect(codeOf(() => parseJsonExact(nested(JSON_DEPTH_MAX + 1)))).toBe('json_too_deep');
    expect(codeOf(() => parseJsonExact('{"a":'.repeat(1_000_000)))).toBe('json_too_deep');
    expect(parseJsonExact(JSON.stringify('['.repeat(500)))).toBe('['.repeat(500));
    expect(parseJsonExact(JSON.stringify(`\\"${'{'.repeat(500)}`))).toBe(`\\"${'{'.repeat(500)}`);
  });
});
