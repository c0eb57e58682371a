/**
 * Job: put the gateway's HTTP server together.
 *
 * Boundary: everything that differs between a test and production comes in as a port: publisher, clock, keys, verifier.
 * Nothing here listens, reads the environment, or knows Kafka.
 *
 * Invariants:
 *  1. Every path that takes records is closed without a key; health and metrics say nothing about customers and are open.
 *  2. Every answer but 202 has the body of an `HttpProblem`, whoever produced the error.
 *  3. The raw bytes of a body are kept until its signature was checked.
 */
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Instant } from '../../schemas/instant.ts';
import { ApiKeys } from './api-keys.ts';
import { ENDPOINTS, type Endpoint } from './endpoints.ts';
import { HttpProblem } from './http-problem.ts';
import { GatewayMetrics } from './metrics.ts';
import type { PaymentVerifier } from './payment-verifier.ts';
import type { MediaType } from './read-items.ts';
import { type Answer, type PublishPort, type Submission, submit } from './submit.ts';

export interface GatewayOptions {
  readonly publisher: PublishPort;
  readonly now: () => Instant;
  readonly keys: readonly string[];
  readonly verifier: PaymentVerifier;
  /** Whether the log answers; asked by /readyz. */
  readonly isReady?: () => Promise<boolean>;
  readonly logger?: FastifyBaseLogger;
}

export const BODY_BYTES_MAX = 5 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;

const MEDIA_TYPES: ReadonlyMap<string, MediaType> = new Map<string, MediaType>([
  ['application/json', 'json'],
  ['application/cloudevents+json', 'cloud-event'],
  ['application/cloudevents-batch+json', 'cloud-event-batch'],
]);

/** Errors of the server itself, by its code. */
const SERVER_PROBLEMS: ReadonlyMap<string, () => HttpProblem> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', () => new HttpProblem('payload_too_large', 'the body is above 5 MB')],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', () => new HttpProblem('media_type_unsupported', 'no such media type')],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    () => new HttpProblem('json_malformed', 'the body has another length'),
  ],
]);

export function buildGateway(options: GatewayOptions): FastifyInstance {
  const app: FastifyInstance = fastify({
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: 'idle',
    // While stopping, what still arrives on open connections is served like the rest.
    return503OnClosing: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    logController: new LogController({ disableRequestLogging: true }),
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
  });
  const metrics = new GatewayMetrics(() => options.publisher.held);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([...MEDIA_TYPES.keys()], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  addErrors(app);
  app.addHook('onResponse', async (request, reply) => {
    metrics.answered(request.routeOptions.url ?? 'unknown', reply.statusCode);
  });
  addOpenPaths(app, options, metrics);
  const keys = new ApiKeys(options.keys);
  for (const endpoint of ENDPOINTS) {
    app.post(endpoint.path, {
      onRequest: async (request) => keys.check(request.headers),
      handler: async (request, reply) => {
        reply.code(202);
        return take({ endpoint, request, options, metrics });
      },
    });
  }
  return app;
}

interface Taken {
  readonly endpoint: Endpoint;
  readonly request: FastifyRequest;
  readonly options: GatewayOptions;
  readonly metrics: GatewayMetrics;
}

async function take({ endpoint, request, options, metrics }: Taken): Promise<Answer> {
  const submission: Submission = {
    endpoint,
    body: bodyOf(request),
    mediaType: mediaTypeOf(endpoint, request),
    receivedAt: options.now(),
  };
  if (endpoint.isConfirmed) await confirm(submission, request, options.verifier);
  try {
    const answer = await submit(submission, options.publisher);
    metrics.accepted(endpoint.topic, answer.accepted, options.now() - submission.receivedAt);
    metrics.refused(
      endpoint.topic,
      answer.rejected.map(({ code }) => code),
    );
    return answer;
  } catch (error) {
    if (error instanceof HttpProblem)
      metrics.refused(
        endpoint.topic,
        error.details.map(({ code }) => code),
      );
    throw error;
  }
}

async function confirm(
  { body }: Submission,
  { headers }: FastifyRequest,
  verifier: PaymentVerifier,
): Promise<void> {
  const verdict = await verifier.verify({ rawBody: body, headers }).catch((cause: unknown) => {
    throw new HttpProblem('unavailable', 'the payment provider cannot be asked', { cause });
  });
  if (verdict === 'confirmed') return;
  throw new HttpProblem(verdict, 'the payment signature is missing or wrong; nothing was recorded');
}

function bodyOf({ body, headers }: FastifyRequest): Buffer {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new HttpProblem('media_type_unsupported', `the body is encoded as ${encoding}`);
  if (Buffer.isBuffer(body) && body.length > 0) return body;
  throw new HttpProblem('json_malformed', 'the body is empty');
}

function mediaTypeOf(endpoint: Endpoint, { headers }: FastifyRequest): MediaType {
  const name = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const mediaType = MEDIA_TYPES.get(name);
  if (mediaType !== undefined && endpoint.mediaTypes.includes(mediaType)) return mediaType;
  throw new HttpProblem('media_type_unsupported', `${endpoint.path} does not take ${name}`);
}

function addOpenPaths(app: FastifyInstance, options: GatewayOptions, metrics: GatewayMetrics): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => {
    if ((await options.isReady?.()) ?? true) return { status: 'ready' };
    throw new HttpProblem('unavailable', 'the log does not answer');
  });
  app.get('/metrics', async (_request, reply) => {
    reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
}

function addErrors(app: FastifyInstance): void {
  app.setNotFoundHandler(async (request) => {
    throw new HttpProblem('not_found', `there is no ${request.method} ${request.url.slice(0, 200)}`);
  });
  app.setErrorHandler(async (error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'request failed');
    return reply.code(problem.status).headers(problem.headers).send(problem.body);
  });
}

function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return (
    SERVER_PROBLEMS.get(code)?.() ??
    new HttpProblem('internal', 'something went wrong here', { cause: error })
  );
}
