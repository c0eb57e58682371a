import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { traceRequests } from '../../../infra/importers/trace-file.ts';
import { TraceError } from '../../../infra/importers/trace-lines.ts';
import type { TraceRequest } from '../../../infra/importers/trace-request.ts';
import { type TraceAssignment, usagesOfTrace } from '../../../infra/importers/trace-usage.ts';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { formatInstant, parseInstant } from '../../../schemas/instant.ts';
import { checkUsage } from '../../../schemas/usage-check.ts';

const folder = mkdtempSync(join(tmpdir(), 'trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

function fileWith(content: string | Buffer): string {
  files += 1;
  const path = join(folder, `trace-${files}`);
  writeFileSync(path, content);
  return path;
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  return Array.fromAsync(items);
}

const header = 'TIMESTAMP,ContextTokens,GeneratedTokens';
const azure = [
  header,
  '2023-11-16 18:15:46.6805900,374,44',
  '2023-11-16 18:15:50.9951690,396,109',
  '2023-11-16 18:16:00.0000001,7,0',
].join('\r\n');

const mooncake = [
  { timestamp: 0, input_length: 1_300, output_length: 5, hash_ids: [0, 1, 2] },
  { timestamp: 30, input_length: 1_300, output_length: 6, hash_ids: [0, 1, 2] },
  { timestamp: 60, input_length: 2_000, output_length: 7, hash_ids: [0, 1, 3, 2] },
  { timestamp: 90, input_length: 2_000, output_length: 8, hash_ids: [9, 0, 1, 2] },
].map((row) => JSON.stringify(row));

const assignment: TraceAssignment = {
  name: 'azure-conv',
  seed: 7,
  accounts: ['acme', 'globex', 'initech'].map(parseAccountId),
  models: [
    { provider: 'openai', model: 'gpt-5' },
    { provider: 'anthropic', model: 'claude-sonnet-5' },
  ],
  endsAt: parseInstant('2026-03-10T12:00:00Z'),
};

describe('an Azure trace', () => {
  test('is read with lines that end in CRLF or LF, and a last line that does not end', async () => {
    const expected: readonly TraceRequest[] = [
      {
        arrivedMs: Date.UTC(2023, 10, 16, 18, 15, 46, 680),
        inputTokens: 374,
        outputTokens: 44,
        cachedTokens: null,
      },
      {
        arrivedMs: Date.UTC(2023, 10, 16, 18, 15, 50, 995),
        inputTokens: 396,
        outputTokens: 109,
        cachedTokens: null,
      },
      {
        arrivedMs: Date.UTC(2023, 10, 16, 18, 16, 0, 0),
        inputTokens: 7,
        outputTokens: 0,
        cachedTokens: null,
      },
    ];
    expect(await all(traceRequests(fileWith(azure)))).toEqual(expected);
    expect(await all(traceRequests(fileWith(`${azure.replaceAll('\r', '')}\n\n`)))).toEqual(expected);
    expect(await all(traceRequests(fileWith(gzipSync(`\ufeff${azure}`))))).toEqual(expected);
  });
});

describe('a Mooncake trace', () => {
  test('tells the cached tokens from the leading blocks that were seen before', async () => {
    const requests = await all(traceRequests(fileWith(mooncake.join('\n'))));
    expect(requests.map(({ cachedTokens }) => cachedTokens)).toEqual([0, 1_300, 1_024, 0]);
    expect(requests.map(({ arrivedMs }) => arrivedMs)).toEqual([0, 30, 60, 90]);
  });

  test('is recognised by its content, packed or not', async () => {
    const text = mooncake.join('\n');
    expect(await all(traceRequests(fileWith(gzipSync(text))))).toEqual(
      await all(traceRequests(fileWith(text))),
    );
  });

  test('may be longer than one chunk, with characters across its edges', async () => {
    const rows = Array.from({ length: 5_000 }, (_, at) =>
      JSON.stringify({ timestamp: at, input_length: 1, output_length: 1, hash_ids: [at], note: 'ключ 客' }),
    );
    expect(await all(traceRequests(fileWith(rows.join('\n'))))).toHaveLength(5_000);
  });
});

describe('a trace that cannot be read', () => {
  test.each<readonly [string, string | Buffer, RegExp]>([
    ['an empty file', '', /trace-\d+: the file is empty/],
    ['only empty lines', '\n\r\n', /the file is empty/],
    ['another format', 'a,b,c\n1,2,3', /:1: "a,b,c" begins none of: Azure/],
    ['a row with too few fields', `${header}\n2023-11-16 18:15:46.68,374`, /:2: expected TIMESTAMP/],
    ['a row with a fraction of a token', `${azure}\n2023-11-16 18:15:46,1.5,1`, /:5: expected TIMESTAMP/],
    ['a day that does not exist', `${header}\n\n2023-02-30 18:15:46,1,1`, /:3: instant_malformed/],
    ['JSON that breaks off', `${mooncake[0]}\n{"timestamp":`, /:2: json_malformed/],
    ['a negative length', mooncake.join('\n').replace('2000', '-1'), /:3: input_length/],
    ['a missing field', `${mooncake[0]}\n{"timestamp":1}`, /:2: input_length.*output_length.*hash_ids/],
    [
      'bytes that are not text',
      Buffer.concat([Buffer.from(`${azure}\n`), Buffer.from([0xff, 0x0a])]),
      /cannot be read/,
    ],
    [
      'a packed file that breaks off',
      gzipSync(mooncake.join('\n')).subarray(0, 40),
      /cannot be read after line/,
    ],
    ['a line that does not end', `${mooncake[0]}\n${'x'.repeat(4_000_001)}`, /:2: the line does not end/],
  ])('%s', async (_, content, message) => {
    const error = await all(traceRequests(fileWith(content))).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TraceError);
    expect(String(error)).toMatch(message);
  });

  test('a file that is not there', async () => {
    await expect(all(traceRequests(join(folder, 'none')))).rejects.toThrow(
      /none: cannot be read after line 0: ENOENT/,
    );
  });

  test('a header without requests', async () => {
    await expect(all(usagesOfTrace(fileWith(header), assignment))).rejects.toThrow('holds no requests');
  });
});

describe('uses of a trace', () => {
  test('end at the given instant and keep their distances', async () => {
    const uses = await all(usagesOfTrace(fileWith(azure), assignment));
    expect(uses.map(({ occurredAt }) => formatInstant(occurredAt))).toEqual([
      '2026-03-10T11:59:46.680Z',
      '2026-03-10T11:59:50.995Z',
      '2026-03-10T12:00:00.000Z',
    ]);
  });

  test('end at the given instant also when the last line is not the last arrival', async () => {
    const uses = await all(usagesOfTrace(fileWith([...mooncake].reverse().join('\n')), assignment));
    expect(uses.map(({ occurredAt }) => assignment.endsAt - occurredAt)).toEqual([0, 30, 60, 90]);
  });

  test('are the same every time, and others under another seed', async () => {
    const path = fileWith(mooncake.join('\n'));
    const uses = await all(usagesOfTrace(path, assignment));
    expect(await all(usagesOfTrace(path, assignment))).toEqual(uses);
    const others = await all(usagesOfTrace(path, { ...assignment, seed: 8 }));
    const ids = new Set(uses.map(({ requestId }) => requestId));
    expect(ids.size).toBe(uses.length);
    expect(others.filter(({ requestId }) => ids.has(requestId))).toEqual([]);
  });

  test('say what the cache did', async () => {
    const cached = await all(usagesOfTrace(fileWith(mooncake.join('\n')), assignment));
    expect(cached.map(({ cacheStatus, cacheReadTokens }) => [cacheStatus, cacheReadTokens])).toEqual([
      ['miss', 0],
      ['hit', 1_300],
      ['hit', 1_024],
      ['miss', 0],
    ]);
    const [unknown] = await all(usagesOfTrace(fileWith(azure), assignment));
    expect([unknown?.cacheStatus, unknown?.cacheReadTokens]).toEqual(['none', 0]);
  });

  test('need accounts and models', async () => {
    await expect(all(usagesOfTrace(fileWith(azure), { ...assignment, accounts: [] }))).rejects.toThrow(
      TypeError,
    );
  });
});

const data = join(import.meta.dirname, '../../../../shared/data');

describe.each([
  ['azure-llm-2023/AzureLLMInferenceTrace_code.csv', 8_819],
  ['azure-llm-2023/AzureLLMInferenceTrace_conv.csv', 19_366],
  ['mooncake/conversation_trace.jsonl.gz', 12_031],
  ['mooncake/synthetic_trace.jsonl.gz', 3_993],
])('the published trace %s', (name, rows) => {
  const path = join(data, name);

  test.skipIf(!existsSync(path))(
    `gives ${rows} acceptable uses (skipped where the file is not present)`,
    async () => {
      let count = 0;
      let cached = 0;
      let last: UsageEvent | null = null;
      for await (const use of usagesOfTrace(path, assignment)) {
        count += 1;
        cached += use.cacheReadTokens;
        last = use;
        const verdict = checkUsage(use, assignment.endsAt, use.accountId);
        if (verdict !== null) expect.fail(`${use.requestId}: ${verdict.message}`);
      }
      expect(count).toBe(rows);
      expect(last?.occurredAt).toBe(assignment.endsAt);
      expect(cached > 0).toBe(name.startsWith('mooncake'));
    },
  );
});
