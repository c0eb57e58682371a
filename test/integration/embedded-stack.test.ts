/**
 * The embedded stack for real: data survives a restart and a kill, two stacks live side by side, nothing is orphaned.
 * The suite asks each server in its own protocol for what it was given before.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isAlive, type ProcessMark } from '../../infra/embedded/process-mark.ts';
import { type Stack, startStack } from '../../infra/embedded/stack.ts';
import { readRunningStack, readState } from '../../infra/embedded/state-file.ts';
import { waitUntil } from '../../infra/embedded/wait.ts';

const limitMs = 90_000;
const stateDir = mkdtempSync(join(tmpdir(), 'stack-a-'));
const otherStateDir = mkdtempSync(join(tmpdir(), 'stack-b-'));
let stack: Stack;
let other: Stack | null = null;

afterAll(async () => {
  await stack?.stop();
  await other?.stop();
  for (const folder of [stateDir, otherStateDir]) rmSync(folder, { recursive: true, force: true });
}, limitMs);

function kafka({ kafkaBrokers }: Stack): Kafka {
  return new Kafka({ brokers: [kafkaBrokers], logLevel: logLevel.NOTHING });
}

/** Gives each server one thing to keep. */
async function leaveData(target: Stack): Promise<void> {
  const admin = kafka(target).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  await register(target, 'kept');
  await write(target, 'CREATE TABLE kept (n UInt32) ENGINE = MergeTree ORDER BY n');
  await addRecord(target);
}

