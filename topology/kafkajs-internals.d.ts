/**
 * Job: the shape of those inner parts of kafkajs 2.2.4 that `log-kafka-client.ts` uses.
 *
 * Boundary: types only, and only what we call; read from the package's `src` folder, which it publishes.
 *
 * Invariants:
 *  1. The package version is pinned; whoever moves it compares these shapes with the new sources first.
 */

declare module 'kafkajs/src/network/requestQueue/index.js' {
  interface QueuedRequest {
    readonly entry: {
      readonly apiKey: number;
      readonly apiName: string;
      readonly apiVersion: number;
      readonly correlationId: number;
      readonly resolve: (response: { readonly payload: Buffer }) => void;
      readonly reject: (reason: unknown) => void;
    };
    readonly expectResponse: boolean;
    readonly requestTimeout: number;
    readonly sendRequest: () => void;
  }
  class RequestQueue {
    constructor(options: {
      readonly maxInFlightRequests: number | null;
      readonly requestTimeout: number;
      readonly enforceRequestTimeout: boolean;
      readonly clientId: string;
      readonly broker: string;
      readonly logger: { readonly debug: () => void };
    });
    readonly pending: readonly unknown[];
    readonly throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    push(request: QueuedRequest): void;
    rejectAll(reason: unknown): void;
    maybeThrottle(throttleMs: number): void;
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
  }
  export = RequestQueue;
}

declare module 'kafkajs/src/loggers/index.js' {
  export interface Logger {
    readonly namespace: (name: string) => Logger;
  }
  export function createLogger(options: {
    readonly level: number;
    readonly logCreator: () => () => void;
  }): Logger;
}

declare module 'kafkajs/src/cluster/index.js' {
  import type { Socket } from 'node:net';
  import type { ConnectionOptions } from 'node:tls';
  import type { SASLOptions } from 'kafkajs';
  import type { Logger } from 'kafkajs/src/loggers/index.js';
  import type RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

  interface ProducerIdentity {
    readonly transactionalId: string;
    readonly producerId: string;
    readonly producerEpoch: number;
  }
  interface TopicOffsets {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }
  interface GroupMembership {
    readonly groupId: string;
    readonly memberId: string;
  }
  export interface Broker {
    readonly connectionPool: ConnectionPool;
    isConnected(): boolean;
    metadata(topics: readonly string[]): Promise<ClusterMetadata>;
    findGroupCoordinator(request: {
      readonly groupId: string;
      readonly coordinatorType: 0 | 1;
    }): Promise<{ readonly coordinator: { readonly nodeId: number } }>;
    addPartitionsToTxn(
      request: ProducerIdentity & {
        readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
      },
    ): Promise<unknown>;
    addOffsetsToTxn(request: ProducerIdentity & { readonly groupId: string }): Promise<unknown>;
    txnOffsetCommit(
      request: ProducerIdentity & { readonly groupId: string; readonly topics: readonly TopicOffsets[] },
    ): Promise<unknown>;
    endTxn(request: ProducerIdentity & { readonly transactionResult: boolean }): Promise<unknown>;
    listOffsets(request: {
      readonly replicaId: number;
      readonly isolationLevel: 0 | 1;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[];
      }[];
    }): Promise<{ readonly responses: readonly TopicOffsets[] }>;
    joinGroup(request: {
      readonly groupId: string;
      readonly memberId: string;
      readonly sessionTimeout: number;
      readonly rebalanceTimeout: number;
      readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
    }): Promise<{
      readonly generationId: number;
      readonly leaderId: string;
      readonly memberId: string;
      readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
    }>;
    syncGroup(
      request: GroupMembership & {
        readonly generationId: number;
        readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
      },
    ): Promise<{ readonly memberAssignment: Buffer }>;
    heartbeat(request: GroupMembership & { readonly groupGenerationId: number }): Promise<unknown>;
    leaveGroup(request: GroupMembership): Promise<unknown>;
  }
  export interface Connection {
    readonly clientId: string;
    readonly socket: Socket;
    readonly requestQueue: RequestQueue;
    isConnected(): boolean;
    authenticate(): Promise<void>;
    nextCorrelationId(): number;
  }
  interface ConnectionPool {
    readonly pool: readonly Connection[];
    getConnection(index: number): Promise<Connection>;
  }
  export interface ClusterMetadata {
    readonly clusterId: string;
    readonly brokers: readonly { readonly nodeId: number }[];
    readonly topicMetadata: readonly {
      readonly topic: string;
      readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
    }[];
  }
  class Cluster {
    readonly brokerPool: {
      readonly metadata: ClusterMetadata | null;
      readonly seedBroker: Broker | undefined;
      readonly brokers: Readonly<Record<string, Broker>>;
      findConnectedBroker(): Promise<Broker>;
    };
    constructor(options: {
      readonly logger: Logger;
      readonly brokers: readonly string[];
      readonly clientId: string;
      readonly ssl: ConnectionOptions | boolean | null;
      readonly sasl: SASLOptions | null;
      readonly socketFactory: unknown;
      readonly connectionTimeout: number;
      readonly authenticationTimeout: number;
      readonly reauthenticationThreshold: number;
      readonly requestTimeout: number;
      readonly enforceRequestTimeout: boolean;
      readonly metadataMaxAge: number;
      readonly retry: { readonly retries: number; readonly initialRetryTime: number };
      readonly allowAutoTopicCreation: boolean;
      readonly maxInFlightRequests: number | null;
      readonly isolationLevel: 0 | 1;
    });
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    refreshMetadata(): Promise<void>;
    findBroker(target: { readonly nodeId: number }): Promise<Broker>;
  }
  export = Cluster;
}
