/** The endpoint as clients without a library see it: requests, formats, errors, rights, inserts and their repetition. */
import { spawnSync } from 'node:child_process';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, basic, type Endpoint, startEndpoint } from './clickhouse-endpoint-support.ts';

let endpoint: Endpoint;
const startLimitMs = 60_000;

async function count(table: string): Promise<number> {
  return Number((await ask(endpoint, { sql: `SELECT count() FROM ${table}` })).text);
}

beforeAll(async () => {
  endpoint = await startEndpoint();
  const created = await ask(endpoint, {
    as: 'writer',
    sql: `CREATE TABLE charges (id UInt64, account String, amount Decimal(38, 12), at DateTime64(6, 'UTC'))
      ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
  });
  expect(created).toMatchObject({ status: 200, text: '' });
}, startLimitMs);

afterAll(() => endpoint.remove());

describe('requests', () => {
  test('greets without a query and without credentials', async () => {
    for (const path of ['/', '/ping']) {
      const wrong = { headers: { authorization: 'Basic bm9ib2R5Ong=' } };
      const answer = await fetch(endpoint.url + path, wrong);
      expect([answer.status, await answer.text()]).toEqual([200, 'Ok.\n']);
      const head = await fetch(endpoint.url + path, { method: 'HEAD', ...wrong });
      expect([head.status, await head.text()]).toEqual([200, '']);
    }
    expect((await fetch(`${endpoint.url}/nowhere`)).status).toBe(404);
  });

  test('takes a statement from the URL, from the body, or begun in the one and ended in the other', async () => {
    expect((await ask(endpoint, { url: { query: 'SELECT 1' } })).text).toBe('1\n');
    expect((await ask(endpoint, { sql: 'SELECT 2' })).text).toBe('2\n');
    expect((await ask(endpoint, { url: { query: 'SELECT 3 AS n' }, sql: 'FORMAT JSONEachRow' })).text).toBe(
      '{"n":3}\n',
    );
    expect((await ask(endpoint, { sql: '' })).text).toContain('Empty query');
  });

  test('prefers the format in the statement, then the header, then the parameter, then TabSeparated', async () => {
    const header = { 'x-clickhouse-format': 'CSV' };
    const url = { default_format: 'JSONEachRow' };
    const cases = [
      {
        question: { sql: 'SELECT 1 AS n FORMAT TSVWithNames', headers: header, url },
        text: 'n\n1\n',
        format: 'TSVWithNames',
      },
      { question: { sql: "SELECT 'a' AS n", headers: header, url }, text: '"a"\n', format: 'CSV' },
      { question: { sql: 'SELECT 1 AS n', url }, text: '{"n":1}\n', format: 'JSONEachRow' },
      { question: { sql: "SELECT 'FORMAT CSV' AS n" }, text: 'FORMAT CSV\n', format: 'TabSeparated' },
    ];
    for (const { question, text, format } of cases) {
      const answer = await ask(endpoint, question);
      expect([answer.text, answer.headers.get('x-clickhouse-format')]).toEqual([text, format]);
    }
  });

  test('unpacks every supported body encoding and refuses others with an exception', async () => {
    const sql = 'SELECT 42';
    const packed = {
      gzip: gzipSync(sql),
      deflate: deflateSync(sql),
      br: brotliCompressSync(sql),
      zstd: zstdCompressSync(sql),
    };
    for (const [encoding, body] of Object.entries(packed)) {
      const answer = await ask(endpoint, {
        sql: new Uint8Array(body),
        headers: { 'content-encoding': encoding },
      });
      expect([encoding, answer.text]).toEqual([encoding, '42\n']);
    }
    const broken = await ask(endpoint, { sql: 'not gzip', headers: { 'content-encoding': 'gzip' } });
    expect([broken.status, broken.headers.get('x-clickhouse-exception-code')]).toEqual([400, '271']);
    const lz4 = { sql: 'anything', headers: { 'content-encoding': 'lz4' } };
    expect((await ask(endpoint, lz4)).headers.get('x-clickhouse-exception-code')).toBe('164');
    expect((await ask(endpoint, { ...lz4, as: 'writer' })).headers.get('x-clickhouse-exception-code')).toBe(
      '89',
    );
    expect((await ask(endpoint, { sql, url: { decompress: '1' } })).status).toBe(400);
  });

  test('compresses only where the client asks for it in the URL', async () => {
    const sql = 'SELECT number FROM numbers(5000)';
    const offered = await ask(endpoint, { sql, headers: { 'accept-encoding': 'gzip' } });
    const asked = await ask(endpoint, {
      sql,
      url: { enable_http_compression: '1' },
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(offered.headers.get('content-encoding')).toBeNull();
    expect(asked.headers.get('content-encoding')).toBe('gzip');
    expect(asked.text).toBe(offered.text);
  });

  test('answers with the headers the clients read', async () => {
    const answer = await ask(endpoint, { sql: 'SELECT 1 FORMAT JSON', url: { query_id: 'q-1' } });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-clickhouse-query-id': 'q-1',
      'x-clickhouse-timezone': 'UTC',
      'content-type': 'application/json; charset=UTF-8',
      connection: 'keep-alive',
    });
    expect(JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '')).toMatchObject({
      read_rows: '1',
      written_rows: '0',
    });
    expect(
      (await ask(endpoint, { sql: 'SELECT 1', url: { query_id: '' } })).headers.get('x-clickhouse-query-id'),
    ).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('quotes decimals and 64-bit integers in JSON unless told otherwise', async () => {
    const sql =
      "SELECT toDecimal128('12345678901234567890.000000000001', 12) AS d, toUInt64(18446744073709551615) AS n FORMAT JSONEachRow";
    expect((await ask(endpoint, { sql })).text).toBe(
      '{"d":"12345678901234567890.000000000001","n":"18446744073709551615"}\n',
    );
    const url = { output_format_json_quote_decimals: '0', output_format_json_quote_64bit_integers: '0' };
    expect((await ask(endpoint, { sql, url })).text).toContain('"n":18446744073709551615');
  });

  test('binds parameters in their escaped form, also from a form', async () => {
    const url = { param_s: "it's\\ta tab", param_a: "['p','q\\'r']", param_n: '7' };
    const sql = 'SELECT {s:String}, {a:Array(String)}[2], {n:UInt8} + 1';
    expect((await ask(endpoint, { sql, url })).text).toBe("it\\'s\\ta tab\tq\\'r\t8\n");
    const form = new FormData();
    form.set('query', 'SELECT {x:UInt8}');
    form.set('param_x', '9');
    expect(await (await fetch(endpoint.url, { method: 'POST', body: form })).text()).toBe('9\n');
    expect(
      (await ask(endpoint, { sql: 'SELECT {missing:UInt8}' })).headers.get('x-clickhouse-exception-code'),
    ).toBe('456');
  });

  test('accepts settings it does not know, and keeps those it applies to one request', async () => {
    const url = { wait_end_of_query: '1', session_id: 's', role: 'r', no_such_setting: '1', extremes: '1' };
    expect((await ask(endpoint, { sql: "SELECT getSetting('extremes')", url })).text).toContain('true');
    expect((await ask(endpoint, { sql: "SELECT getSetting('extremes')" })).text).toBe('false\n');
    expect((await ask(endpoint, { sql: 'SELECT currentDatabase()', url: { database: 'system' } })).text).toBe(
      'system\n',
    );
  });

  test('is refused under the name of another host', () => {
    const { stdout } = spawnSync(
      'curl',
      ['-s', '-H', 'Host: evil.example', `${endpoint.url}/?query=SELECT%201`],
      { encoding: 'utf8' },
    );
    expect(stdout).toContain('loopback only');
  });
});

describe('errors', () => {
  test.each([
    ['SELECT * FROM nosuch', 404, 60, 'UNKNOWN_TABLE'],
    ['SELECT * FROM nowhere.t', 404, 81, 'UNKNOWN_DATABASE'],
    ['SELEC 1', 400, 62, 'SYNTAX_ERROR'],
    ['SELECT nosuch', 400, 47, 'UNKNOWN_IDENTIFIER'],
    ["SELECT toUInt8('x')", 400, 6, 'CANNOT_PARSE_TEXT'],
    ['SELECT 1; SELECT 2', 400, 62, 'SYNTAX_ERROR'],
    ["SELECT throwIf(1, 'as asked')", 500, 395, 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
  ])('%s', async (sql, status, code, codeName) => {
    const answer = await ask(endpoint, { sql });
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([
      status,
      String(code),
    ]);
    expect(answer.text).toMatch(
      new RegExp(`^Code: ${code}\\. DB::Exception: [\\s\\S]+ \\(${codeName}\\) \\(version [\\d.]+\\)\\n$`),
    );
  });

  test('what a failed query had written does not show up in a later answer', async () => {
    const failing = { sql: 'SELECT number FROM system.numbers', url: { max_result_bytes: '1000000' } };
    expect((await ask(endpoint, failing)).headers.get('x-clickhouse-exception-code')).toBe('396');
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect((await ask(endpoint, { sql: 'SELECT 1' })).text).toBe('1\n');
    }
  });

  test('a query that runs too long ends with a timeout', async () => {
    const answer = await ask(endpoint, {
      sql: 'SELECT max(number) FROM system.numbers',
      url: { max_execution_time: '1' },
    });
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([408, '159']);
  });
});

describe('rights', () => {
  test('the wrong password, an unknown user and other schemes are refused with 516', async () => {
    const wrong = [
      { headers: { authorization: basic({ username: 'sink', password: 'guess' }) } },
      { headers: { authorization: basic({ username: 'root', password: '' }) } },
      { headers: { authorization: 'Bearer x' } },
      { headers: { 'x-clickhouse-user': 'default', 'x-clickhouse-key': 'x' } },
      { url: { user: 'sink', password: '' } },
    ];
    for (const question of wrong) {
      const answer = await ask(endpoint, { sql: 'SELECT 1', ...question });
      expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([403, '516']);
    }
  });

  test('the writer is known by header and by URL, too', async () => {
    const { username, password } = endpoint.writer;
    const sql = 'CREATE TABLE IF NOT EXISTS by_header (n UInt8) ENGINE = Memory';
    const headers = { 'x-clickhouse-user': username, 'x-clickhouse-key': password };
    expect((await ask(endpoint, { sql, headers })).status).toBe(200);
    expect((await ask(endpoint, { sql, url: { user: username, password } })).status).toBe(200);
  });

  test.each([
    "INSERT INTO charges VALUES (1, 'a', 1, now())",
    'insert into charges select 1',
    '/* SELECT */ INSERT INTO charges FORMAT TabSeparated\n1\ta\t1\t2026-01-01 00:00:00',
    'CREATE TABLE mine (n UInt8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE mine (n UInt8)',
    'DROP TABLE charges',
    'TRUNCATE TABLE charges',
    'ALTER TABLE charges DELETE WHERE 1',
    'OPTIMIZE TABLE charges',
    'SET max_threads = 1',
    'SET readonly = 0',
    'USE system',
    'SYSTEM FLUSH LOGS',
    'KILL QUERY WHERE 1',
    'GRANT ALL ON *.* TO reader',
    'CREATE FUNCTION f AS x -> x',
    "BACKUP DATABASE default TO File('x')",
    "SELECT 1 INTO OUTFILE '/tmp/never'",
    "SELECT 1 INTO/**/OUTFILE '/tmp/never'",
    "INSERT INTO FUNCTION file('/tmp/never') SELECT 1",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT `file`/* */ ('/etc/passwd')",
    'SELECT "FILE"(\'/etc/passwd\')',
    "SELECT 'it''s', file('/etc/passwd')",
    "EXPLAIN SELECT file('/etc/passwd')",
    "DESCRIBE file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'CSV')",
    "SELECT * FROM remote('127.0.0.1:9000', system.one)",
    "SELECT * FROM executable('x', 'TSV', 'a String')",
    "SELECT * FROM mysql('a:1', 'b', 'c', 'd', 'e')",
    "SELECT * FROM fuzzJSON('{}')",
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS max_execution_time = 0',
    "SELECT (SELECT line FROM file('/etc/passwd', 'LineAsString') LIMIT 1)",
    "WITH x AS (SELECT file('/etc/passwd')) SELECT * FROM x",
  ])('a reader may not: %s', async (sql) => {
    const answer = await ask(endpoint, { sql });
    expect(answer.status, answer.text).toBe(403);
    expect(['164', '497']).toContain(answer.headers.get('x-clickhouse-exception-code'));
    expect(answer.text).not.toContain('root:');
  });

  test.each([
    'SELECT count() FROM charges',
    'WITH 1 AS x SELECT x',
    '(SELECT 1) UNION ALL (SELECT 2)',
    'SHOW TABLES',
    'SHOW CREATE TABLE charges',
    'DESCRIBE TABLE charges',
    'EXISTS TABLE charges',
    'EXPLAIN SELECT 1',
    'SELECT sum(number) FROM numbers(10) -- file(',
    'SELECT name FROM system.columns LIMIT 1;',
    "SELECT 'file(x)', format('{}', 1)",
  ])('a reader may: %s', async (sql) => {
    expect(await ask(endpoint, { sql })).toMatchObject({ status: 200 });
  });

  test('the writer may set settings in a query, by POST and by GET', async () => {
    const query = "SELECT getSetting('max_threads') SETTINGS max_threads = 1";
    expect((await ask(endpoint, { sql: query, as: 'writer' })).text).toBe('1\n');
    expect((await ask(endpoint, { url: { query }, as: 'writer' })).text).toBe('1\n');
  });

  test('a GET changes nothing, not even for the writer', async () => {
    for (const query of ['DROP TABLE charges', "INSERT INTO charges VALUES (1, 'a', 1, now())"]) {
      const answer = await ask(endpoint, { url: { query }, as: 'writer' });
      expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([403, '164']);
    }
    expect(await count('charges')).toBe(0);
  });

  test('a reader cannot raise its limits', async () => {
    const url = {
      max_execution_time: '0',
      max_memory_usage: '0',
      max_result_bytes: '999999999999',
      readonly: '0',
    };
    const sql =
      "SELECT getSetting('max_execution_time'), getSetting('max_result_bytes'), getSetting('readonly')";
    expect((await ask(endpoint, { sql, url })).text).toBe('30\t268435456\t1\n');
  });
});

describe('inserts', () => {
  const rows = (from: number, size: number): string =>
    Array.from(
      { length: size },
      (_, at) => `${from + at}\taccount \\t ${at} ä\t${at}.000000000001\t2026-01-01 00:00:00.000001\n`,
    ).join('');
  const insertTsv = 'INSERT INTO charges (id, account, amount, at) FORMAT TabSeparated';

  test('rows may follow the statement in the body, or the statement may be in the URL', async () => {
    await ask(endpoint, { as: 'writer', sql: 'TRUNCATE TABLE charges' });
    const together = await ask(endpoint, { as: 'writer', sql: `${insertTsv}\n${rows(0, 10)}` });
    expect([
      together.status,
      JSON.parse(together.headers.get('x-clickhouse-summary') ?? '').written_rows,
    ]).toEqual([200, '10']);
    await ask(endpoint, { as: 'writer', url: { query: insertTsv }, sql: rows(10, 10) });
    const json =
      '{"id":20,"account":"a;b","amount":"99999999999999999999999999.000000000001","at":"2026-01-01 00:00:00"}\n';
    await ask(endpoint, {
      as: 'writer',
      url: { query: 'INSERT INTO charges FORMAT JSONEachRow' },
      sql: json,
    });
    await ask(endpoint, {
      as: 'writer',
      sql: "INSERT INTO charges VALUES (21, 'v', 1.5, '2026-01-01 00:00:00')",
    });
    await ask(endpoint, {
      as: 'writer',
      sql: 'INSERT INTO charges SELECT id + 100, account, amount, at FROM charges WHERE id < 3',
    });
    expect(await count('charges')).toBe(25);
    const exact = await ask(endpoint, {
      sql: 'SELECT account, amount FROM charges WHERE id IN (1, 20) ORDER BY id',
    });
    expect(exact.text).toBe(
      'account \\t 1 ä\t1.000000000001\na;b\t99999999999999999999999999.000000000001\n',
    );
  });

  test('a row that cannot be read refuses the whole block', async () => {
    const before = await count('charges');
    const answer = await ask(endpoint, { as: 'writer', sql: `${insertTsv}\n${rows(500, 3)}bad row\n` });
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([400, '27']);
    expect(await count('charges')).toBe(before);
  });

  test('a block repeated under its token is dropped, as a parameter and in the statement', async () => {
    const before = await count('charges');
    const again = {
      as: 'writer',
      url: { query: insertTsv, insert_deduplication_token: 'block-1' },
      sql: rows(1000, 50),
    } as const;
    await ask(endpoint, again);
    await ask(endpoint, again);
    expect(await count('charges')).toBe(before + 50);
    await ask(endpoint, { ...again, url: { ...again.url, insert_deduplication_token: 'block-2' } });
    expect(await count('charges')).toBe(before + 100);
    const inStatement = insertTsv.replace('FORMAT', "SETTINGS insert_deduplication_token = 'block-3' FORMAT");
    await ask(endpoint, { as: 'writer', sql: `${inStatement}\n${rows(2000, 5)}` });
    await ask(endpoint, { as: 'writer', sql: `${inStatement}\n${rows(2000, 5)}` });
    expect(await count('charges')).toBe(before + 105);
  });

  test('writers and readers at once see whole blocks only', async () => {
    await ask(endpoint, { as: 'writer', sql: 'TRUNCATE TABLE charges' });
    const writes = Array.from({ length: 12 }, (_, at) =>
      ask(endpoint, { as: 'writer', url: { query: insertTsv }, sql: rows(at * 1000, 1000) }),
    );
    const reads = Array.from({ length: 24 }, () => count('charges'));
    for (const seen of await Promise.all(reads)) expect(seen % 1000).toBe(0);
    for (const { status } of await Promise.all(writes)) expect(status).toBe(200);
    expect(await count('charges')).toBe(12_000);
  });

  test('binary rows are refused with a sentence that says what is taken', async () => {
    const binary = new Uint8Array(
      Buffer.concat([Buffer.from('INSERT INTO charges FORMAT RowBinary\n'), Buffer.from([0xff, 0xfe, 0x80])]),
    );
    const answer = await ask(endpoint, { as: 'writer', sql: binary });
    expect(answer.status).toBe(501);
    expect(answer.text).toContain('text formats only');
  });
});

describe('state', () => {
  test(
    'rows, and the tokens of their blocks, survive a clean restart and a kill',
    async () => {
      const insert = {
        as: 'writer',
        url: { query: 'INSERT INTO kept FORMAT TabSeparated', insert_deduplication_token: 'kept-1' },
        sql: '1\n2\n3\n',
      } as const;
      await ask(endpoint, {
        as: 'writer',
        sql: 'CREATE TABLE kept (n UInt32) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 10',
      });
      await ask(endpoint, insert);
      await endpoint.process.kill('SIGKILL');
      endpoint = await endpoint.restart();
      expect(await count('kept')).toBe(3);
      await ask(endpoint, insert);
      expect(await count('kept')).toBe(3);
      await endpoint.process.stop();
      endpoint = await endpoint.restart();
      await ask(endpoint, insert);
      expect(await count('kept')).toBe(3);
    },
    startLimitMs,
  );
});