async function register(target: Stack, name: string): Promise<void> {
  const schema = JSON.stringify({ type: 'record', name, fields: [{ name: 'id', type: 'string' }] });
  const registered = await fetch(`${target.schemaRegistryUrl}/subjects/${name}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema }),
  });
  expect([registered.status, await registered.text()]).toEqual([200, expect.stringContaining('"id"')]);
}

async function addRecord(target: Stack): Promise<void> {
  const producer = kafka(target).producer();
  await producer.connect();
  await producer.send({ topic: 'kept', acks: -1, messages: [{ key: 'k', value: 'v' }] });
  await producer.disconnect();
  await write(target, 'INSERT INTO kept FORMAT TabSeparated\n1\n');
}

async function write(target: Stack, statement: string): Promise<void> {
  const { username, password } = target.clickhouseWriter;
  const answer = await fetch(target.clickhouseUrl, {
    method: 'POST',
    headers: { 'x-clickhouse-user': username, 'x-clickhouse-key': password },
    body: statement,
  });
  expect([answer.status, await answer.text()]).toEqual([200, '']);
}

/** How many records and rows there are, and under which id the schema is known. */
async function keptData(target: Stack): Promise<{ records: number; rows: number; schemaId: number }> {
  const admin = kafka(target).admin();
  await admin.connect();
  const [offsets] = await admin.fetchTopicOffsets('kept');
  await admin.disconnect();
  const rows = await fetch(`${target.clickhouseUrl}/?query=SELECT%20count()%20FROM%20kept`);
  const version = await fetch(`${target.schemaRegistryUrl}/subjects/kept-value/versions/latest`);
  const described = await version.text();
  expect(version.status, described).toBe(200);
  const { id } = z.object({ id: z.number() }).parse(JSON.parse(described));
  return { records: Number(offsets?.high), rows: Number(await rows.text()), schemaId: id };
}

function addressesOf({ kafkaBrokers, schemaRegistryUrl, clickhouseUrl }: Stack): readonly string[] {
  return [kafkaBrokers, schemaRegistryUrl, clickhouseUrl];
}

describe('one stack', () => {
  test(
    'starts, can be found by its folder, and keeps its secret to its owner',
    async () => {
      stack = await startStack({ stateDir, env: {} });
      await leaveData(stack);
      expect(await keptData(stack)).toEqual({ records: 1, rows: 1, schemaId: 1 });
      expect(readRunningStack(stateDir)).toMatchObject({
        pid: process.pid,
        kafkaBrokers: stack.kafkaBrokers,
        clickhouseWriter: stack.clickhouseWriter,
      });
      expect(statSync(join(stateDir, 'clickhouse-writer-password')).mode & 0o777).toBe(0o600);
      for (const address of addressesOf(stack)) expect(address).toContain('127.0.0.1');
    },
    limitMs,
  );

  test('its folder is refused to a second stack, with the pid of the first', async () => {
    const second = startStack({ stateDir, env: {} });
    await expect(second).rejects.toThrow(`in use by process ${process.pid}`);
    expect(await keptData(stack)).toMatchObject({ records: 1 });
  });

  test(
    'every part that is killed comes back on its port with its data',
    async () => {
      const { parts } = stack;
      const before = Object.values(parts).map(({ pid }) => pid);
      await register(stack, 'registered_last');
      await Promise.all(Object.values(parts).map((part) => part.kill('SIGKILL')));
      expect(Object.values(parts).map(({ pid }) => pid)).toEqual([null, null, null]);
      await Promise.all(Object.values(parts).map((part) => part.restart()));
      expect(Object.values(parts).some(({ pid }, at) => pid === null || pid === before[at])).toBe(false);
      const last = await fetch(`${stack.schemaRegistryUrl}/subjects/registered_last-value/versions/latest`);
      expect(last.status).toBe(200);
      await addRecord(stack);
      expect(await keptData(stack)).toEqual({ records: 2, rows: 2, schemaId: 1 });
    },
    limitMs,
  );

  test(
    'a part that ends by itself is started again',
    async () => {
      const { clickhouse } = stack.parts;
      const before = clickhouse.pid;
      process.kill(before ?? 0, 'SIGKILL');
      const isBack = async (): Promise<boolean> => clickhouse.pid !== null && clickhouse.pid !== before;
      expect(await waitUntil(isBack, { timeoutMs: limitMs })).toBe(true);
      expect(await keptData(stack)).toMatchObject({ rows: 2 });
    },
    limitMs,
  );

  test(
    'stops clean, is then not found any more, and starts again on the same addresses with its data',
    async () => {
      const addresses = addressesOf(stack);
      await stack.stop();
      expect(readRunningStack(stateDir)).toBeNull();
      expect(readFileSync(join(stateDir, 'logs', 'kafka.log'), 'utf8')).not.toMatch(/ERROR|FATAL/);
      stack = await startStack({ stateDir, env: {} });
      expect(addressesOf(stack)).toEqual(addresses);
      expect(await keptData(stack)).toEqual({ records: 2, rows: 2, schemaId: 1 });
    },
    limitMs,
  );

  test('parts given by address are not started and cannot be stopped', async () => {
    const env = {
      kafkaBrokers: stack.kafkaBrokers,
      schemaRegistryUrl: stack.schemaRegistryUrl,
      clickhouseUrl: stack.clickhouseUrl,
    };
    const guestDir = mkdtempSync(join(tmpdir(), 'stack-guest-'));
    const guest = await startStack({ stateDir: guestDir, env });
    expect(addressesOf(guest)).toEqual(addressesOf(stack));
    expect(Object.values(guest.parts).map(({ embedded, pid }) => [embedded, pid])).toEqual(
      Array(3).fill([false, null]),
    );
    await expect(guest.parts.kafka.restart()).rejects.toThrow('neither stop nor start');
    await guest.stop();
    rmSync(guestDir, { recursive: true });
    expect(await keptData(stack)).toMatchObject({ records: 2 });
  });
});

describe('two stacks', () => {
  test(
    'live side by side, and one whose parent is killed leaves no process behind and its data intact',
    async () => {
      const holder = spawn(process.execPath, [join(import.meta.dirname, 'stack-holder.ts'), otherStateDir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(holder, 'exit');
      await once(holder.stdout, 'data');
      const left = marksOf(otherStateDir);
      expect(left.length).toBe(3);
      expect(await keptData(stack)).toMatchObject({ records: 2 });

      holder.kill('SIGKILL');
      await ended;
      expect(readRunningStack(otherStateDir)).toBeNull();
      other = await startStack({ stateDir: otherStateDir, env: {} });
      expect(left.filter(isAlive)).toEqual([]);
      for (const address of addressesOf(other)) expect(addressesOf(stack)).not.toContain(address);
      await leaveData(other);
      expect(await keptData(other)).toMatchObject({ records: 1, rows: 1 });
      expect(await keptData(stack)).toMatchObject({ records: 2, rows: 2 });
    },
    limitMs,
  );
});

function marksOf(folder: string): readonly ProcessMark[] {
  return (readState(folder)?.parts ?? []).flatMap((part) => (part.process === null ? [] : [part.process]));
}
