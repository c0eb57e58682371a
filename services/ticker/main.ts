/** The ticker process: environment, clock and signals in. It ends with an error when another ticker takes over. */
import { setTimeout as sleep } from 'node:timers/promises';
import pino, { type Logger } from 'pino';
import { instantOfMillis } from '../../schemas/instant.ts';
import { connectSchemaDirectory } from '../../schemas/schema-directory-registry.ts';
import { openKafkaLog } from '../../topology/log-kafka.ts';
import { subjectsOfTopics } from '../../topology/subjects.ts';
import { tickUntil } from './run.ts';
import { parseTickerSettings, type TickerSettings } from './settings.ts';
import { Ticker } from './ticker.ts';

const REQUEST_TIMEOUT_MS = 10_000;

async function run(
  settings: TickerSettings,
  logger: Logger,
  signal: AbortSignal,
): Promise<'stopped' | 'fenced'> {
  const log = openKafkaLog({
    brokers: settings.KAFKA_BROKERS.split(','),
    clientId: 'ledger-ticker',
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  });
  try {
    const subjects = subjectsOfTopics(['clock-ticks']);
    const directory = await connectSchemaDirectory(settings.SCHEMA_REGISTRY_URL, subjects);
    const ticker = await Ticker.open({ log, directory });
    logger.info({ last: ticker.last, intervalMs: settings.TICK_INTERVAL_MS, ready: true }, 'ticking');
    const end = await tickUntil(
      ticker,
      {
        now: () => instantOfMillis(Date.now()),
        pause: (stop) => sleep(settings.TICK_INTERVAL_MS, undefined, { signal: stop }).catch(() => undefined),
        onTrouble: (error) => logger.warn({ err: error }, 'tick failed'),
      },
      signal,
    );
    await ticker.close();
    return end;
  } finally {
    await log.close();
  }
}

async function main(): Promise<void> {
  const logger = pino({ base: { service: 'ticker' } });
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGTERM', stop).once('SIGINT', stop);
  try {
    const settings = parseTickerSettings(process.env);
    logger.level = settings.LOG_LEVEL;
    const end = await run(settings, logger, stopping.signal);
    if (end === 'fenced') throw new Error('another ticker has taken over');
    logger.info('stopped');
  } catch (error) {
    logger.fatal({ err: error }, 'the ticker ended');
    process.exitCode = 1;
  }
}

await main();
