/** Tables, bars, JSON and progress: what a person sees, and what a machine reads. */
import { describe, expect, test } from 'vitest';
import { bar, counted, json, sparkline, table, visible } from '../../../infra/cli/output.ts';
import { startLines } from '../../../infra/cli/progress.ts';

/** Columns of a terminal: a Chinese character takes two. */
function widthOf(text: string): number {
  return [...text].reduce((width, character) => width + (/\p{Script=Han}/u.test(character) ? 2 : 1), 0);
}

describe('table', () => {
  test('columns align when some cells are Chinese', () => {
    const text = table(
      [{ head: '客户' }, { head: 'cost', align: 'right' }, { head: 'currency' }],
      [
        ['北京智能科技', '12.5', 'CNY'],
        ['acme', '1200.000000000001', 'USD'],
      ],
    );
    const lines = text.split('\n');
    const starts = lines.map((line) => widthOf(line.slice(0, line.search(/(?:currency|CNY|USD)/))));
    expect(new Set(starts).size).toBe(1);
    expect(lines).toHaveLength(3);
  });

  test('numbers end in the same column', () => {
    const text = table([{ head: 'n', align: 'right' }], [['5'], ['500']]);
    expect(text).toBe('  n\n  5\n500');
  });

  test('control characters of a record cannot move the cursor', () => {
    expect(visible('a\u001b[2Jb')).toBe('a�[2Jb');
    expect(table([{ head: 'x' }], [['a\rb']])).toContain('a�b');
  });
});

describe('bars', () => {
  test('a bar is a share of the largest in eighths', () => {
    expect(bar(100n, 100n, 4)).toBe('████');
    expect(bar(50n, 100n, 4)).toBe('██');
    expect(bar(1n, 32n, 4)).toBe('▏');
    expect(bar(-1n, 100n)).toBe('');
    expect(bar(0n, 0n)).toBe('');
  });

  test('a sparkline spans the lowest to the highest', () => {
    expect(sparkline([0n, 7n, 14n])).toBe('▁▄█');
    expect(sparkline([0n, 0n])).toBe('▁▁');
    expect(sparkline([])).toBe('');
  });
});

describe('json', () => {
  test('a bigint is a defect and not a number', () => {
    expect(() => json({ amount: 1n })).toThrow('amount is a bigint');
    expect(json({ amount: '0.000000000001' })).toBe('{\n  "amount": "0.000000000001"\n}\n');
  });
});

test('counted says one and many', () => {
  expect(counted(1, 'use')).toBe('1 use');
  expect(counted(12_000, 'use')).toBe('12,000 uses');
});

describe('progress off a terminal', () => {
  test('nothing for short work, then a plain line now and then', () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    const short = startLines(stream, 'reading', 100, { silentMs: 60_000, plainLineMs: 60_000 });
    short.add(50);
    short.end();
    expect(written).toEqual([]);

    const long = startLines(stream, 'reading', 200, { silentMs: 0, plainLineMs: 0 });
    long.add(50);
    long.end();
    expect(written).toEqual(['reading: 50 of 200 (25 %) after 0 s\n']);
  });
});
