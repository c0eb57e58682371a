/**
 * Job: the one file that imports kafkajs: connections with TLS and SASL, metadata, and requests on the wire.
 *
 * Boundary: protocol and connections only. No producer, consumer, retry of data requests or offset lives here, so most
 * defects of that package cannot reach us (decisions/0002); the rest is mended at the top of this file.
 *
 * Invariants:
 *  1. After a connection failed, all connections of this client are dropped and made anew: no half-read response and
 *     no request of the old ones can be seen by the new ones.
 *  2. Frames sent on one lane reach the broker in the order of the calls.
 *  3. No topic is created by asking for it.
 */

import net from 'node:net';
import tls from 'node:tls';
import { type Admin, AssignerProtocol, Kafka, logLevel, type SASLOptions } from 'kafkajs';
import Cluster from 'kafkajs/src/cluster/index.js';
import { createLogger } from 'kafkajs/src/loggers/index.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { LogError, type TopicPartition } from './log.ts';
import { classify, lostReplyCode, type RetryOptions, retrying } from './log-kafka-errors.ts';
import { stampFrame } from './log-kafka-frame.ts';

const keepAliveMs = 60_000;
const queueCheckMs = 10;
const metadataAgeMaxMs = 300_000;
const authenticationTimeoutMs = 10_000;
const connectRetriesMax = 5;
const connectRetryPauseMs = 20;

/** kafkajs arms a timer of about 1 ms for ever, negative on Node 24; it is needed only while something waits. */
RequestQueue.prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const throttledMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttledMs > 0 ? throttledMs : queueCheckMs,
  );
};

type Broker = Awaited<ReturnType<Cluster['findBroker']>>;
type Connection = Broker['connectionPool']['pool'][number];

export interface KafkaConnectionOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: tls.ConnectionOptions | boolean;
  readonly sasl?: SASLOptions;
  readonly requestTimeoutMs: number;
}

/** A complete frame from `endFrame`, and what to call it when it fails. */
interface RawRequest {
  readonly frame: Buffer;
  readonly apiKey: number;
  readonly apiName: string;
  /** Time the broker may take beyond the usual, for a long poll. */
  readonly extraTimeoutMs?: number;
}

/** Fetches have a connection of their own, so that a long poll never delays anything else. */
type LaneKind = 'requests' | 'fetches';

/** One connection to one broker. */
class KafkaLane {
  readonly #connection: Connection;
  readonly #requestTimeoutMs: number;

  constructor(connection: Connection, requestTimeoutMs: number) {
    this.#connection = connection;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** Hands the frame to the socket before it returns; resolves with the response behind its correlation id. */
  send(request: RawRequest): Promise<Buffer> {
    const connection = this.#connection;
    if (!connection.isConnected()) {
      return Promise.reject(new LogError('retriable', lostReplyCode, `${request.apiName}: not connected`));
    }
    const correlationId = connection.nextCorrelationId();
    stampFrame(request.frame, correlationId);
    return new Promise((resolve, reject) => {
      const { apiKey, apiName } = request;
      connection.requestQueue.push({
        entry: {
          apiKey,
          apiName,
          apiVersion: request.frame.readInt16BE(6),
          correlationId,
          resolve: ({ payload }) => resolve(payload),
          reject,
        },
        expectResponse: true,
        requestTimeout: this.#requestTimeoutMs + (request.extraTimeoutMs ?? 0),
        sendRequest: () => connection.socket.write(request.frame),
      });
    });
  }

  /** Obeys a quota: nothing is sent on this connection for so long. */
  throttle(throttleMs: number): void {
    this.#connection.requestQueue.maybeThrottle(throttleMs);
  }
}

export class KafkaClient {
  readonly options: KafkaConnectionOptions;
  readonly #leaders = new Map<string, readonly number[]>();
  readonly #handled = new WeakSet<LogError>();
  #cluster: Promise<Cluster> | null = null;
  #closed = false;

  constructor(options: KafkaConnectionOptions) {
    this.options = options;
  }

