/**
 * The gateway process: environment, clock and signals in, one line with the port out.
 *
 * Stopping: no new connections, requests under way are answered, what they wrote is acknowledged, then the log is left.
 */
import pino, { type Logger } from 'pino';
import { instantOfMillis } from '../../schemas/instant.ts';
import { connectSchemaDirectory } from '../../schemas/schema-directory-registry.ts';
import type { Log } from '../../topology/log.ts';
import { openKafkaLog } from '../../topology/log-kafka.ts';
import { serveProcess } from '../../topology/process.ts';
import { Publisher } from '../../topology/publisher.ts';
import { subjectsOfTopics } from '../../topology/subjects.ts';
import { buildGateway } from './app.ts';
import { ENDPOINTS } from './endpoints.ts';
import { SharedSecretVerifier } from './payment-verifier.ts';
import { type GatewaySettings, parseGatewaySettings } from './settings.ts';

const REQUEST_TIMEOUT_MS = 10_000;
const READY_TIMEOUT_MS = 1_000;

async function start(settings: GatewaySettings, logger: Logger): Promise<() => Promise<void>> {
  const log = openKafkaLog({
    brokers: settings.KAFKA_BROKERS.split(','),
    clientId: 'ledger-gateway',
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  });
  const subjects = subjectsOfTopics(ENDPOINTS.map(({ topic }) => topic));
  const publisher = await Publisher.open({
    log,
    directory: await connectSchemaDirectory(settings.SCHEMA_REGISTRY_URL, subjects),
    source: '/outcome-ledger/gateway',
    transactionalId: 'gateway-reference-data',
    transactor: 'per_call',
  });
  const app = buildGateway({
    publisher,
    now: () => instantOfMillis(Date.now()),
    keys: settings.GATEWAY_API_KEYS,
    verifier: new SharedSecretVerifier(settings.PAYMENT_WEBHOOK_SECRET),
    isReady: () => answers(log),
    logger,
  });
  await app.listen({ host: settings.GATEWAY_HOST, port: settings.GATEWAY_PORT });
  const address = app.server.address();
  const port = address !== null && typeof address === 'object' ? address.port : settings.GATEWAY_PORT;
  logger.info({ host: settings.GATEWAY_HOST, port, ready: true }, 'listening');
  return async () => {
    await app.close();
    await publisher.close();
    await log.close();
  };
}

async function answers(log: Log): Promise<boolean> {
  const timeout = AbortSignal.timeout(READY_TIMEOUT_MS);
  const late = new Promise<false>((resolve) => timeout.addEventListener('abort', () => resolve(false)));
  const count = log.partitionCount('usage-events').then(
    () => true,
    () => false,
  );
  return Promise.race([count, late]);
}

const logger = pino({ base: { service: 'gateway' }, level: process.env['LOG_LEVEL'] ?? 'info' });
await serveProcess(logger, () => start(parseGatewaySettings(process.env), logger), process);
