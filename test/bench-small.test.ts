/** The benches that need a log run on one in memory, small: they measure nothing here, and must find nothing wrong. */
import { describe, expect, test } from 'vitest';
import { SILENT } from '../infra/cli/progress.ts';
import { MemoryLog } from '../topology/log-memory.ts';
import { growthOfAccounts } from './bench/growth-accounts.ts';
import { growthOfIds } from './bench/growth-ids.ts';
import { growthOfPartitions } from './bench/growth-partitions.ts';
import { proofCost, proofText } from './bench/proof.ts';
import { rebuilt } from './bench/replay.ts';
import { transactions, transactionsText } from './bench/transactions.ts';
import { newGraph, runMainJob, workersOf } from './support/memory-graph.ts';

const tell = (): void => undefined;
const onMemory = () => ({ log: new MemoryLog({ now: () => Date.now() }), brokerCpuS: () => 0, tell });

describe('benches in small', () => {
  test('transactions: both ways hold the same records', async () => {
    const found = await transactions({ ...onMemory(), sizes: [5, 40], rounds: 2, turnRecords: 100 });
    expect(found.map(({ isEqual }) => isEqual)).toEqual([true, true]);
    expect(found.every(({ recordsPerBatch, uses }) => recordsPerBatch >= uses)).toBe(true);
    expect(transactionsText(found)).toContain('steps of 40: a commit takes');
  });

  test('growth over partitions: each use gives one charge', async () => {
    const found = await growthOfPartitions({ ...onMemory(), partitions: [1, 3], accounts: 30, uses: 300 });
    expect(found.map(({ wrong }) => wrong)).toEqual([0, 0]);
    expect(found.every((at) => at.transactions > 0)).toBe(true);
  });

  test('growth over accounts: each charge is booked', async () => {
    const found = await growthOfAccounts([10, 200], SILENT);
    expect(found.map(({ wrong, accounts }) => [wrong, accounts])).toEqual([
      [0, 10],
      [0, 200],
    ]);
  });

  test('growth over request ids: each repeat and each conflict is found', () => {
    const { points } = growthOfIds([1_000, 5_000], SILENT);
    expect(points.map(({ wrong, ids }) => [wrong, ids])).toEqual([
      [0, 1_000],
      [0, 5_000],
    ]);
  });

  test('replay and restore: every digest again, and a restored task stands at the head of its chain', async () => {
    const graph = await newGraph({ seed: 3, uses: 300 });
    await runMainJob(graph, workersOf(graph));
    for (const service of ['rating', 'credit-balances', 'invoice-rollups']) {
      const { wrong, records, keys } = await rebuilt(graph, service);
      expect([service, wrong]).toEqual([service, 0]);
      expect(records).toBeGreaterThan(300);
      expect(keys).toBeGreaterThan(0);
    }
  });

  test('proof: with it and without it, steps write the same', async () => {
    const cost = await proofCost({ uses: 300, turnRecords: 500, tell });
    expect(cost.differences).toBe(0);
    expect(cost.compared).toBeGreaterThan(3);
    expect(proofText(cost)).toContain('rating');
  });
});