  /** A connected broker that knows the cluster; any will do. */
  async anyBroker(): Promise<Broker> {
    return (await this.#connected()).brokerPool.findConnectedBroker();
  }

  async broker(nodeId: number): Promise<Broker> {
    return (await this.#connected()).findBroker({ nodeId });
  }

  async lane(nodeId: number, kind: LaneKind): Promise<KafkaLane> {
    const broker = await this.broker(nodeId);
    const connection = await broker.connectionPool.getConnection(kind === 'fetches' ? 1 : 0);
    await connection.authenticate();
    return new KafkaLane(connection, this.options.requestTimeoutMs);
  }

  /** Asked each time: another cluster may answer at the same address since. */
  async clusterId(): Promise<string> {
    return (await (await this.anyBroker()).metadata([])).clusterId;
  }

  async partitionCount(topic: string): Promise<number> {
    await this.#know([topic]);
    return this.#leaders.get(topic)?.length ?? 0;
  }

  /** Groups places by the broker that leads them now. */
  async byLeader<T extends TopicPartition>(places: readonly T[]): Promise<ReadonlyMap<number, T[]>> {
    await this.#know(places.map(({ topic }) => topic));
    return Map.groupBy(places, (place) => this.#leaderOf(place));
  }

  /** Leaders are asked for again before they are used the next time. */
  leadersMoved(): void {
    this.#leaders.clear();
  }

  /** Throws every connection away; requests in flight are rejected. */
  async drop(): Promise<void> {
    const dropped = this.#cluster;
    this.#cluster = null;
    if (dropped === null) return;
    const cluster = await dropped.catch(() => null);
    if (cluster === null) return;
    const gone = new LogError('retriable', lostReplyCode, 'connection dropped');
    const { seedBroker, brokers } = cluster.brokerPool;
    for (const broker of new Set([
      ...Object.values(brokers),
      ...(seedBroker === undefined ? [] : [seedBroker]),
    ])) {
      for (const { requestQueue } of broker.connectionPool.pool) requestQueue.rejectAll(gone);
    }
    await cluster.disconnect().catch(() => undefined);
  }

  /** Classifies a failure, and drops the connections, once, when it was one of theirs. */
  failed(thrown: unknown, place: string): LogError {
    const error = classify(thrown, place);
    if (this.#handled.has(error)) return error;
    this.#handled.add(error);
    if (error.kind === 'retriable') this.leadersMoved();
    if (error.code === lostReplyCode) void this.drop();
    return error;
  }

  /** As `retrying`, on fresh connections when one was lost. */
  retrying<T>(options: RetryOptions, attempt: () => Promise<T>): Promise<T> {
    return retrying(options, async () => {
      try {
        return await attempt();
      } catch (thrown) {
        throw this.failed(thrown, options.place);
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.drop();
  }

  #connected(): Promise<Cluster> {
    if (this.#closed) return Promise.reject(new LogError('fatal', 'CLOSED', 'the connection was closed'));
    this.#cluster ??= connect(this.options).catch((error: unknown) => {
      this.#cluster = null;
      throw error;
    });
    return this.#cluster;
  }

  async #know(topics: readonly string[]): Promise<void> {
    const unknown = new Set(topics.filter((topic) => !this.#leaders.has(topic)));
    if (unknown.size === 0) return;
    const { topicMetadata } = await (await this.anyBroker()).metadata([...unknown]);
    for (const { topic, partitionMetadata } of topicMetadata) {
      const leaders: number[] = [];
      for (const { partitionId, leader } of partitionMetadata) leaders[partitionId] = leader;
      this.#leaders.set(topic, leaders);
    }
  }

  #leaderOf({ topic, partition }: TopicPartition): number {
    const leader = this.#leaders.get(topic)?.[partition];
    if (leader === undefined)
      throw new LogError('fatal', 'UNKNOWN_TOPIC_OR_PARTITION', `${topic}/${partition}`);
    if (leader < 0) throw new LogError('retriable', 'LEADER_NOT_AVAILABLE', `${topic}/${partition}`);
    return leader;
  }
}

/**
 * Messages of group members, in the envelopes of consumers: the broker reads them, and fails on others; the lag tools
 * show only groups that use them. No topic is subscribed to.
 */
export const groupMessages = {
  offer: (userData: Buffer): Buffer =>
    AssignerProtocol.MemberMetadata.encode({ version: 0, topics: [], userData }),
  readOffer: (bytes: Buffer): Buffer | null =>
    AssignerProtocol.MemberMetadata.decode(bytes)?.userData ?? null,
  assignment: (userData: Buffer): Buffer =>
    AssignerProtocol.MemberAssignment.encode({ version: 0, assignment: {}, userData }),
  readAssignment: (bytes: Buffer): Buffer | null =>
    AssignerProtocol.MemberAssignment.decode(bytes)?.userData ?? null,
} as const;

/** kafkajs's administration client, for topics and group positions. */
export function createAdmin(options: KafkaConnectionOptions): Admin {
  const { brokers, clientId, ssl, sasl, requestTimeoutMs } = options;
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    requestTimeout: requestTimeoutMs,
    connectionTimeout: requestTimeoutMs,
    logLevel: logLevel.NOTHING,
    retry: { retries: connectRetriesMax, initialRetryTime: connectRetryPauseMs },
  });
  return kafka.admin();
}

async function connect(options: KafkaConnectionOptions): Promise<Cluster> {
  const cluster = new Cluster({
    logger: createLogger({ level: logLevel.NOTHING, logCreator: () => () => undefined }),
    brokers: options.brokers,
    clientId: options.clientId,
    ssl: options.ssl ?? null,
    sasl: options.sasl ?? null,
    socketFactory,
    connectionTimeout: options.requestTimeoutMs,
    authenticationTimeout: authenticationTimeoutMs,
    reauthenticationThreshold: authenticationTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    enforceRequestTimeout: true,
    metadataMaxAge: metadataAgeMaxMs,
    retry: { retries: connectRetriesMax, initialRetryTime: connectRetryPauseMs },
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel: 1,
  });
  await cluster.connect();
  await cluster.refreshMetadata();
  return cluster;
}

/** As kafkajs's own, but without Nagle's delay, which would hold back the second of two pipelined requests. */
function socketFactory(target: {
  readonly host: string;
  readonly port: number;
  readonly ssl: tls.ConnectionOptions | boolean | null;
  readonly onConnect: () => void;
}): net.Socket {
  const { host, port, ssl, onConnect } = target;
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const socket =
    ssl === null || ssl === false
      ? net.connect({ host, port }, onConnect)
      : tls.connect({ host, port, ...servername, ...(ssl === true ? {} : ssl) }, onConnect);
  socket.setKeepAlive(true, keepAliveMs);
  socket.setNoDelay(true);
  return socket;
}
