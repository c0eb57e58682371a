/** Who may do what, and how it is told: accounts, settings, reader's functions, exceptions, waiting in line. */
import { describe, expect, test } from 'vitest';
import { authenticate } from '../../../infra/clickhouse-endpoint/accounts.ts';
import { contentType } from '../../../infra/clickhouse-endpoint/answer.ts';
import {
  ClickhouseException,
  exceptionBody,
  FAILURES,
  httpStatus,
  toException,
} from '../../../infra/clickhouse-endpoint/exception.ts';
import { Gate } from '../../../infra/clickhouse-endpoint/gate.ts';
import { handshakeAnswer, isHandshake } from '../../../infra/clickhouse-endpoint/grafana-handshake.ts';
import {
  checkFunctions,
  checkReadOnly,
  checkStatementCount,
} from '../../../infra/clickhouse-endpoint/reader-rules.ts';
import { boundParameters, engineSettings } from '../../../infra/clickhouse-endpoint/settings.ts';

const writer = { username: 'sink', password: 'secret-secret-secret' };

describe('accounts', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  const none = new URLSearchParams();

  test.each([
    [{}, none, { name: 'default', mayWrite: false }],
    [basic('default:'), none, { name: 'default', mayWrite: false }],
    [basic('reader'), none, { name: 'reader', mayWrite: false }],
    [{}, new URLSearchParams({ user: 'reader' }), { name: 'reader', mayWrite: false }],
    [basic('sink:secret-secret-secret'), none, { name: 'sink', mayWrite: true }],
    [
      { 'x-clickhouse-user': 'sink', 'x-clickhouse-key': writer.password },
      none,
      { name: 'sink', mayWrite: true },
    ],
    [{}, new URLSearchParams({ user: 'sink', password: writer.password }), { name: 'sink', mayWrite: true }],
  ])('%j %s', (headers, url, account) => {
    expect(authenticate(headers, url, writer)).toEqual(account);
  });

  test.each([
    basic('sink:'),
    basic('sink:secret-secret-secres'),
    basic('default:x'),
    basic('root:'),
    { authorization: 'Bearer t' },
    { authorization: '' },
  ])('refuses %j', (headers) => {
    const refusal = () => authenticate(headers, none, writer);
    expect(refusal).toThrow(expect.objectContaining({ code: 516 }));
  });
});

describe('settings', () => {
  const known = new Set([
    'max_execution_time',
    'max_result_rows',
    'insert_deduplication_token',
    'output_format_json_quote_decimals',
    'readonly',
    'async_insert',
  ]);
  const reader = { name: 'default', mayWrite: false };
  const sink = { name: 'sink', mayWrite: true };
  const settings = (url: Record<string, string>, account = reader) =>
    Object.fromEntries(engineSettings(new URLSearchParams(url), account, known));

  test('quote decimals and large integers by default, and not when told so', () => {
    expect(settings({})).toMatchObject({
      output_format_json_quote_decimals: '1',
      output_format_json_quote_64bit_integers: '1',
    });
    expect(settings({ output_format_json_quote_decimals: '0' })).toMatchObject({
      output_format_json_quote_decimals: '0',
    });
  });

  test.each([
    ['', '30'],
    ['0', '30'],
    ['-1', '30'],
    ['nonsense', '30'],
    ['1e9', '30'],
    ['5', '5'],
  ])('a reader who asks for %j seconds gets %s', (asked, given) => {
    expect(settings({ max_execution_time: asked })).toMatchObject({ max_execution_time: given });
  });

  test('unknown ones, and those not allowed, are left out without a word', () => {
    const asked = {
      readonly: '0',
      async_insert: '1',
      session_id: 'x',
      output_format_of_tomorrow: '1',
      insert_deduplication_token: 't',
    };
    expect(Object.keys(settings(asked)).filter((name) => name in asked)).toEqual([]);
    expect(settings(asked, sink)).toMatchObject({ insert_deduplication_token: 't' });
    expect(settings(asked, sink)).not.toHaveProperty('max_execution_time');
  });

  test('bound parameters keep their escaped form', () => {
    expect([...boundParameters(new URLSearchParams("query=x&param_a=%5Ct&param_b=['p']"))]).toEqual([
      ['a', '\\t'],
      ['b', "['p']"],
    ]);
  });
});

