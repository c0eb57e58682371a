/**
 * Job: turn whatever the broker, the socket or kafkajs raises into one `LogError`.
 *
 * Boundary: the one table of what an error means to our callers; nobody else looks at codes or names.
 *
 * Invariants:
 *  1. An error that is not in the table is fatal: a retry is never guessed.
 *  2. A `LogError` passes through unchanged.
 */

import { LogError, type LogErrorKind } from './log.ts';

/** Code as on the wire, name as in the protocol, meaning to us. */
const table: readonly (readonly [code: number, name: string, kind: LogErrorKind])[] = [
  [-1, 'UNKNOWN_SERVER_ERROR', 'retriable'],
  [1, 'OFFSET_OUT_OF_RANGE', 'out_of_range'],
  [2, 'CORRUPT_MESSAGE', 'retriable'],
  [3, 'UNKNOWN_TOPIC_OR_PARTITION', 'fatal'],
  [5, 'LEADER_NOT_AVAILABLE', 'retriable'],
  [6, 'NOT_LEADER_FOR_PARTITION', 'retriable'],
  [7, 'REQUEST_TIMED_OUT', 'retriable'],
  [8, 'BROKER_NOT_AVAILABLE', 'retriable'],
  [9, 'REPLICA_NOT_AVAILABLE', 'retriable'],
  [10, 'MESSAGE_TOO_LARGE', 'fatal'],
  [13, 'NETWORK_EXCEPTION', 'retriable'],
  [14, 'GROUP_LOAD_IN_PROGRESS', 'retriable'],
  [15, 'GROUP_COORDINATOR_NOT_AVAILABLE', 'retriable'],
  [16, 'NOT_COORDINATOR_FOR_GROUP', 'retriable'],
  [18, 'RECORD_LIST_TOO_LARGE', 'fatal'],
  [19, 'NOT_ENOUGH_REPLICAS', 'retriable'],
  [20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'retriable'],
  [22, 'ILLEGAL_GENERATION', 'retriable'],
  [25, 'UNKNOWN_MEMBER_ID', 'retriable'],
  [27, 'REBALANCE_IN_PROGRESS', 'retriable'],
  [31, 'CLUSTER_AUTHORIZATION_FAILED', 'fatal'],
  [41, 'NOT_CONTROLLER', 'retriable'],
  [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'retriable'],
  [47, 'INVALID_PRODUCER_EPOCH', 'fenced'],
  [48, 'INVALID_TXN_STATE', 'retriable'],
  [49, 'INVALID_PRODUCER_ID_MAPPING', 'retriable'],
  [51, 'CONCURRENT_TRANSACTIONS', 'retriable'],
  [52, 'TRANSACTION_COORDINATOR_FENCED', 'retriable'],
  [56, 'KAFKA_STORAGE_ERROR', 'retriable'],
  [59, 'UNKNOWN_PRODUCER_ID', 'retriable'],
  [74, 'FENCED_LEADER_EPOCH', 'retriable'],
  [75, 'UNKNOWN_LEADER_EPOCH', 'retriable'],
  [78, 'OFFSET_NOT_AVAILABLE', 'retriable'],
  [88, 'UNSTABLE_OFFSET_COMMIT', 'retriable'],
  [89, 'THROTTLING_QUOTA_EXCEEDED', 'retriable'],
  [90, 'PRODUCER_FENCED', 'fenced'],
  [120, 'TRANSACTION_ABORTABLE', 'retriable'],
];

/** The reply did not come: the request may or may not have been carried out. */
const lostNames: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSLockTimeout',
]);

/** What the client knows of the cluster is too old; asking again mends it. */
const staleNames: ReadonlySet<string> = new Set([
  'KafkaJSBrokerNotFound',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSGroupCoordinatorNotFound',
]);

const codesOfStaleLeader: ReadonlySet<number> = new Set([3, 5, 6, 9, 56, 74, 75, 78]);
const byCode = new Map(table.map(([code, name, kind]) => [code, { name, kind }]));
const byName = new Map(table.map(([, name, kind]) => [name, kind]));
/** What kafkajs calls otherwise. */
const protocolNames: ReadonlyMap<string, string> = new Map([['UNKNOWN', 'UNKNOWN_SERVER_ERROR']]);

/** Lost replies carry this code, so that a commit can tell them from refusals. */
export const lostReplyCode = 'NETWORK_EXCEPTION';

/** A broker that failed, or gave up waiting, in the middle of it may have carried it out as well. */
const openOutcomes: ReadonlySet<string> = new Set([
  lostReplyCode,
  'REQUEST_TIMED_OUT',
  'UNKNOWN_SERVER_ERROR',
]);

/** True when the request may have been carried out though it was answered by this error, or not at all. */
export function isOutcomeOpen({ code }: LogError): boolean {
  return openOutcomes.has(code);
}

export function errorOfCode(code: number, place: string): LogError {
  const known = byCode.get(code);
  return new LogError(known?.kind ?? 'fatal', known?.name ?? `KAFKA_ERROR_${code}`, place);
}

/** True when the answer says that another broker leads the partition now, or none yet. */
export function isStaleLeader(code: number): boolean {
  return codesOfStaleLeader.has(code);
}

export function classify(error: unknown, place: string): LogError {
  if (error instanceof LogError) return error;
  if (!(error instanceof Error)) return new LogError('fatal', 'UNKNOWN', place, { cause: error });
  if (lostNames.has(error.name)) return new LogError('retriable', lostReplyCode, place, { cause: error });
  if (staleNames.has(error.name)) return new LogError('retriable', 'STALE_METADATA', place, { cause: error });
  const type = 'type' in error && typeof error.type === 'string' ? error.type : null;
  const name = type === null ? null : (protocolNames.get(type) ?? type);
  const kind = name === null ? undefined : byName.get(name);
  if (name !== null && kind !== undefined) return new LogError(kind, name, place, { cause: error });
  if (error.cause instanceof Error) return classify(error.cause, place);
  return new LogError('fatal', name ?? error.name, `${place}: ${error.message}`, { cause: error });
}

export interface RetryOptions {
  readonly place: string;
  readonly attemptsMax: number;
  readonly pauseMs: number;
  /** Which errors are worth another attempt; those of kind `retriable` when absent. */
  readonly again?: (error: LogError) => boolean;
}

/** Runs the attempt until it succeeds, an error is not worth another, or the attempts are used up. */
export async function retrying<T>(options: RetryOptions, attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = classify(thrown, options.place);
      const again = options.again === undefined ? error.kind === 'retriable' : options.again(error);
      if (!again || count >= options.attemptsMax) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
  }
}
