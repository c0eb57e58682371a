import { describe, expect, test } from 'vitest';
import { tokensOf } from '../../../infra/clickhouse-endpoint/sql-tokens.ts';
import {
  calledFunctions,
  hasManyStatements,
  parseInsertHead,
  startsWithInsert,
  trailingFormat,
} from '../../../infra/clickhouse-endpoint/statement.ts';

describe('tokens', () => {
  test.each([
    ['SELECT 1', ['SELECT', '1']],
    ["'it''s' 'a\\'b'", ["it's", "a'b"]],
    ['`a``b` "c\\"d"', ['a`b', 'c"d']],
    ['1 -- file(\n2 // url(\n3 # s3(\n4 #!x\n5', ['1', '2', '3', '4', '5']],
    ['a /* b /* c */ d */ e', ['a', 'e']],
    ['a /* never closed', ['a']],
    ["'never closed", ['never closed']],
    ['$x$file($x$ y', ['$x$file($x$', 'y']],
    ['größe(1)', ['größe', '(', '1', ')']],
    ['', []],
  ])('of %s', (sql, texts) => {
    expect(tokensOf(sql).map(({ text }) => text)).toEqual(texts);
  });

  test('cover every other character as a sign, with its place', () => {
    expect(tokensOf('a;\n(')).toEqual([
      { kind: 'word', text: 'a', start: 0, end: 1 },
      { kind: 'sign', text: ';', start: 1, end: 2 },
      { kind: 'sign', text: '(', start: 3, end: 4 },
    ]);
  });
});

describe('the format a statement names', () => {
  test.each([
    ['SELECT 1', null],
    ['SELECT 1 FORMAT JSON', 'JSON'],
    ['SELECT 1 format Native', 'Native'],
    ['SELECT 1 \nFORMAT JSONEachRow;', 'JSONEachRow'],
    ['SELECT 1 FORMAT CSV SETTINGS max_threads = 1', 'CSV'],
    ["SELECT 'x FORMAT CSV'", null],
    ['SELECT 1 -- FORMAT CSV', null],
    ['SELECT format FROM t', null],
    ['SELECT 1 FORMAT', null],
    ["SELECT format('{}', x) FROM t", null],
  ])('%s', (sql, format) => {
    expect(trailingFormat(tokensOf(sql))).toBe(format);
  });
});

describe('the functions a statement calls', () => {
  test.each([
    ['SELECT count(), Sum(a.b) FROM t', ['count', 'sum']],
    ['SELECT `File` /* x */ (1), "url" (2)', ['file', 'url']],
    ["SELECT 'file(1)', file FROM t -- url(", []],
  ])('%s', (sql, names) => {
    expect([...calledFunctions(tokensOf(sql))]).toEqual(names);
  });
});

describe('several statements', () => {
  test.each([
    ['SELECT 1', false],
    ['SELECT 1;', false],
    ['SELECT 1;;', false],
    ["SELECT ';' -- ; x", false],
    ['SELECT 1; SELECT 2', true],
  ])('%s: %s', (sql, many) => {
    expect(hasManyStatements(tokensOf(sql))).toBe(many);
  });
});

describe('an INSERT with its rows behind it', () => {
  const rowsOf = (text: string): string | null => {
    const head = parseInsertHead(text);
    return head === null ? null : text.slice(head.rowsStart);
  };

  test.each([
    ['INSERT INTO t FORMAT TabSeparated\n1\t2', { table: 't', columns: null, format: 'TabSeparated' }],
    ['insert into table d.t (a, `b`) format CSV\n1,2', { table: 'd.t', columns: ['a', 'b'], format: 'CSV' }],
    [
      "INSERT INTO t SETTINGS a = 1, b = 'x' FORMAT TSV\n",
      {
        settings: new Map([
          ['a', '1'],
          ['b', 'x'],
        ]),
        format: 'TSV',
      },
    ],
    ['/* c */ INSERT INTO t -- c\n FORMAT JSONEachRow {"a":1}', { format: 'JSONEachRow' }],
  ])('%s', (text, head) => {
    expect(parseInsertHead(text)).toMatchObject(head);
    expect(startsWithInsert(tokensOf(text))).toBe(true);
  });

  test.each([
    'INSERT INTO t VALUES (1)',
    'INSERT INTO t SELECT 1 FORMAT TabSeparated',
    "INSERT INTO FUNCTION file('x') FORMAT CSV\n1",
    'INSERT INTO t (* EXCEPT a) FORMAT CSV\n1',
    'INSERT INTO t (a FORMAT CSV\n1',
    'INSERT INTO t SETTINGS a FORMAT CSV\n1',
    'INSERT INTO `odd name` FORMAT CSV\n1',
    'INSERT INTO a.b.c FORMAT CSV\n1',
    'INSERT INTO t FORMAT',
    'SELECT 1',
    '',
  ])('is not: %s', (text) => {
    expect(parseInsertHead(text)).toBeNull();
  });

  test('its rows begin behind one line end, and white space of their own is kept', () => {
    expect(rowsOf('INSERT INTO t FORMAT TSV\n\tx\n')).toBe('\tx\n');
    expect(rowsOf('INSERT INTO t FORMAT TSV \r\n1\n')).toBe('1\n');
    expect(rowsOf('INSERT INTO t FORMAT TSV\n\n1')).toBe('\n1');
    expect(rowsOf('INSERT INTO t FORMAT JSONEachRow {"a":1}')).toBe('{"a":1}');
    expect(rowsOf("INSERT INTO t FORMAT TSV\n'never closed")).toBe("'never closed");
  });
});
