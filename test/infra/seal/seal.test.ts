/** Sealing and verifying: an honest log, heads one after the other, and heads that are not what they should be. */
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSignedHead, signHead } from '../../../infra/seal/head.ts';
import { fingerprintOf } from '../../../infra/seal/signing-key.ts';
import type { MemoryGraph } from '../../support/memory-graph.ts';
import { faultsOf, newStateDir, ownStateDir, sealed, verified, workedGraph } from './sealed-graph.ts';

let graph: MemoryGraph;
let stateDir: string;

beforeAll(async () => {
  graph = await workedGraph(80);
  stateDir = newStateDir();
  await sealed({ graph, stateDir });
});
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

async function kinds(...args: Parameters<typeof verified>): Promise<readonly string[]> {
  return faultsOf(await verified(...args)).map(({ kind }) => kind);
}

function headText(folder: string, sequence: number): string {
  return readFileSync(join(folder, 'seals', `head-00000${sequence}.json`), 'utf8');
}

function signedHeadOf(folder: string, sequence: number) {
  const signed = parseSignedHead(headText(folder, sequence));
  if (signed === null) throw new Error('the head is unreadable');
  return signed;
}

describe('an honest log', () => {
  test('holds against its head, and the key is readable by its owner alone', async () => {
    const report = await verified({ graph, stateDir });
    expect(report.render()).toContain('Head 1 of ');
    expect(report.render()).toContain('hold: numbering, links, digests and outputs.');
    expect(report).toMatchObject({ exitCode: 0, data: { ok: true, first: null, faults: [] } });
    expect(statSync(join(stateDir, 'seals', 'signing-key.pem')).mode & 0o777).toBe(0o600);
  });

  test('every record of every topic but the changelogs is in the head', async () => {
    const { head } = signedHeadOf(stateDir, 1);
    const topics = await graph.log.admin.listTopics();
    const named = new Set(head.ranges.map(({ topic }) => topic));
    expect([...named].sort()).toEqual(topics.filter((name) => !name.endsWith('-changelog')).sort());
    for (const { topic, partition, from, to } of head.ranges) {
      const [bounds] = await graph.log.bounds([{ topic, partition }]);
      expect([from, to]).toEqual([0, bounds?.end]);
    }
  });

  test('nothing sealed is said, and is no fault', async () => {
    const report = await verified({ graph, stateDir: ownStateDir() });
    expect(report.exitCode).toBe(0);
    expect(report.render()).toContain('Nothing is sealed yet');
  });

  test('one service and one partition can be asked for', async () => {
    const report = await verified({ graph, stateDir }, { service: 'rating', partition: 1 });
    expect(report).toMatchObject({ exitCode: 0, data: { chains: [{ service: 'rating', partition: 1 }] } });
  });

  test('compaction of balances is no change', async () => {
    const compacted = await workedGraph(60);
    const place = { graph: compacted, stateDir: ownStateDir() };
    await sealed(place);
    compacted.log.compact('balances', 0);
    compacted.log.compact('balances', 1);
    const report = await verified(place);
    expect(report.exitCode).toBe(0);
    expect(report.render()).toContain('were compacted since');
    rmSync(join(place.stateDir, 'seals', 'head-000001.index'));
    expect(await kinds(place)).toContain('index_missing');
  });
});

describe('heads one after the other', () => {
  test('each names the one before, seals only what is new, and the newest vouches for all', async () => {
    const place = { graph: await workedGraph(40), stateDir: ownStateDir() };
    await sealed(place);
    await appendLate(place.graph);
    const out = join(place.stateDir, 'handed-out.json');
    const second = await sealed(place, { out });
    expect(second.data).toMatchObject({ sequence: 2, records: 1, out });
    expect(await kinds(place, { head: out })).toEqual([]);
    const head = join(place.stateDir, 'seals', 'head-000001.json');
    expect(await kinds(place, { head })).toEqual([]);
    const text = headText(place.stateDir, 1);
    writeFileSync(head, text.replace('"memory"', '"memorz"'));
    expect(await kinds(place)).toEqual(['head_missing']);
    rmSync(head);
    expect(await kinds(place, { head: out })).toEqual(['head_missing']);
  });

  test('a new key takes over: the newest head needs it, those before need none', async () => {
    const place = { graph: await workedGraph(30), stateDir: ownStateDir() };
    await sealed(place);
    const signingKey = join(place.stateDir, 'second.pem');
    writeFileSync(signingKey, newPem());
    const report = await sealed({ ...place, signingKey });
    expect(report.data).toMatchObject({ sequence: 2 });
    expect(await kinds(place)).toEqual([]);
  });

  test('a file is not overwritten, and a key that is none is said', async () => {
    const place = { graph, stateDir: ownStateDir() };
    const out = join(place.stateDir, 'there.json');
    writeFileSync(out, 'something');
    await expect(sealed(place, { out })).rejects.toMatchObject({ code: 'file_exists' });
    await expect(sealed({ ...place, signingKey: out })).rejects.toThrow('is no usable key');
    await expect(verified(place, { head: out })).rejects.toMatchObject({ code: 'head_unreadable' });
  });

  test('a head that this system did not sign is no ground for the next, whatever key it names', async () => {
    const place = { graph, stateDir: ownStateDir() };
    copySeals(stateDir, place.stateDir);
    const pair = generateKeyPairSync('ed25519');
    const { head } = signedHeadOf(stateDir, 1);
    const file = join(place.stateDir, 'seals', 'head-000001.json');
    for (const key of [head.key, fingerprintOf(pair.publicKey)]) {
      writeFileSync(file, JSON.stringify(signHead({ ...head, key }, pair.privateKey)));
      await expect(sealed(place)).rejects.toMatchObject({ code: 'head_unusable' });
    }
  });

  test('a log that does not continue the head before is not sealed', async () => {
    const other = { graph: await workedGraph(30, 8), stateDir: ownStateDir() };
    copySeals(stateDir, other.stateDir);
    await expect(sealed(other)).rejects.toThrow(/ends at|step \d+ at|stands where|names/);
  });
});

