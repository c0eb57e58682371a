/**
 * The replay finds whatever was changed after the fact, and names the first bad step.
 *
 * An honest history of one task is copied into a fresh log with one thing altered: a step record or an input.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRecords } from '../../infra/proof/read-topic.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import type { Step } from '../../schemas/generated/step.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { sealStep } from '../../topology/digest.ts';
import type { LogRecord } from '../../topology/log.ts';
import { replayTask } from '../../topology/replay.ts';
import {
  acquire,
  appendBytes,
  appendValues,
  BENCH_LIMITS,
  type Bench,
  drain,
  NOW,
  newBench,
  tally,
  use,
  valuesOf,
} from '../support/task-bench.ts';

interface History {
  readonly inputs: readonly LogRecord[];
  readonly steps: readonly Step[];
}

let honest: History;

/** Twenty-four uses, repeats and garbage among them, and ticks, in steps of four records. */
beforeAll(async () => {
  const bench = await newBench();
  const limits = { ...BENCH_LIMITS, stepRecordsMax: 4 };
  const task = await acquire(bench, { limits });
  for (let index = 0; index < 24; index += 1) {
    bench.clock.now = NOW + index;
    await appendValues(bench, 'usage-events', use({ requestId: `req-${index % 20}` }));
    if (index % 5 === 0) await appendBytes(bench, { topic: 'usage-events' }, Buffer.from('garbage'));
    if (index % 7 !== 0) continue;
    await appendValues(bench, 'clock-ticks', { sequence: index + 1, time: instantOfMillis(NOW + index) });
    await drain(task);
  }
  await drain(task);
  const inputs: LogRecord[] = [];
  for (const topic of tally.inputs) await readRecords(bench, topic, (record) => void inputs.push(record));
  honest = { inputs, steps: await valuesOf(bench, 'rating-steps', 'Step') };
});

async function copyOf(history: History): Promise<Bench> {
  const bench = await newBench();
  for (const { topic, key, value, appendedAt } of history.inputs) {
    bench.clock.now = appendedAt;
    await appendBytes(bench, { topic, key }, value);
  }
  const id = bench.directory.idOf('Step');
  const place = { topic: 'rating-steps', key: null };
  await appendBytes(bench, place, ...history.steps.map((step) => encodeFramed('Step', step, id)));
  return bench;
}

async function differenceOf(bench: Bench): Promise<string | null> {
  const report = await replayTask({ ...bench, processor: tally, partition: 0, limits: BENCH_LIMITS });
  return report.difference;
}

async function differenceIn(change: Partial<History>): Promise<string | null> {
  return differenceOf(await copyOf({ ...honest, ...change }));
}

function stepAt(number: number): Step {
  const step = honest.steps[number - 1];
  if (step === undefined) throw new Error(`there is no step ${number}`);
  return step;
}

/** The honest steps with one of them changed, and sealed again as somebody who knows the format would. */
function resealed(number: number, change: Partial<Step>): readonly Step[] {
  return honest.steps.with(number - 1, sealStep({ ...stepAt(number), ...change }));
}

test('an honest history replays, and the report says what was seen', async () => {
  const bench = await copyOf(honest);
  const seen: number[] = [];
  const report = await replayTask(
    { ...bench, processor: tally, partition: 0, limits: BENCH_LIMITS },
    (step) => void seen.push(step),
  );
  expect(report).toEqual({
    service: 'rating',
    partition: 0,
    steps: honest.steps.length,
    outputs: honest.steps.reduce((sum, { outputs }) => sum + outputs, 0),
    records: honest.inputs.length,
    difference: null,
    head: honest.steps.at(-1)?.digest.toString('hex'),
  });
  expect(seen).toEqual(honest.steps.map(({ step }) => step));
  expect(honest.steps.length).toBeGreaterThan(8);
});

