/**
 * Job: put the console's HTTP server together: the files of the page, and the JSON it is fed with.
 *
 * Boundary: where the rows and the proof come from are ports. Nothing here listens or reads the environment.
 *
 * Invariants:
 *  1. Only GET and HEAD are answered; nothing that is asked for changes anything.
 *  2. Every answer under /api is JSON: the rows, or an error with a stable code and a way out.
 *  3. The page may load from this server only and runs no inline script, whatever stands in the data.
 *  4. A web page of another site cannot read the console through a name of its own that points to this machine.
 */
import { isIP } from 'node:net';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { ENDPOINTS, type Sources } from './endpoints.ts';
import { pageFiles } from './page-files.ts';
import { Problem } from './problem.ts';
import { QueryFailure } from './query-port.ts';

export interface ConsoleOptions extends Sources {
  /** Host names beside addresses and localhost under which the console may be opened. */
  readonly hostNames?: readonly string[];
  readonly logger?: FastifyBaseLogger;
}

const REQUEST_TIMEOUT_MS = 30_000;
const TARGET_SHOWN_MAX = 200;

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

export function buildConsole(options: ConsoleOptions): FastifyInstance {
  const app: FastifyInstance = fastify({
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    logController: new LogController({ disableRequestLogging: true }),
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
  });
  addErrors(app);
  addGuards(app, options.hostNames ?? []);
  for (const { path, type, body } of pageFiles()) {
    app.get(path, async (_request, reply) => reply.type(type).header('cache-control', 'no-cache').send(body));
  }
  for (const { path, answer } of ENDPOINTS) {
    app.get(path, async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return answer(request.query, options);
    });
  }
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => {
    await options.queries.newestDay();
    return { status: 'ready' };
  });
  return app;
}

function addGuards(app: FastifyInstance, hostNames: readonly string[]): void {
  const names = new Set(['localhost', ...hostNames]);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    const host = request.hostname.replace(/^\[(.*)\]$/, '$1');
    if (names.has(host) || isIP(host) !== 0) return;
    throw new Problem('host_refused', 'the console is not served under this name');
  });
}

function addErrors(app: FastifyInstance): void {
  app.setNotFoundHandler(async (request) => {
    throw new Problem('not_found', `there is no ${request.method} ${request.url.slice(0, TARGET_SHOWN_MAX)}`);
  });
  app.setErrorHandler(async (error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500)
      request.log.warn({ err: error, code: problem.code }, 'a question had no answer');
    return reply
      .code(problem.status)
      .headers({ ...problem.headers, 'cache-control': 'no-store' })
      .send(problem.body);
  });
}

const TROUBLE_MESSAGES = {
  analytics_unavailable: 'ClickHouse does not answer',
  analytics_not_ready: 'ClickHouse does not have the tables yet',
  analytics_denied: 'ClickHouse refuses this user',
  analytics_too_heavy: 'ClickHouse could not finish this question within its limits',
  analytics_failed: 'ClickHouse could not answer this question',
} as const;

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof QueryFailure)
    return new Problem(error.trouble, TROUBLE_MESSAGES[error.trouble], { cause: error });
  return new Problem('internal', 'something went wrong here', { cause: error });
}
