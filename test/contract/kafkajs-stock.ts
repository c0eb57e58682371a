/**
 * Job: kafkajs as it is published, function by function, for tests that show what it does wrong.
 *
 * Boundary: types say only what the tests call. `log-kafka-client.ts` mends the request queue in place, so the stock one
 * is loaded once more, beside the one in the module cache.
 */
import { createRequire } from 'node:module';
import { createLogger } from 'kafkajs/src/loggers/index.js';
import type { AbortedTransaction } from '../../topology/record-batch-decode.ts';

const load = createRequire(import.meta.url);

export interface StockMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly isControlRecord: boolean;
}

export interface StockBatch {
  readonly messages: readonly StockMessage[];
  isEmpty(): boolean;
  isEmptyDueToFiltering(): boolean;
}

interface StockQueue {
  checkPendingRequests(): void;
  destroy(): void;
}

interface StockManager {
  initProducerId(): Promise<void>;
  beginTransaction(): void;
  addPartitionsToTransaction(topics: readonly object[]): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

type Constructor<Arguments extends readonly unknown[], T> = new (...given: Arguments) => T;

const Decoder: Constructor<[Buffer], object> = load('kafkajs/src/protocol/decoder.js');
const Batch: Constructor<[string, string, object], StockBatch> = load('kafkajs/src/consumer/batch.js');
const decodeMessages: (decoder: object) => Promise<readonly StockMessage[]> = load(
  'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js',
);

/** What its consumer makes of a fetched record set, from bytes to the batch that a handler is given. */
export async function stockBatch(
  bytes: Buffer,
  position = 0,
  aborted: readonly AbortedTransaction[] = [],
): Promise<StockBatch> {
  const sized = Buffer.concat([Buffer.alloc(4), bytes]);
  sized.writeInt32BE(bytes.length);
  return new Batch('charges', String(position), {
    partition: 0,
    highWatermark: '1000',
    messages: await decodeMessages(new Decoder(sized)),
    abortedTransactions: aborted.map(({ producerId, firstOffset }) => ({
      producerId: String(producerId),
      firstOffset: String(firstOffset),
    })),
  });
}

/** The offsets that its consumer takes as done after such a batch. */
export async function stockResolved(batch: StockBatch): Promise<readonly string[]> {
  const Runner: Constructor<[object], { running: boolean; handleBatch(batch: StockBatch): Promise<void> }> =
    load('kafkajs/src/consumer/runner.js');
  const resolved: string[] = [];
  const quiet = () => undefined;
  const runner = new Runner({
    logger: createLogger({ level: 0, logCreator: () => quiet }),
    consumerGroup: {
      resolveOffset: ({ offset }: { readonly offset: string }) => resolved.push(offset),
      commitOffsetsIfNecessary: async () => undefined,
      commitOffsets: async () => undefined,
      heartbeat: async () => undefined,
    },
    instrumentationEmitter: { emit: quiet },
    eachBatch: async () => undefined,
    heartbeatInterval: 1_000,
    retry: {},
  });
  runner.running = true;
  await runner.handleBatch(batch);
  return resolved;
}

export const groupMessages: (given: {
  readonly topic: string;
  readonly partitionMetadata: readonly object[];
  readonly messages: readonly object[];
  readonly partitioner: () => number;
}) => Readonly<Record<string, readonly object[]>> = load('kafkajs/src/producer/groupMessagesPerPartition.js');

/** The record set of a produce request with messages of these times. */
export async function stockRecordSet(timestamps: readonly number[]): Promise<Buffer> {
  const request: (given: object) => { encode(): Promise<{ readonly buffer: Buffer }> } = load(
    'kafkajs/src/protocol/requests/produce/v3/request.js',
  );
  const messages = timestamps.map((timestamp) => ({ key: null, value: Buffer.from('v'), timestamp }));
  const topicData = [{ topic: 't', partitions: [{ partition: 0, firstSequence: 0, messages }] }];
  const { buffer } = await request({ acks: -1, timeout: 1_000, topicData }).encode();
  // Behind transactional id, acks, timeout, topic count, topic, partition count, partition and size.
  return buffer.subarray(2 + 2 + 4 + 4 + 3 + 4 + 4 + 4);
}

export function stockQueue(): StockQueue {
  const path = load.resolve('kafkajs/src/network/requestQueue/index.js');
  const mended = load.cache[path];
  delete load.cache[path];
  const Queue: Constructor<[object], StockQueue> = load(path);
  load.cache[path] = mended;
  return new Queue({
    maxInFlightRequests: null,
    requestTimeout: 1_000,
    enforceRequestTimeout: false,
    clientId: 'test',
    broker: 'none',
    logger: { debug: () => undefined },
  });
}

/** Its transactions, over a coordinator that answers everything but the end of a transaction. */
export function stockManager(endTxn: () => Promise<void>): StockManager {
  const coordinator = {
    initProducerId: async () => ({ producerId: 1, producerEpoch: 0 }),
    addPartitionsToTxn: async () => undefined,
    endTxn,
  };
  const manager: (given: object) => StockManager = load('kafkajs/src/producer/eosManager/index.js');
  return manager({
    logger: { debug: () => undefined },
    cluster: {
      retry: { retries: 0 },
      refreshMetadataIfNecessary: async () => undefined,
      findGroupCoordinator: async () => coordinator,
    },
    transactional: true,
    transactionalId: 'stuck',
  });
}