describe('step records', () => {
  const zeros = Buffer.alloc(32);
  const cases: readonly (readonly [string, () => readonly Step[], string])[] = [
    ['dropped', () => honest.steps.toSpliced(2, 1), 'step 3 is missing: the log continues with step 4'],
    ['dropped at the start', () => honest.steps.slice(1), 'step 1 is missing: the log continues with step 2'],
    [
      'repeated',
      () => honest.steps.toSpliced(2, 0, stepAt(2)),
      'step 3 is missing: the log continues with step 2',
    ],
    [
      'exchanged',
      () => honest.steps.with(2, stepAt(4)).with(3, stepAt(3)),
      'step 3 is missing: the log continues with step 4',
    ],
    [
      'with another digest of outputs, sealed again',
      () => resealed(3, { outputDigest: zeros }),
      'the outputs of step 3 differ',
    ],
    [
      'with an output more, sealed again',
      () => resealed(3, { outputs: stepAt(3).outputs + 1 }),
      `step 3 wrote`,
    ],
    [
      'with another step before it, sealed again',
      () => resealed(3, { previousDigest: zeros }),
      'step 3 does not follow the step before',
    ],
    [
      'of another partition, sealed again',
      () => resealed(3, { partition: 1 }),
      'the record of step 3 was altered',
    ],
    [
      'with another digest',
      () => honest.steps.with(2, { ...stepAt(3), digest: zeros }),
      'step 3 was altered',
    ],
  ];
  test.each(cases)('%s', async (_, steps, difference) => {
    expect(await differenceIn({ steps: steps() })).toContain(difference);
  });

  const wrongRanges: readonly (readonly [string, (range: Step['ranges'][number]) => object, RegExp])[] = [
    [
      'that leave records out',
      ({ from }) => ({ from: from + 1 }),
      /^step 3 takes .* the steps before took it/,
    ],
    ['that go back', ({ from }) => ({ to: from - 1 }), /^step 3 takes .* the steps before took it/],
    [
      'of a topic that is no input',
      () => ({ topic: 'invoices' }),
      /^step 3 names invoices, which is no input$/,
    ],
    [
      'beyond the end of the log',
      ({ to }) => ({ to: to + 999 }),
      /step 3 takes .* up to \d+, the log ends at \d+$/,
    ],
  ];
  test.each(wrongRanges)(
    'with ranges %s are named, and nothing is waited for',
    async (_, change, message) => {
      const [first, ...rest] = stepAt(3).ranges;
      if (first === undefined) throw new Error('the step has no range');
      const ranges = [{ ...first, ...change(first) }, ...rest];
      const found = await differenceIn({ steps: resealed(3, { ranges }) }).catch(String);
      expect(found).toMatch(message);
    },
  );

  test('with any one bit flipped are found, and the step or the place is named', async () => {
    const flip = fc.record({ step: fc.nat(), byte: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) });
    const id = 5;
    const property = fc.asyncProperty(flip, async ({ step, byte, bit }) => {
      const number = 1 + (step % honest.steps.length);
      const bench = await copyOf({ inputs: honest.inputs, steps: honest.steps.slice(0, number - 1) });
      const value = encodeFramed('Step', stepAt(number), bench.directory.idOf('Step'));
      const at = id + (byte % (value.length - id));
      const altered = Buffer.from(value);
      altered[at] = (altered[at] ?? 0) ^ (1 << bit);
      await appendBytes(bench, { topic: 'rating-steps', key: null }, altered);
      const found = await differenceOf(bench).catch(String);
      expect(found).toMatch(new RegExp(`step ${number}\\b|rating-steps/0@${number - 1}: `));
    });
    await fc.assert(property, { numRuns: 150 });
  });
});

describe('inputs', () => {
  /** The step that took the record at this place of usage-events. */
  function takenBy(offset: number): number {
    const taker = honest.steps.find(({ ranges }) =>
      ranges.some(({ topic, from, to }) => topic === 'usage-events' && from <= offset && offset < to),
    );
    return taker?.step ?? 0;
  }

  function withUse(offset: number, change: (record: LogRecord) => LogRecord): readonly LogRecord[] {
    return honest.inputs.map((record) =>
      record.topic === 'usage-events' && record.offset === offset ? change(record) : record,
    );
  }

  test.each([1, 9, 20])('another request id at offset %i: the step that took it differs', async (offset) => {
    const inputs = withUse(offset, (record) => {
      const value = Buffer.from(record.value ?? '');
      const at = value.indexOf('req-');
      if (at < 0) return { ...record, value: Buffer.from('other garbage') };
      value.write('rex-', at);
      return { ...record, value };
    });
    expect(await differenceIn({ inputs })).toBe(`the outputs of step ${takenBy(offset)} differ`);
  });

  test('a later append time before the first tick: the step that took it differs', async () => {
    const inputs = withUse(0, (record) => ({ ...record, appendedAt: record.appendedAt - 1 }));
    expect(await differenceIn({ inputs })).toBe('the outputs of step 1 differ');
  });

  test('records missing at the end are an error', async () => {
    const last = honest.inputs.findLast(({ topic }) => topic === 'usage-events');
    const inputs = honest.inputs.filter((record) => record !== last);
    await expect(differenceIn({ inputs })).rejects.toThrow(/usage-events up to \d+, the log ends at \d+/);
  });

  test('a log that no longer starts at 0 cannot be replayed', async () => {
    const bench = await copyOf(honest);
    bench.log.truncate('usage-events', 0, 1);
    await expect(differenceOf(bench)).rejects.toThrow('usage-events/0 no longer starts at 0');
  });
});

test('a rule that has changed since is found at the first step in which it matters', async () => {
  const bench = await copyOf(honest);
  const processor = {
    ...tally,
    decide: (...given: Parameters<typeof tally.decide>) =>
      tally
        .decide(...given)
        .map((answer) =>
          answer.topic === 'outcome-claims' && answer.value.caseId === 'req-9'
            ? { ...answer, value: { ...answer.value, costCentre: 'other' } }
            : answer,
        ),
  };
  const report = await replayTask({ ...bench, processor, partition: 0, limits: BENCH_LIMITS });
  expect(report.difference).toMatch(/^the outputs of step \d+ differ$/);
  expect(report.steps).toBeGreaterThan(0);
});
