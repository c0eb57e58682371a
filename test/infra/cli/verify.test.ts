/**
 * What `verify` finds by the chains of steps alone, where nothing is sealed: changes of outputs and of step records,
 * at their step.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { originOf } from '../../../infra/seal/origin.ts';
import type { LogRecord } from '../../../topology/log.ts';
import type { MemoryGraph } from '../../support/memory-graph.ts';
import { recordsOf, rewritten } from '../../support/tampered-log.ts';
import { faultsOf, ownStateDir, verified, workedGraph } from '../seal/sealed-graph.ts';

let graph: MemoryGraph;
let charges: readonly LogRecord[];
let steps: readonly LogRecord[];

beforeAll(async () => {
  graph = await workedGraph(60);
  charges = await recordsOf(graph.log, { topic: 'charges', partition: 0 });
  steps = await recordsOf(graph.log, { topic: 'rating-steps', partition: 0 });
});

async function firstFault(topic: string, records: readonly LogRecord[]) {
  const log = rewritten(graph.log, { topic, partition: 0, records });
  const report = await verified({ graph, stateDir: ownStateDir() }, { log, service: 'rating', partition: 0 });
  expect(report.exitCode).toBe(1);
  return faultsOf(report)[0];
}

function stepOf(record: LogRecord | undefined): number {
  return record === undefined ? 0 : (originOf(record, 'rating')?.step ?? 0);
}

/** A charge whose step wrote the next one, too. */
function companion(): number {
  const at = charges.findIndex((record, index) => stepOf(record) === stepOf(charges[index + 1]));
  expect(at).toBeGreaterThanOrEqual(0);
  return at;
}

function flipped(record: LogRecord | undefined): LogRecord {
  if (record?.value === null || record === undefined) throw new Error('there is no such record');
  const value = Buffer.from(record.value);
  value[value.length - 3] = (value[value.length - 3] ?? 0) ^ 1;
  return { ...record, value };
}

function at(records: readonly LogRecord[], index: number): LogRecord {
  const record = records[index];
  if (record === undefined) throw new Error(`there is no record ${index}`);
  return record;
}

function moved(records: readonly LogRecord[], from: number, to: number): LogRecord {
  return { ...at(records, from), offset: at(records, to).offset };
}

function exchanged(records: readonly LogRecord[], index: number): readonly LogRecord[] {
  return records
    .with(index, moved(records, index + 1, index))
    .with(index + 1, moved(records, index, index + 1));
}

describe('outputs', () => {
  const cases: readonly (readonly [string, string, (index: number) => readonly LogRecord[]])[] = [
    ['one bit changed', 'altered', (index) => charges.with(index, flipped(charges[index]))],
    ['one dropped', 'dropped', (index) => charges.toSpliced(index, 1)],
    ['two exchanged', 'reordered', (index) => exchanged(charges, index)],
    [
      'one repeated in place of the next',
      'inserted',
      (index) => charges.with(index + 1, moved(charges, index, index + 1)),
    ],
  ];
  test.each(cases)('%s', async (_, kind, change) => {
    const index = companion();
    expect(await firstFault('charges', change(index))).toMatchObject({
      kind,
      service: 'rating',
      step: stepOf(charges[index]),
      topic: 'charges',
    });
  });

  test('one of a step that never was', async () => {
    const last = at(charges, charges.length - 1);
    const headers = last.headers.map(([name, value]) =>
      name === 'ce_id' ? ([name, Buffer.from('rating/1/5/0')] as const) : ([name, value] as const),
    );
    expect(await firstFault('charges', charges.with(-1, { ...last, headers }))).toMatchObject({
      kind: 'inserted',
      code: 'not_from_a_step',
      step: stepOf(last),
      offset: last.offset,
    });
  });
});

describe('step records', () => {
  // A step that is gone is noticed where the next one stands.
  const cases: readonly (readonly [string, string, () => readonly LogRecord[], number, number])[] = [
    ['one bit changed', 'altered', () => steps.with(3, flipped(steps[3])), 4, 4],
    ['one dropped', 'dropped', () => steps.toSpliced(3, 1), 4, 5],
    ['one repeated', 'inserted', () => steps.with(4, moved(steps, 3, 4)), 5, 5],
    ['two exchanged', 'dropped', () => exchanged(steps, 3), 4, 4],
  ];
  test.each(cases)('%s', async (_, kind, records, step, noticedAt) => {
    expect(await firstFault('rating-steps', records())).toMatchObject({
      kind,
      service: 'rating',
      step,
      topic: 'rating-steps',
      offset: at(steps, noticedAt - 1).offset,
    });
  });
});
