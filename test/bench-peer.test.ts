/**
 * The processor of the peer bench does the peer's work: on a log in memory, through the real task, its charges are those
 * of a plain computation, repeats are dropped, and a restart knows what was seen and what is left.
 */
import avsc from 'avsc';
import { describe, expect, test } from 'vitest';
import { Random } from '../infra/main-job/random.ts';
import type { AdmissionBlock } from '../schemas/generated/admission-block.ts';
import { LIMITS } from '../topology/limits.ts';
import { shareOf } from '../topology/lock.ts';
import { MemoryLog } from '../topology/log-memory.ts';
import { partitionOf } from '../topology/partitioner.ts';
import type { Table } from '../topology/processor.ts';
import { Task } from '../topology/task.ts';
import { serviceTopics } from '../topology/topics.ts';
import { MappedLog } from './bench/peer/mapped-log.ts';
import { peerPrices } from './bench/peer/prices.ts';
import { peerLedger } from './bench/peer/processor.ts';
import { RecentIds } from './bench/peer/recent-ids.ts';
import { PEER_RECORDS, PeerDirectory, splitLong, usePeerRecords } from './bench/peer/records.ts';

const PRICES =
  '# model,provider,version,input,output,cached\nlarge,a,7,2.50,10.00,1.25\nnano,b,3,0.05,0.08,0.005\n';
const START_BALANCE = 10n ** 18n;
const PARTITIONS = 2;
const GROUP = 'ledger-test';

/** Longs as bigints, as a Java program has them. */
const long = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer(value: bigint) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => Number(a - b),
});

function typeOf(name: string, fields: Readonly<Record<string, string>>) {
  const schema = {
    type: 'record' as const,
    name,
    fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
  };
  return avsc.Type.forSchema(schema, { registry: { long } });
}

/** The peer's schemas, its enumeration as the int that it is on the wire. */
const USE = typeOf('UsageEvent', {
  request_id: 'string',
  account_id: 'string',
  api_key_id: 'string',
  provider: 'string',
  model: 'string',
  occurred_at: 'long',
  input_tokens: 'long',
  output_tokens: 'long',
  cached_input_tokens: 'long',
  latency_ms: 'int',
  status: 'int',
  trace_id: 'string',
  project_id: 'string',
  use_case_id: 'string',
  environment: 'string',
});
const CHARGE = typeOf('Charge', {
  charge_id: 'string',
  account_id: 'string',
  request_id: 'string',
  model: 'string',
  amount: 'long',
  balance_after: 'long',
  price_version: 'int',
  occurred_at: 'long',
});

interface Use {
  readonly request_id: string;
  readonly account_id: string;
  readonly model: string;
  readonly occurred_at: bigint;
  readonly input_tokens: bigint;
  readonly output_tokens: bigint;
  readonly cached_input_tokens: bigint;
}

interface Charge {
  readonly charge_id: string;
  readonly amount: bigint;
  readonly balance_after: bigint;
}

function byId(charges: readonly Charge[]): ReadonlyMap<string, Charge> {
  return new Map(charges.map((charge) => [charge.charge_id, charge]));
}

function usesOf(seed: number, count: number): readonly Use[] {
  const random = new Random(seed);
  const rest = {
    api_key_id: 'k',
    provider: 'a',
    latency_ms: 8,
    trace_id: 't',
    project_id: 'p',
    use_case_id: 'u',
  };
  const uses: Use[] = [];
  while (uses.length < count) {
    const recent = uses.at(-1 - random.below(50));
    if (recent !== undefined && random.chance(50)) uses.push(recent);
    const use = {
      ...rest,
      request_id: `request-${uses.length}`,
      account_id: `acct-${random.below(9)}`,
      model: random.pick(['large', 'nano']),
      occurred_at: 1_700_000_000_000_000n + BigInt(uses.length),
      input_tokens: BigInt(random.below(8_000)),
      output_tokens: BigInt(random.below(2_000)),
      cached_input_tokens: BigInt(random.below(6_000)),
      status: random.below(4),
      environment: 'prod',
    };
    uses.push(use);
  }
  return uses;
}

/** By the book: whole numbers without a limit, and a set of everything ever seen. */
function expectedCharges(uses: readonly Use[]): readonly Charge[] {
  const perToken = { large: [2_500_000n, 10_000_000n, 1_250_000n], nano: [50_000n, 80_000n, 5_000n] };
  const versions = { large: 7, nano: 3 };
  const seen = new Set<string>();
  const balances = new Map<string, bigint>();
  return uses.flatMap((use) => {
    if (seen.has(use.request_id)) return [];
    seen.add(use.request_id);
    const model = use.model === 'large' ? 'large' : 'nano';
    const [input = 0n, output = 0n, cached = 0n] = perToken[model];
    const amount = use.input_tokens * input + use.output_tokens * output + use.cached_input_tokens * cached;
    const balance_after = (balances.get(use.account_id) ?? START_BALANCE) - amount;
    balances.set(use.account_id, balance_after);
    const { request_id, account_id, occurred_at } = use;
    const charge_id = `chg_${request_id}`;
    return [
      {
        charge_id,
        account_id,
        request_id,
        model,
        amount,
        balance_after,
        price_version: versions[model],
        occurred_at,
      },
    ];
  });
}

function framed(id: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 0, id]), body]);
}

