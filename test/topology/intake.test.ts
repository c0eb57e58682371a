/**
 * Every way in which a record does not become an input: the code it gets, which code wins, and that every service that
 * reads the same partition comes to the same verdict.
 */
import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PROCESSORS } from '../../infra/processors.ts';
import { readRecords } from '../../infra/proof/read-topic.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import type { Charge } from '../../schemas/generated/charge.ts';
import type { UsageEvent } from '../../schemas/generated/usage-event.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { recordFromJson } from '../../schemas/json-form.ts';
import { typeOfRecord } from '../../schemas/record-type.ts';
import { DEAD_LETTERS } from '../../schemas/refusals.ts';
import { samplesOf } from '../../schemas/samples/sample-files.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import { AdmissionWindow } from '../../topology/admission-window.ts';
import { Intake, type Verdict } from '../../topology/intake.ts';
import { DEDUP_HORIZON_MS } from '../../topology/limits.ts';
import type { LogRecord } from '../../topology/log.ts';
import { partitionOf } from '../../topology/partitioner.ts';
import type { AnyProcessor } from '../../topology/processor.ts';
import type { Task } from '../../topology/task.ts';
import { serviceTopics, type TopicName } from '../../topology/topics.ts';
import { arrayBomb, foreignBytes, framed, goodBytes, withHugeCount } from '../support/hostile-bytes.ts';
import {
  acquire,
  appendBytes,
  appendValues,
  BENCH_LIMITS,
  type Bench,
  drain,
  NOW,
  newBench,
  onlyCell,
  use,
  valuesOf,
} from '../support/task-bench.ts';

const DAY_MS = 86_400_000;
const ACME = Buffer.from('acme');

/** A use with fields of any form, as a careless producer sends them. */
type UsageFields = { readonly [K in keyof UsageEvent]: unknown };

interface Given {
  readonly key?: Buffer | null;
  readonly value: Buffer | null;
  readonly partition?: number;
  readonly appendedAt?: number;
  readonly topic?: TopicName;
  readonly held?: boolean;
}

class Desk {
  readonly directory = new MemorySchemaDirectory();
  readonly window = new AdmissionWindow(DEDUP_HORIZON_MS);
  readonly #intake: Intake;
  #offset = 0;

  constructor(partitions = 1) {
    this.#intake = new Intake({ directory: this.directory, partitions, window: this.window });
  }

