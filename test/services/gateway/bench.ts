/** A gateway over the in-memory log, and the requests that tests send to it. */
import { createHmac } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { topicSpecs } from '../../../infra/apply/topic-specs.ts';
import { type Instant, parseInstant } from '../../../schemas/instant.ts';
import { MemorySchemaDirectory } from '../../../schemas/schema-directory-memory.ts';
import { buildGateway } from '../../../services/gateway/app.ts';
import { SharedSecretVerifier } from '../../../services/gateway/payment-verifier.ts';
import type { LogRecord } from '../../../topology/log.ts';
import { MemoryLog } from '../../../topology/log-memory.ts';
import type { FaultHook } from '../../../topology/log-memory-faults.ts';
import { Publisher } from '../../../topology/publisher.ts';

export const KEY = 'a-key-for-the-tests';
export const NOW: Instant = parseInstant('2026-03-10T12:00:00Z');
const secret = 'a-secret-of-the-provider';

export const directory = new MemorySchemaDirectory();

export interface Bench {
  readonly app: FastifyInstance;
  readonly log: MemoryLog;
  readonly publisher: Publisher;
}

export interface BenchOptions {
  readonly faults?: FaultHook;
  readonly heldRecordsMax?: number;
  readonly isReady?: () => Promise<boolean>;
}

export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const log = new MemoryLog({ now: () => NOW, ...(options.faults && { faults: options.faults }) });
  await log.admin.createTopics(topicSpecs({ partitions: 4, replicationFactor: 1 }));
  const publisher = await Publisher.open({
    log,
    directory,
    source: '/outcome-ledger/gateway',
    transactionalId: 'gateway-reference-data',
    transactor: 'per_call',
    limits: { lingerMs: 0, ...(options.heldRecordsMax && { heldRecordsMax: options.heldRecordsMax }) },
  });
  const app = buildGateway({
    publisher,
    now: () => NOW,
    keys: ['another-key-of-the-tests', KEY],
    verifier: new SharedSecretVerifier(secret),
    ...(options.isReady && { isReady: options.isReady }),
  });
  return { app, log, publisher };
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: {
    readonly accepted?: number;
    readonly records?: readonly {
      index: number;
      id: string;
      topic: string;
      partition: number;
      offset: number;
    }[];
    readonly rejected?: readonly Complaint[];
    readonly error?: { code: string; message: string; wayOut: string; details: readonly Complaint[] };
  };
}

export interface Complaint {
  readonly index: number;
  readonly field: string;
  readonly code: string;
  readonly message: string;
  readonly wayOut: string;
}

/** Posts a body with a key and, because only payments look at it, a right signature. */
export async function post(
  app: FastifyInstance,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<Reply> {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const sent: Record<string, string> = {};
  const all = {
    authorization: `Bearer ${KEY}`,
    'content-type': 'application/json',
    'x-payment-signature': signatureOf(payload),
    ...headers,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) sent[name] = value;
  const response = await app.inject({ method: 'POST', url: path, payload, headers: sent });
  return { status: response.statusCode, headers: response.headers, body: response.json() };
}

export function signatureOf(payload: string | Buffer): string {
  return createHmac('sha256', secret).update(payload).digest('hex');
}

/** Everything on a topic, partition by partition. */
export async function recordsOf(log: MemoryLog, topic: string): Promise<readonly LogRecord[]> {
  const positions = [0, 1, 2, 3].map((partition) => ({ topic, partition, offset: 0 }));
  const limits = { fetchBytesMax: 10_000_000, partitionBytesMax: 10_000_000, fetchWaitMs: 1 };
  const reader = await log.reader({ positions, ...limits });
  const slices = await reader.fetch();
  await reader.close();
  return slices.flatMap((slice) => slice.records);
}