describe('what a reader may call', () => {
  const tableFunctions = new Set(['numbers', 'file', 's3', 'invented_tomorrow']);
  const check = (canonical: string) => () => checkFunctions({ user: 'reader', canonical, tableFunctions });

  test.each([
    "SELECT file('x')",
    'SELECT * FROM s3(1)',
    'SELECT * FROM invented_tomorrow()',
    "SELECT aiGenerate('x')",
  ])('not: %s', (sql) => {
    expect(check(sql)).toThrow(expect.objectContaining({ code: 497 }));
  });

  test.each(['SELECT sum(number) FROM numbers(3)', "SELECT 'file(1)'", 'SELECT file FROM t'])(
    'this: %s',
    (sql) => {
      expect(check(sql)).not.toThrow();
    },
  );

  test('statements are refused by what the parser says', () => {
    const analysis = { statementCount: 1, isRead: true, isKnown: true };
    expect(() => checkReadOnly('reader', analysis)).not.toThrow();
    expect(() => checkReadOnly('reader', { ...analysis, isRead: false })).toThrow(
      expect.objectContaining({ code: 164 }),
    );
    expect(() => checkStatementCount({ ...analysis, statementCount: 2 })).toThrow(
      expect.objectContaining({ code: 62 }),
    );
  });
});

describe('exceptions', () => {
  test.each([
    [
      'Code: 60. DB::Exception: Table t does not exist. (UNKNOWN_TABLE)',
      60,
      'UNKNOWN_TABLE',
      'Table t does not exist.',
    ],
    [
      'Query failed: Code: 62. DB::Exception: Bad (very). (SYNTAX_ERROR) (version 26.7.2.1)',
      62,
      'SYNTAX_ERROR',
      'Bad (very).',
    ],
    [
      "Code: 164. DB::Exception: Code: 164. DB::Exception: Cannot modify 'x'. (READONLY) (version 26.7.2.1). (READONLY)",
      164,
      'READONLY',
      "Cannot modify 'x'.",
    ],
    ['the engine is gone', 1002, 'UNKNOWN_EXCEPTION', 'the engine is gone'],
  ])('%s', (message, code, codeName, text) => {
    expect(toException(new Error(message))).toMatchObject({ code, codeName, message: text });
  });

  test('pass through unchanged, and are told the way clients take apart', () => {
    const refused = FAILURES.readOnly('no');
    expect(toException(refused)).toBe(refused);
    expect(exceptionBody(refused, '1.2')).toBe('Code: 164. DB::Exception: no. (READONLY) (version 1.2)\n');
    expect(toException('text')).toBeInstanceOf(ClickhouseException);
  });

  test.each([
    [60, 404],
    [81, 404],
    [62, 400],
    [53, 400],
    [164, 403],
    [497, 403],
    [516, 403],
    [202, 503],
    [1002, 500],
  ])('code %i has status %i', (code, status) => {
    expect(httpStatus(code)).toBe(status);
  });
});

describe('answers', () => {
  test.each([
    ['JSON', 'application/json'],
    ['JSONEachRow', 'application/x-ndjson'],
    ['TabSeparatedWithNames', 'text/tab-separated-values'],
    ['CSV', 'text/csv'],
    ['Native', 'application/octet-stream'],
    ['Pretty', 'text/plain'],
  ])('%s is %s', (format, type) => {
    expect(contentType(format).split(';')[0]).toBe(type);
  });

  test("Grafana's question is known by its text and its protocol, in any spacing", () => {
    const url = new URLSearchParams('client_protocol_version=54460');
    const question = ' SELECT displayName(),  version(),\nrevision(), timezone();';
    expect(isHandshake(question, url)).toBe(true);
    expect(isHandshake(question, new URLSearchParams())).toBe(false);
    expect(isHandshake('SELECT revision()', url)).toBe(false);
  });

  test('the handshake is one block of one row, byte for byte', () => {
    const long = 'n'.repeat(200);
    const bytes = handshakeAnswer({ displayName: long, version: 'v', timezone: 'UTC' });
    expect(bytes.subarray(0, 10).toString('hex')).toBe('010002ffffffff000401');
    expect(bytes.includes(Buffer.concat([Buffer.from([0, 0xc8, 0x01]), Buffer.from(long)]))).toBe(true);
  });
});

describe('the gate', () => {
  test('lets so many in at once, the others in order, and refuses beyond', async () => {
    const gate = new Gate({ concurrentMax: 2, waitingMax: 1, refuse: () => new Error('full') });
    const order: string[] = [];
    const doors = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = gate.pass(() => doors[0]?.promise ?? Promise.resolve());
    const second = gate.pass(async () => {
      await doors[1]?.promise;
      throw new Error('second failed');
    });
    const third = gate.pass(async () => order.push('third'));
    await expect(gate.pass(async () => order.push('fourth'))).rejects.toThrow('full');
    expect(order).toEqual([]);
    doors[1]?.resolve();
    await expect(second).rejects.toThrow('second failed');
    await third;
    expect(order).toEqual(['third']);
    doors[0]?.resolve();
    await first;
    expect(await gate.pass(async () => 'free again')).toBe('free again');
  });
});