  take(given: Given): Verdict {
    const {
      topic = 'usage-events',
      partition = 0,
      key = ACME,
      value,
      appendedAt = NOW,
      held = false,
    } = given;
    const record: LogRecord = { topic, partition, offset: this.#offset, appendedAt, key, value, headers: [] };
    this.#offset += 1;
    return this.#intake.take({ topic, record, held, streamTime: null });
  }

  use(change: Partial<UsageEvent>, given: Omit<Given, 'value'> = {}): Verdict {
    return this.take({ ...given, value: goodBytes(this.directory, change) });
  }
}

/** `input`, or the code of a refusal or dead letter. */
function codeOf(verdict: Verdict): string {
  if (verdict.kind === 'input') return 'input';
  return verdict.kind === 'dead' ? verdict.code : verdict.refusal.code;
}

describe('dead letters', () => {
  type Maker = (directory: MemorySchemaDirectory) => Promise<Omit<Given, 'topic'>>;
  const cases: readonly (readonly [string, string, Maker])[] = [
    ['no key', 'missing_key', async (directory) => ({ key: null, value: goodBytes(directory) })],
    ['no value', 'missing_value', async () => ({ value: null })],
    ['JSON text', 'unframed', async () => ({ value: Buffer.from('{"requestId":"r"}') })],
    ['nothing', 'unframed', async () => ({ value: Buffer.alloc(0) })],
    ['four bytes', 'unframed', async () => ({ value: Buffer.alloc(4) })],
    [
      'a schema that stayed unknown',
      'schema_unresolved',
      async () => ({ value: framed(77, Buffer.alloc(9)), held: true }),
    ],
    [
      'another record of ours',
      'schema_mismatch',
      async (directory) => ({
        value: encodeFramed(
          'ClockTick',
          { sequence: 1, time: instantOfMillis(0) },
          directory.idOf('ClockTick'),
        ),
      }),
    ],
    [
      'a truncated use',
      'undecodable',
      async (directory) => ({ value: goodBytes(directory).subarray(0, 40) }),
    ],
    ['an array bomb', 'undecodable', async (directory) => ({ value: await arrayBomb(directory) })],
    ['a count of 2^60', 'number_out_of_range', async (directory) => ({ value: withHugeCount(directory) })],
    [
      'trailing bytes',
      'trailing_bytes',
      async (directory) => ({ value: Buffer.concat([goodBytes(directory), Buffer.from('x')]) }),
    ],
  ];

  test.each(cases)('%s is %s', async (_, code, make) => {
    const desk = new Desk();
    const verdict = desk.take(await make(desk.directory));
    expect([verdict.kind, codeOf(verdict)]).toEqual(['dead', code]);
  });

  test('the list is complete', () => {
    expect(new Set(cases.map(([, code]) => code))).toEqual(new Set(DEAD_LETTERS.map(({ code }) => code)));
  });

  test('an unreadable record takes no place in the window of ids', async () => {
    const desk = new Desk();
    desk.take({ value: Buffer.concat([goodBytes(desk.directory), Buffer.from('x')]) });
    expect(codeOf(desk.use({}))).toBe('input');
  });

  test('a key without a record comes before everything that the record could say', () => {
    const desk = new Desk();
    expect(codeOf(desk.take({ key: null, value: null, held: true }))).toBe('missing_key');
    expect(codeOf(desk.take({ value: null, held: true }))).toBe('missing_value');
  });
});

describe('the key', () => {
  /** Three accounts, one for each of three partitions. */
  const homes = [0, 1, 2].map((partition) => {
    const names = Array.from({ length: 50 }, (_, index) => `acct-${index}`);
    return names.find((name) => partitionOf(Buffer.from(name), 3) === partition) ?? '';
  });

  test.each(homes.map((name, partition) => [name, partition] as const))(
    '%s lives on %i alone',
    (name, home) => {
      for (const partition of [0, 1, 2]) {
        const verdict = new Desk(3).use(
          { accountId: parseAccountId(name) },
          { key: Buffer.from(name), partition },
        );
        expect(codeOf(verdict)).toBe(partition === home ? 'input' : 'key_mismatch');
      }
    },
  );

  const wrong: readonly (readonly [string, Buffer])[] = [
    ['of another account', Buffer.from('other')],
    ['empty', Buffer.alloc(0)],
    ['with a space behind', Buffer.from('acme ')],
    ['in other case', Buffer.from('ACME')],
    ['no UTF-8', Buffer.from([0xff, 0xfe])],
  ];
  test.each(wrong)('a key %s is refused and takes no place in the window of ids', (_, key) => {
    const desk = new Desk();
    expect(desk.use({}, { key })).toMatchObject({
      kind: 'refusal',
      refusal: { code: 'key_mismatch', field: 'key', accountId: 'acme', recordId: 'req-1' },
    });
    expect(codeOf(desk.use({}))).toBe('input');
  });

  test('topics of which every partition has a copy are keyed by anything', () => {
    const desk = new Desk(3);
    const tick = { sequence: 1, time: instantOfMillis(NOW) };
    const value = encodeFramed('ClockTick', tick, desk.directory.idOf('ClockTick'));
    const given = { topic: 'clock-ticks', partition: 2, key: Buffer.from('9'), value } as const;
    expect(desk.take(given)).toMatchObject({ kind: 'input', input: { streamTime: NOW, recordedAt: NOW } });
  });
});

/** One way to break each rule of a use, in order of precedence. Rules of time share a field, so one of them a pair. */
const BREAKS: readonly (readonly [string, Partial<UsageEvent>])[] = [
  ['invalid_id', { requestId: 'with space' }],
  ['missing_tag', { costCentre: '' }],
  ['invalid_kind', { kind: 'telepathy' }],
  ['invalid_status', { status: 'maybe' }],
  ['invalid_value', { serviceTier: 'gold' }],
  ['negative_count', { calls: -1 }],
  ['count_out_of_range', { characters: 1_000_000_000_001 }],
  ['cached_tokens_exceed_input', { cacheReadTokens: 601 }],
  ['reasoning_tokens_exceed_output', { reasoningTokens: 201 }],
  ['timestamp_implausible', { occurredAt: instantOfMillis(0) }],
  ['timestamp_in_future', { occurredAt: instantOfMillis(NOW + 5 * 60_000 + 1) }],
  ['timestamp_too_old', { occurredAt: instantOfMillis(NOW - 35 * DAY_MS - 1) }],
];

describe('uses that are readable and not acceptable', () => {
  test.each(BREAKS)('%s', (code, change) => {
    expect(new Desk().use(change)).toMatchObject({
      kind: 'refusal',
      refusal: { code, accountId: 'acme', recordId: change.requestId ?? 'req-1' },
    });
  });

  test('of two broken rules the earlier one is the verdict, and the key comes before both', () => {
    for (const [earlier, [code, change]] of BREAKS.entries()) {
      for (const [, other] of BREAKS.slice(earlier + 1)) {
        expect(codeOf(new Desk().use({ ...other, ...change }))).toBe(code);
      }
      expect(codeOf(new Desk().use(change, { key: Buffer.from('x') }))).toBe('key_mismatch');
    }
  });

  test('a rule comes before the window of ids, and what it refuses is not remembered', () => {
    for (const [code, change] of BREAKS.slice(1)) {
      const desk = new Desk();
      expect([desk.use(change), desk.use({}), desk.use(change)].map(codeOf)).toEqual([code, 'input', code]);
    }
  });
});

describe('ids seen before', () => {
  const desk = () => new Desk();

  test('the same use again is a duplicate, another payload a conflict, and the first one stands', () => {
    const at = desk();
    const verdicts = [at.use({}), at.use({}), at.use({ outputTokens: 201 }), at.use({})];
    expect(verdicts.map(codeOf)).toEqual(['input', 'duplicate', 'conflict', 'duplicate']);
  });

  test('an id belongs to its account', () => {
    const at = desk();
    const other = parseAccountId('acme-2');
    const verdicts = [at.use({}), at.use({ accountId: other }, { key: Buffer.from(other) })];
    expect(verdicts.map(codeOf)).toEqual(['input', 'input']);
  });

  test('account and id cannot run into each other', () => {
    const at = desk();
    const take = (account: string, requestId: string): Verdict => {
      const accountId = parseAccountId(account);
      return at.use({ accountId, requestId }, { key: Buffer.from(account) });
    };
    expect([take('a', 'bc'), take('ab', 'c')].map(codeOf)).toEqual(['input', 'input']);
  });

  test('a repeat by a producer of a later schema is a duplicate: what we do not know is no part of the payload', async () => {
    const own = desk();
    own.use({});
    expect(codeOf(own.take({ value: await foreignBytes(own.directory) }))).toBe('duplicate');
    expect(codeOf(own.take({ value: await foreignBytes(own.directory, { calls: 2 }) }))).toBe('conflict');

    const foreign = desk();
    expect(codeOf(foreign.take({ value: await foreignBytes(foreign.directory) }))).toBe('input');
    expect([foreign.use({}), foreign.use({ calls: 2 })].map(codeOf)).toEqual(['duplicate', 'conflict']);
  });

  test('an id is remembered until its use is too old to be repeated; a marked backfill is where that ends', () => {
    const repeats = (days: number, change: Partial<UsageEvent>, first: Partial<UsageEvent> = {}) => {
      const at = desk();
      // The latest time that a sender may stamp.
      const occurredAt = instantOfMillis(NOW + 5 * 60_000);
      expect(codeOf(at.use({ occurredAt, ...first }))).toBe('input');
      return codeOf(at.use({ occurredAt, ...first, ...change }, { appendedAt: NOW + days * DAY_MS }));
    };
    const old = { occurredAt: instantOfMillis(NOW - 400 * DAY_MS), backfill: true };
    expect([0, 1, 34, 35].map((days) => repeats(days, {}))).toEqual(Array(4).fill('duplicate'));
    expect([36, 39, 400].map((days) => repeats(days, {}))).toEqual(Array(3).fill('timestamp_too_old'));
    expect([1, 35].map((days) => repeats(days, {}, old))).toEqual(['duplicate', 'duplicate']);
    // The bound that the README names: forgotten, and without an age limit, it is another use.
    expect([39, 400].map((days) => repeats(days, {}, old))).toEqual(['input', 'input']);
    expect([39, 400].map((days) => repeats(days, { backfill: true }))).toEqual(['input', 'input']);
  });

  test('verdicts do not depend on where steps end, at the edge of the horizon neither', () => {
    const sighting = fc.record({
      id: fc.integer({ min: 0, max: 3 }),
      /** Other ids of the same moment, because a window forgets ids in blocks. */
      others: fc.constantFrom(0, 0, 70),
      afterMs: fc.oneof(
        fc.constantFrom(0, 1, DAY_MS),
        fc.integer({ min: 0, max: Math.floor(DEDUP_HORIZON_MS / 2) }),
      ),
      endsStep: fc.tuple(fc.boolean(), fc.boolean()),
    });
    fc.assert(
      fc.property(fc.array(sighting, { minLength: 1, maxLength: 25 }), (sightings) => {
        const [one, two] = [desk(), desk()];
        let appendedAt = NOW;
        for (const [index, { id, others, afterMs, endsStep }] of sightings.entries()) {
          appendedAt += afterMs;
          // Backfills have no age limit, so nothing but the window decides about them.
          const change = { requestId: `r-${id}`, backfill: true };
          for (const { window } of [one, two]) seeOthers(window, { index, others, appendedAt });
          const verdicts = [one.use(change, { appendedAt }), two.use(change, { appendedAt })].map(codeOf);
          expect(verdicts[0]).toBe(verdicts[1]);
          if (endsStep[0]) one.window.endStep();
          if (endsStep[1]) two.window.endStep();
        }
      }),
    );
  });
});

function seeOthers(
  window: AdmissionWindow,
  { index, others, appendedAt }: { index: number; others: number; appendedAt: number },
): void {
  for (let other = 0; other < others; other += 1) {
    const id = hash('sha256', `${index}/${other}`, 'buffer');
    window.see(id, id, instantOfMillis(appendedAt));
  }
}

describe('the services', () => {
  const readers = PROCESSORS.filter(({ inputs }) => inputs.includes('usage-events'));

  test('exactly one reader of usage-events publishes the refusals of admission', () => {
    expect(readers.length).toBeGreaterThan(1);
    expect(readers.filter(({ publishesAdmission }) => publishesAdmission === true).length).toBe(1);
  });

  test('every reader of usage-events counts the same verdicts, in batches of any size', async () => {
    const bench = await newBench();
    for (const [, change] of BREAKS) await appendValues(bench, 'usage-events', use(change));
    await appendValues(bench, 'usage-events', use(), use(), use({ calls: 2 }), use({ requestId: 'req-2' }));
    await appendBytes(bench, { topic: 'usage-events' }, await arrayBomb(bench.directory), null);
    const counted = [];
    for (const [index, processor] of readers.entries()) {
      const limits = { ...BENCH_LIMITS, stepRecordsMax: 1 + index * 5 };
      const task = await acquire(bench, { processor, limits });
      counted.push(await countsOf(task));
    }
    for (const counts of counted) {
      expect(counts).toEqual({ inputs: 2, refusals: BREAKS.length + 2, deadLetters: 2 });
    }
    const published = readers.find(({ publishesAdmission }) => publishesAdmission === true);
    for (const { service } of readers) {
      const letters = await valuesOf(bench, serviceTopics(service).rejected, 'DeadLetter');
      expect(letters.length).toBe(service === published?.service ? 2 : 0);
    }
  });

  const others = PROCESSORS.flatMap((processor) =>
    processor.inputs
      .filter((topic) => topic !== 'usage-events')
      .map((topic) => [processor.service, topic] as const),
  );
  test.each(others)('%s keeps what nobody can read on %s, and goes on', async (service, topic) => {
    const processor = PROCESSORS.find((candidate) => candidate.service === service);
    if (processor === undefined) throw new Error(`${service} is no processor`);
    const bench = await newBench();
    const poison = [Buffer.from('no Avro'), null, await arrayBomb(bench.directory)];
    await appendBytes(bench, { topic }, ...poison);
    await appendBytes(bench, { topic, key: null }, Buffer.from('no key'));
    await appendValues(bench, 'clock-ticks', { sequence: 1, time: instantOfMillis(NOW) });
    const task = await acquire(bench, { processor });
    await drain(task);
    expect(await lettersOf(bench, processor)).toEqual([
      { code: 'unframed', origin: `${topic}@0`, value: poison[0] },
      { code: 'missing_value', origin: `${topic}@1`, value: null },
      { code: 'schema_mismatch', origin: `${topic}@2`, value: poison[2] },
      { code: 'missing_key', origin: `${topic}@3`, value: Buffer.from('no key') },
    ]);
    expect(onlyCell(task).progress.streamTime).toBe(NOW);
  });
});

async function countsOf(task: Task) {
  const counts = { inputs: 0, refusals: 0, deadLetters: 0 };
  await task.inbox.fill();
  for (let [result] = await task.step(); result !== undefined; [result] = await task.step()) {
    counts.inputs += result.counts.inputs;
    counts.refusals += result.counts.refusals;
    counts.deadLetters += result.counts.deadLetters;
  }
  return counts;
}

async function lettersOf(bench: Bench, processor: AnyProcessor) {
  const letters = await valuesOf(bench, serviceTopics(processor.service).rejected, 'DeadLetter');
  return letters.map(({ code, originTopic, originOffset, value }) => ({
    code,
    origin: `${originTopic}@${originOffset}`,
    value,
  }));
}

describe('ids of any length', () => {
  const LONG = 'x'.repeat(400_000);
  const cases: readonly (readonly [string, Buffer, UsageFields])[] = [
    ['an account id of 400 KB under another key', ACME, { ...use(), accountId: LONG }],
    ['a request id of 400 KB', ACME, { ...use(), requestId: LONG }],
    ['both of 400 KB under their key', Buffer.from(LONG), { ...use(), accountId: LONG }],
  ];
  test.each(cases)('%s gives a refusal that fits into a record', async (_, key, event) => {
    const bench = await newBench();
    const body = typeOfRecord('UsageEvent').toBuffer(event);
    await appendBytes(
      bench,
      { topic: 'usage-events', key },
      framed(bench.directory.idOf('UsageEvent'), body),
    );
    await drain(await acquire(bench));
    const refusals = await valuesOf(bench, 'rating-rejected', 'Refusal');
    expect(refusals.length).toBe(1);
  });

  test('a key of 400 KB gives a dead letter that fits into a record and has the key', async () => {
    const bench = await newBench();
    const key = Buffer.from(LONG);
    await appendBytes(bench, { topic: 'usage-events', key }, key);
    await drain(await acquire(bench));
    expect(await valuesOf(bench, 'rating-rejected', 'DeadLetter')).toMatchObject([{ code: 'unframed', key }]);
  });

  test('a dead letter stands under the key of its record, byte for byte', async () => {
    const bench = await newBench();
    const key = Buffer.from([0xe5, 0xae, 0xa2, 0xff]);
    await appendBytes(bench, { topic: 'usage-events', key }, Buffer.from('x'));
    await drain(await acquire(bench));
    const keys: (Buffer | null)[] = [];
    await readRecords(bench, 'rating-rejected', (record) => void keys.push(record.key));
    expect(keys).toEqual([key]);
  });
});

describe('a processor that reads some fields of a record', () => {
  const CHARGE: Charge = recordFromJson('Charge', samplesOf('Charge')[0]?.json);

  function taken(key: string): Verdict {
    const directory = new MemorySchemaDirectory();
    const window = new AdmissionWindow(DEDUP_HORIZON_MS);
    const intake = new Intake({ directory, partitions: 1, window, reads: { charges: ['amount'] } });
    const value = encodeFramed('Charge', CHARGE, directory.idOf('Charge'));
    const place = { topic: 'charges', partition: 0, offset: 0, appendedAt: NOW } as const;
    const record = { ...place, key: Buffer.from(key), value, headers: [] };
    return intake.take({ topic: 'charges', record, held: false, streamTime: null });
  }

  test('is given these and the account, and looking at another one is an error', () => {
    const verdict = taken(CHARGE.accountId);
    if (verdict.kind !== 'input' || verdict.input.topic !== 'charges') throw new Error(codeOf(verdict));
    const { value } = verdict.input;
    expect([value.amount, value.accountId]).toEqual([CHARGE.amount, CHARGE.accountId]);
    expect(() => value.currency).toThrow('Charge.currency was not read');
  });

  test('refuses one under another key by the ids of the whole record', () => {
    expect(taken('somebody')).toMatchObject({
      kind: 'refusal',
      refusal: { code: 'key_mismatch', accountId: CHARGE.accountId, recordId: CHARGE.requestId },
    });
  });

  test('is refused itself where records come from outside, of which every field is judged', () => {
    const options = { directory: new MemorySchemaDirectory(), partitions: 1 };
    const window = new AdmissionWindow(DEDUP_HORIZON_MS);
    const reads = { 'payment-events': ['amount'] };
    expect(() => new Intake({ ...options, window, reads })).toThrow(
      'records of payment-events are read whole',
    );
  });
});
