/** Starts the endpoint from its environment and ends it in order: no new requests, then the running ones, then the engine. */
import { pino } from 'pino';
import { z } from 'zod';
import { Engine } from './engine.ts';
import { createEndpoint } from './server.ts';

const loopback = '127.0.0.1';

const environmentSchema = z.object({
  ENDPOINT_DATA_DIR: z.string().min(1),
  ENDPOINT_PORT: z.coerce.number().int().min(1).max(65_535),
  ENDPOINT_WRITER_NAME: z.string().min(1),
  ENDPOINT_WRITER_PASSWORD: z.string().min(16),
});

const environment = environmentSchema.parse(process.env);
const log = pino({ name: 'clickhouse-endpoint' });
const engine = await Engine.open(environment.ENDPOINT_DATA_DIR);
const server = createEndpoint({
  engine,
  writer: { username: environment.ENDPOINT_WRITER_NAME, password: environment.ENDPOINT_WRITER_PASSWORD },
  onUnexpected: (error) => log.error({ err: error }, 'a query failed in a way the engine has no number for'),
});

async function shutDown(): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  await closed;
  await engine.close();
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void shutDown().then(() => process.exit(0));
  });
}

server.listen(environment.ENDPOINT_PORT, loopback, () => {
  log.info({ port: environment.ENDPOINT_PORT, version: engine.facts.version }, 'the endpoint listens');
});