async function newLog(): Promise<MemoryLog> {
  const log = new MemoryLog({ now: () => 1 });
  const own = Object.values(serviceTopics('rating')).map((name) => `${GROUP}-${name}`);
  const topics = ['in', 'out', ...own];
  await log.admin.createTopics(
    topics.map((name) => ({ name, partitions: PARTITIONS, replicationFactor: 1, config: {} })),
  );
  return log;
}

async function send(log: MemoryLog, uses: readonly Use[]): Promise<void> {
  await log.append(
    uses.map((use) => {
      const key = Buffer.from(use.account_id);
      return {
        topic: 'in',
        partition: partitionOf(key, PARTITIONS),
        key,
        value: framed(1, USE.toBuffer(use)),
      };
    }),
  );
}

function taskOf(log: MemoryLog, partition: number): Promise<Task> {
  const own = Object.values(serviceTopics('rating')).map((name) => [name, `${GROUP}-${name}`]);
  const topics = { ...Object.fromEntries(own), 'cost-events': 'in', charges: 'out' };
  return Task.acquire({
    log: new MappedLog(log, { topics, group: GROUP }),
    directory: new PeerDirectory(PEER_RECORDS),
    processor: peerLedger(peerPrices(PRICES)),
    share: shareOf('rating', { k: partition, n: PARTITIONS }, PARTITIONS),
    limits: { ...LIMITS, fetchWaitMs: 0, stepRecordsMax: 97, positionsIntervalMs: 0 },
  });
}

async function drain(log: MemoryLog): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const task = await taskOf(log, partition);
    do await task.inbox.fill();
    while ((await task.step()).length > 0);
    await task.close();
  }
}

async function chargesOf(log: MemoryLog): Promise<readonly Charge[]> {
  const positions = Array.from({ length: PARTITIONS }, (_, partition) => ({
    topic: 'out',
    partition,
    offset: 0,
  }));
  const reader = await log.reader({ positions, fetchBytesMax: 1e9, partitionBytesMax: 1e9, fetchWaitMs: 0 });
  const charges: Charge[] = [];
  for (let slices = await reader.fetch(); slices.length > 0; slices = await reader.fetch()) {
    for (const { value } of slices.flatMap(({ records }) => records)) {
      expect(value?.readUInt32BE(1)).toBe(2);
      charges.push({ ...CHARGE.fromBuffer(value?.subarray(5) ?? Buffer.alloc(0)) });
    }
  }
  return charges;
}

usePeerRecords();

describe('the processor of the peer bench', () => {
  test.each([1, 2, 3])(
    'seed %i: charges and balances of the peer, each use once, over a restart',
    async (seed) => {
      const log = await newLog();
      const uses = usesOf(seed, 700);
      await send(log, uses.slice(0, 400));
      await drain(log);
      await send(log, uses.slice(400));
      await drain(log);
      const expected = expectedCharges(uses);
      const found = await chargesOf(log);
      expect(found.length).toBe(expected.length);
      expect(byId(found)).toEqual(byId(expected));
      const positions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'in', partition }));
      const published = await log.admin.groupPositions(GROUP, positions);
      expect(published.reduce((sum, { offset }) => sum + offset, 0)).toBe(uses.length);
    },
  );

  test('the window holds 16,384 ids less one block at most, and forgets older ones', async () => {
    const log = await newLog();
    const uses = usesOf(1, 1).flatMap((use) =>
      Array.from({ length: 16_384 + 64 }, (_, index) => ({ ...use, request_id: `request-${index}` })),
    );
    await send(log, uses);
    await send(log, uses.slice(0, 1));
    await send(log, uses.slice(-16_000));
    await drain(log);
    expect((await chargesOf(log)).length).toBe(uses.length + 1);
  });

  test.each([1, 2, 3])('seed %i: the window has what a plain list of blocks has, restored too', (seed) => {
    const random = new Random(seed);
    const values = new Map<string, AdmissionBlock>();
    const table: Table<AdmissionBlock> = {
      get: (key) => values.get(key),
      set: (key, value) => void values.set(key, value),
      delete: (key) => void values.delete(key),
      due: () => [],
      keys: () => values.keys(),
    };
    const window = new RecentIds(table);
    const seen = new Set<string>();
    const blocks: string[][] = [[]];
    for (let count = 0; count < 60_000; count += 1) {
      const use = { accountId: `a${random.below(3)}`, requestId: `r${random.below(20_000)}` };
      const id = `${use.accountId}/${use.requestId}`;
      expect(window.has(use)).toBe(seen.has(id));
      if (seen.has(id)) continue;
      window.add(use);
      seen.add(id);
      if (blocks.at(-1)?.length === 64) blocks.push([]);
      blocks.at(-1)?.push(id);
      if (blocks.length > 256) for (const old of blocks.shift() ?? []) seen.delete(old);
    }
    const restored = new RecentIds(table);
    for (let number = 0; number < 20_000; number += 1) {
      for (const accountId of ['a0', 'a1', 'a2']) {
        const requestId = `r${number}`;
        expect(restored.has({ accountId, requestId })).toBe(seen.has(`${accountId}/${requestId}`));
      }
    }
  });

  test.each([0n, 1n, -1n, 2n ** 27n, 10n ** 18n, -(10n ** 18n), 2n ** 62n, -(2n ** 63n)])(
    'the long %d as two fields has the bytes of a long',
    (units) => {
      const { low, high } = splitLong(units);
      const rest = avsc.Type.forSchema('long').toBuffer(high);
      expect(long.fromBuffer(Buffer.concat([low, rest]))).toBe(units);
    },
  );
});