async function appendLate({ log }: MemoryGraph): Promise<void> {
  await log.append([
    { topic: 'usage-events', partition: 0, key: Buffer.from('k'), value: Buffer.from('late') },
  ]);
}

function newPem(): string | Buffer {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
}

function copySeals(from: string, to: string): void {
  cpSync(join(from, 'seals'), join(to, 'seals'), { recursive: true });
}

describe('heads that are not what they should be', () => {
  test('another key', async () => {
    const publicKey = join(ownStateDir(), 'other.pem');
    writeFileSync(
      publicKey,
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }),
    );
    expect(await kinds({ graph, stateDir }, { publicKey })).toEqual(['wrong_key']);
  });

  test('any field changed: the signature does not fit', async () => {
    const { head, signature } = signedHeadOf(stateDir, 1);
    const [chain] = head.chains;
    const [range] = head.ranges;
    if (chain === undefined || range === undefined) throw new Error('the head is empty');
    const changed = [
      { ...head, clusterId: 'other' },
      { ...head, sealedAt: '2026-01-01T00:00:00.000Z' },
      { ...head, chains: head.chains.with(0, { ...chain, step: chain.step + 1 }) },
      { ...head, chains: head.chains.slice(1) },
      { ...head, ranges: head.ranges.with(0, { ...range, to: range.to + 1 }) },
      { ...head, ranges: head.ranges.with(0, { ...range, records: range.records + 1 }) },
      { ...head, ranges: head.ranges.toReversed() },
      { ...head, index: { ...head.index, bytes: 0 } },
    ];
    const file = join(ownStateDir(), 'head.json');
    for (const other of changed) {
      writeFileSync(file, JSON.stringify({ head: other, signature }));
      expect(await kinds({ graph, stateDir }, { head: file })).toEqual(['forged_head']);
    }
    writeFileSync(file, JSON.stringify({ head: { ...head, note: 'unsigned' }, signature }));
    await expect(verified({ graph, stateDir }, { head: file })).rejects.toMatchObject({
      code: 'head_unreadable',
    });
  });

  test('signed again with a key of the attacker, under either name', async () => {
    const pair = generateKeyPairSync('ed25519');
    const { head } = signedHeadOf(stateDir, 1);
    const file = join(ownStateDir(), 'head.json');
    for (const [key, kind] of [
      [head.key, 'forged_head'],
      [fingerprintOf(pair.publicKey), 'wrong_key'],
    ] as const) {
      writeFileSync(file, JSON.stringify(signHead({ ...head, key }, pair.privateKey)));
      expect(await kinds({ graph, stateDir }, { head: file })).toEqual([kind]);
    }
  });

  test('rolled back: the heads here end before the one that was handed out', async () => {
    const place = { graph: await workedGraph(30), stateDir: ownStateDir() };
    await sealed(place);
    const out = join(ownStateDir(), 'handed-out.json');
    await sealed(place, { out });
    rmSync(join(place.stateDir, 'seals', 'head-000002.json'));
    expect(await kinds(place, { head: out })).toEqual(['rolled_back']);
    await appendLate(place.graph);
    await sealed(place);
    expect(await kinds(place, { head: out })).toEqual(['forked']);
  });

  test('a whole other chain, built by the same rules, is a fork', async () => {
    const other = await workedGraph(80, 9);
    const faults = faultsOf(await verified({ graph: other, stateDir }));
    expect(faults[0]).toMatchObject({ kind: 'forked' });
    expect(faults.some(({ kind }) => kind === 'altered')).toBe(true);
  });

  test('a log of another cluster', async () => {
    const { head } = signedHeadOf(stateDir, 1);
    const { MemoryLog } = await import('../../../topology/log-memory.ts');
    expect(head.clusterId).toBe('memory');
    const log = new MemoryLog({ now: () => 0, clusterId: 'other' });
    const names = await graph.log.admin.listTopics();
    await log.admin.createTopics(
      names.map((name) => ({ name, partitions: 2, replicationFactor: 1, config: {} })),
    );
    const found = await kinds({ graph, stateDir }, { log });
    expect(found[0]).toBe('other_cluster');
    expect(found.slice(1).every((kind) => kind === 'truncated')).toBe(true);
  });
});
