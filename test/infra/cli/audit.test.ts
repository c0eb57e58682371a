/** verify, replay, reconcile, explain, balance and close over a whole graph in memory, and over one that was tampered with. */
import { beforeAll, describe, expect, test } from 'vitest';
import { balance } from '../../../infra/cli/commands/balance.ts';
import { close } from '../../../infra/cli/commands/close.ts';
import { explain } from '../../../infra/cli/commands/explain.ts';
import { reconcile } from '../../../infra/cli/commands/reconcile.ts';
import { replay } from '../../../infra/cli/commands/replay.ts';
import { verify } from '../../../infra/cli/commands/verify.ts';
import { PROCESSORS } from '../../../infra/processors.ts';
import { readValues } from '../../../infra/proof/read-topic.ts';
import { encodeFramed } from '../../../schemas/codec.ts';
import type { Charge } from '../../../schemas/generated/charge.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { type MemoryGraph, newGraph, runMainJob, workersOf } from '../../support/memory-graph.ts';
import { fakeContext, throughJson } from './cli-support.ts';

async function workedGraph(uses: number): Promise<MemoryGraph> {
  const graph = await newGraph({ seed: 21, uses });
  await runMainJob(graph, workersOf(graph));
  return graph;
}

async function allCharges(graph: MemoryGraph): Promise<readonly Charge[]> {
  const values: Charge[] = [];
  await readValues(graph, { topic: 'charges', record: 'Charge' }, (value) => {
    if (value !== null) values.push(value);
  });
  return values;
}

async function invoiceNumbers(graph: MemoryGraph): Promise<readonly string[]> {
  const numbers = new Set<string>();
  await readValues(graph, { topic: 'invoices', record: 'Invoice' }, (value) => {
    if (value !== null) numbers.add(value.invoiceNumber);
  });
  return [...numbers];
}

describe('a sound log', () => {
  let graph: MemoryGraph;
  beforeAll(async () => {
    graph = await workedGraph(600);
  });

  test('verify finds every chain whole', async () => {
    const report = await verify(fakeContext(graph), {});
    expect(report.exitCode).toBe(0);
    expect(throughJson(report.data)).toMatchObject({ ok: true });
    expect(report.render()).toContain('hold: numbering, links, digests and outputs.');
  });

  test('replay gives every digest again, and one task alone can be asked for', async () => {
    const report = await replay(fakeContext(graph), { service: 'rating', partition: 1 }, PROCESSORS);
    expect(report.exitCode).toBe(0);
    expect(report.data).toMatchObject({
      ok: true,
      tasks: [{ service: 'rating', partition: 1, difference: null }],
    });
    expect(report.render()).toContain('byte for byte');
  });

  test('reconcile agrees from use to invoice', async () => {
    const report = await reconcile(fakeContext(graph), { waitMs: 0, logOnly: true });
    expect(report.render()).not.toContain('DIFF');
    expect(report.exitCode).toBe(0);
    expect(throughJson(report.data)).toMatchObject({ ok: true, behind: 0 });
  });

  test('balance lists every account, and refuses one that has none', async () => {
    const all = await balance(fakeContext(graph), {});
    expect(all.render()).toContain('acct-00000');
    const one = await balance(fakeContext(graph), { accountId: parseAccountId('acct-00000') });
    expect(one.data).toMatchObject({ balances: [{ accountId: 'acct-00000' }] });
    await expect(balance(fakeContext(graph), { accountId: parseAccountId('nobody') })).rejects.toMatchObject({
      code: 'balance_unknown',
      exitCode: 1,
    });
  });

  test('explain walks a request to its invoice', async () => {
    const charges = await allCharges(graph);
    const charge = charges.find(({ kind, status }) => kind === 'usage' && status === 'rated');
    if (charge?.requestId === null || charge === undefined) throw new Error('no charge was rated');
    const report = await explain(fakeContext(graph), { id: charge.requestId, limit: 5 });
    const text = report.render();
    for (const word of [
      `use ${charge.requestId}`,
      'cost ',
      `charge ${charge.chargeId}`,
      'journal entry',
      'invoice BILL-',
    ]) {
      expect(text).toContain(word);
    }
    expect(text).toContain('because of: usage-events/');
    const byCharge = await explain(fakeContext(graph), {
      id: charge.chargeId,
      accountId: charge.accountId,
      limit: 5,
    });
    expect(byCharge.render()).toContain(`use ${charge.requestId}`);
  });

  test('explain finds that the charges of every invoice make its lines', async () => {
    for (const id of (await invoiceNumbers(graph)).slice(0, 12)) {
      const report = await explain(fakeContext(graph), { id, limit: 2 });
      expect(report.render()).toContain('The charges on the log make exactly these lines.');
    }
  });

  test('explain says which id it does not know', async () => {
    await expect(explain(fakeContext(graph), { id: 'no-such-id', limit: 1 })).rejects.toMatchObject({
      code: 'id_unknown',
      exitCode: 1,
    });
  });

  test('close refuses a month that is not over, and adds up one that is closed', async () => {
    const context = fakeContext(graph);
    const running = { month: '2026-11', force: false, timeoutMs: 100 };
    await expect(close(context, running)).rejects.toMatchObject({ code: 'month_not_over', exitCode: 1 });
    const report = await close(context, { month: '2026-10', force: false, timeoutMs: 2_000 });
    expect(report.exitCode).toBe(0);
    expect(report.data).toMatchObject({ month: '2026-10', ticks: 0 });
  });
});

describe('a log that was tampered with', () => {
  test('verify names the record that no step wrote, reconcile what it would do to the money', async () => {
    const graph = await workedGraph(120);
    const [charge] = (await allCharges(graph)).filter(({ status }) => status === 'rated');
    if (charge === undefined) throw new Error('no charge was rated');
    const forged = { ...charge, chargeId: 'forged', requestId: 'forged' };
    await graph.log.append([
      {
        topic: 'charges',
        partition: 0,
        key: Buffer.from(charge.accountId),
        value: encodeFramed('Charge', forged, graph.directory.idOf('Charge')),
      },
    ]);
    const verified = await verify(fakeContext(graph), {});
    expect(verified.exitCode).toBe(1);
    expect(verified.render()).toContain('not_from_a_step');

    const reconciled = await reconcile(fakeContext(graph), { waitMs: 0, logOnly: true });
    expect(reconciled.exitCode).toBe(1);
    expect(reconciled.render()).toContain(`${charge.accountId}/forged`);
    expect(reconciled.render()).toContain('charged and not booked');
  });

  test('verify names a step that follows no other', async () => {
    const graph = await workedGraph(60);
    const { directory, log } = graph;
    const digest = Buffer.alloc(32, 7);
    const step = {
      service: 'rating',
      partition: 0,
      step: 1_000_000,
      ranges: [],
      held: [],
      streamTime: null,
      outputs: 0,
      outputDigest: digest,
      previousDigest: digest,
      digest,
    };
    await log.append([
      {
        topic: 'rating-steps',
        partition: 0,
        key: null,
        value: encodeFramed('Step', step, directory.idOf('Step')),
      },
    ]);
    const report = await verify(fakeContext(graph), { service: 'rating' });
    expect(report.exitCode).toBe(1);
    expect(report.render()).toContain('numbering: step ');
  });
});
