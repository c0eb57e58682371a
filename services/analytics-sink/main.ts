/**
 * The analytics sink as a process: connect, run until SIGTERM or SIGINT, exit non-zero with one clear line on failure.
 *
 * A parent that goes away takes the sink with it: the launcher keeps the child's standard input open, and its end is
 * taken as a wish to stop. The line `"ready":true` on standard output says that reading has begun.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import pino, { type Logger } from 'pino';
import { connectSchemaDirectory } from '../../schemas/schema-directory-registry.ts';
import { openKafkaLog } from '../../topology/log-kafka.ts';
import { limitsOf, parseEnvironment, type SinkEnvironment } from './environment.ts';
import { routesOf } from './routes.ts';
import { runSink, type SinkObserver } from './sink.ts';
import { ClickHouseStore } from './store-clickhouse.ts';

const REQUEST_TIMEOUT_MS = 30_000;
/** Below the idle time after which ClickHouse closes a connection, so that none is used as it closes. */
const IDLE_SOCKET_MS = 2_500;

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

function observerOf(logger: Logger): SinkObserver {
  return {
    onReady: (lanes) => logger.info({ lanes, ready: true }, 'ready'),
    onInserted({ route, partition, firstOffset, lastOffset, records, rows }, tookMs) {
      const range = { topic: route.topic, partition, firstOffset, lastOffset };
      logger.debug({ ...range, records, rows, tookMs: Math.round(tookMs) }, 'inserted');
    },
    onTrouble: (what, error) => logger.warn({ err: error }, `trouble while ${what}, trying again`),
  };
}

async function run(env: SinkEnvironment, logger: Logger, signal: AbortSignal): Promise<void> {
  const client = createClient({
    url: env.CLICKHOUSE_URL,
    username: env.CLICKHOUSE_USER,
    password: env.CLICKHOUSE_PASSWORD,
    database: env.CLICKHOUSE_DATABASE,
    request_timeout: REQUEST_TIMEOUT_MS,
    // Every failure comes back as an error and is logged once, by us.
    log: { level: ClickHouseLogLevel.OFF },
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS },
  });
  const log = openKafkaLog({
    brokers: env.KAFKA_BROKERS.split(','),
    clientId: 'ledger-analytics-sink',
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  });
  const nowMs = (): number => performance.now();
  const store = new ClickHouseStore({ client, sinkId: randomUUID(), pause, nowMs });
  try {
    const directory = await connectSchemaDirectory(env.SCHEMA_REGISTRY_URL, []);
    const routes = routesOf(directory);
    const observer = observerOf(logger);
    await runSink({ log, store, directory, routes, limits: limitsOf(env), nowMs, pause, observer }, signal);
    logger.info('stopped');
  } finally {
    await store.close();
    await log.close();
  }
}

const stopping = new AbortController();
const stop = (): void => stopping.abort();
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
const logger = pino({ base: { service: 'analytics-sink' }, level: process.env['LOG_LEVEL'] ?? 'info' });
try {
  await run(parseEnvironment(process.env), logger, stopping.signal);
} catch (error) {
  logger.fatal({ err: error }, 'the service ended');
  process.exitCode = 1;
}
