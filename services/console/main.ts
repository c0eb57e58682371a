/** The console process: environment and signals in, one line with the port out. ClickHouse may come and go meanwhile. */
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import pino, { type Logger } from 'pino';
import { serveProcess } from '../../topology/process.ts';
import { buildConsole } from './app.ts';
import { proofFile } from './proof-file.ts';
import { clickhouseQueryPort } from './query-port-clickhouse.ts';
import { type ConsoleSettings, parseConsoleSettings } from './settings.ts';

const QUERY_TIMEOUT_MS = 15_000;
const CONNECTIONS_MAX = 4;
/** Below the idle time after which ClickHouse closes a connection, so that none is used as it closes. */
const IDLE_SOCKET_MS = 2_500;

async function start(settings: ConsoleSettings, logger: Logger): Promise<() => Promise<void>> {
  const client = createClient({
    url: settings.CLICKHOUSE_URL,
    database: settings.CLICKHOUSE_DATABASE,
    ...(settings.CLICKHOUSE_USER === undefined ? {} : { username: settings.CLICKHOUSE_USER }),
    ...(settings.CLICKHOUSE_PASSWORD === undefined ? {} : { password: settings.CLICKHOUSE_PASSWORD }),
    application: 'ledger-console',
    request_timeout: QUERY_TIMEOUT_MS,
    max_open_connections: CONNECTIONS_MAX,
    // Every failure comes back as an error and is logged once, by us.
    log: { level: ClickHouseLogLevel.OFF },
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_MS },
  });
  const app = buildConsole({
    queries: clickhouseQueryPort(client),
    proof: proofFile(settings.LEDGER_PROOF_FILE),
    hostNames: settings.CONSOLE_HOST_NAMES,
    logger,
  });
  const { CONSOLE_HOST: host, CONSOLE_PORT: wanted } = settings;
  await app.listen({ host, port: wanted });
  const address = app.server.address();
  const port = address !== null && typeof address === 'object' ? address.port : wanted;
  logger.info({ host, port, ready: true }, 'listening');
  return async () => {
    await app.close();
    await client.close();
  };
}

const logger = pino({ base: { service: 'console' }, level: process.env['LOG_LEVEL'] ?? 'info' });
await serveProcess(logger, () => start(parseConsoleSettings(process.env), logger), process);
