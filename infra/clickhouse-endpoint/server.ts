/**
 * ClickHouse's HTTP interface in front of the embedded engine: what its JavaScript and Python clients, Grafana and curl
 * need, on loopback.
 *
 * 1. An answer is made whole before its first byte leaves, so a failure always has a status of its own.
 * 2. Everyone reads; only the writer, who has a password, changes anything. GET changes nothing for anyone.
 * 3. A request that names another host is refused: a web page must not reach this server through a name of its own.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Account, authenticate, type WriterCredentials } from './accounts.ts';
import { type Answer, sendAnswer, sendException } from './answer.ts';
import { readBody, readForm } from './body.ts';
import type { Engine, Run } from './engine.ts';
import { FAILURES, toException } from './exception.ts';
import { handshakeAnswer, isHandshake } from './grafana-handshake.ts';
import { checkFunctions, checkReadOnly, checkStatementCount } from './reader-rules.ts';
import { boundParameters, engineSettings } from './settings.ts';
import { tokensOf } from './sql-tokens.ts';
import { startsWithInsert, trailingFormat } from './statement.ts';

export interface ServerOptions {
  readonly engine: Engine;
  readonly writer: WriterCredentials;
  /** Told about failures that are not the client's doing. */
  readonly onUnexpected: (error: Error) => void;
}

const keepAliveTimeoutMs = 65_000;
const insertHeadCharacters = 256;
const outputFormatDefault = 'TabSeparated';
const localHosts: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

export function createEndpoint(options: ServerOptions): Server {
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
    void handle(options, request, response);
  });
  return server;
}

async function handle(
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { engine } = options;
  const url = new URL(request.url ?? '/', 'http://localhost');
  const queryId = url.searchParams.get('query_id') || randomUUID();
  try {
    checkHost(request);
    if (isGreeting(request, url)) return sendGreeting(request, response);
    if (url.pathname !== '/') return sendNotFound(response, url.pathname);
    const answer = await answerQuery(options, request, url.searchParams);
    await sendAnswer({ request, response, answer, queryId, timezone: engine.facts.timezone });
  } catch (error) {
    const exception = toException(error);
    if (exception.codeName === 'UNKNOWN_EXCEPTION') options.onUnexpected(exception);
    sendException({ request, response, exception, queryId, version: engine.facts.version });
  }
}

async function answerQuery(
  options: ServerOptions,
  request: IncomingMessage,
  url: URLSearchParams,
): Promise<Answer> {
  const { engine } = options;
  const account = authenticate(request.headers, url, options.writer);
  const statement = await readStatement(request, url, account);
  if (isHandshake(statement.toString('utf8', 0, insertHeadCharacters), url)) {
    const { version, timezone } = engine.facts;
    return { format: 'Native', bytes: handshakeAnswer({ displayName: 'embedded', version, timezone }) };
  }
  const rights = await rightsFor({ engine, account, statement, isGet: request.method !== 'POST' });
  const fallback =
    headerText(request, 'x-clickhouse-format') || url.get('default_format') || outputFormatDefault;
  const run: Run = {
    statement,
    format: fallback,
    database: headerText(request, 'x-clickhouse-database') || url.get('database') || '',
    settings: engineSettings(url, account, engine.facts.settingNames),
    parameters: boundParameters(url),
    ...rights,
  };
  const result = await engine.run(run);
  return { format: outputFormat(run), bytes: result.bytes, result };
}

/** The statement may be in the URL, in the body, or begin in the one and go on in the other. */
async function readStatement(
  request: IncomingMessage,
  url: URLSearchParams,
  account: Account,
): Promise<Buffer> {
  for (const name of ['compress', 'decompress']) {
    if (url.get(name) === '1') {
      throw FAILURES.unknownCompression(
        `ClickHouse's own block compression (${name}=1) is not supported: use HTTP's encodings.`,
      );
    }
  }
  const body = await readBody(request, account);
  const contentType = request.headers['content-type'] ?? '';
  const isForm = contentType.startsWith('multipart/form-data');
  if (isForm) await readForm(body, contentType, url);
  const fromUrl = Buffer.from(url.get('query') ?? '', 'utf8');
  const rest = isForm ? Buffer.alloc(0) : body;
  const statement =
    fromUrl.length > 0 && rest.length > 0
      ? Buffer.concat([fromUrl, Buffer.from('\n'), rest])
      : fromUrl.length > 0
        ? fromUrl
        : rest;
  if (statement.length === 0) throw FAILURES.syntaxError('Syntax error: Empty query');
  return statement;
}

interface AccessQuestion {
  readonly engine: Engine;
  readonly account: Account;
  readonly statement: Buffer;
  readonly isGet: boolean;
}

type Rights = Pick<Run, 'access' | 'lock'>;

/** Refuses what an account may not ask, and says how the engine is to be locked for the rest. */
async function rightsFor({ engine, account, statement, isGet }: AccessQuestion): Promise<Rights> {
  const beginning = tokensOf(statement.toString('utf8', 0, insertHeadCharacters));
  if (startsWithInsert(beginning)) {
    if (account.mayWrite && !isGet) return { access: 'write', lock: 'none' };
    throw FAILURES.readOnly(`${account.name}: Cannot execute query in readonly mode.`);
  }
  const sql = statement.toString('utf8');
  const analysis = await engine.analyze(sql);
  checkStatementCount(analysis);
  if (!analysis.isKnown) await engine.canonical(sql);
  if (!account.mayWrite || isGet) checkReadOnly(account.name, analysis);
  if (account.mayWrite) {
    return { access: analysis.isRead ? 'read' : 'write', lock: isGet ? 'readOnlyWithSettings' : 'none' };
  }
  const canonical = await engine.canonical(sql);
  checkFunctions({ user: account.name, canonical, tableFunctions: engine.facts.tableFunctions });
  return { access: 'read', lock: 'readOnly' };
}

function outputFormat({ statement, format, access }: Run): string {
  return access === 'write' ? format : (trailingFormat(tokensOf(statement.toString('utf8'))) ?? format);
}

function checkHost(request: IncomingMessage): void {
  const host = (request.headers.host ?? 'localhost').replace(/:\d+$/, '').toLowerCase();
  if (!localHosts.has(host))
    throw FAILURES.accessDenied(`This server answers on loopback only, not as "${host}".`);
}

function isGreeting(request: IncomingMessage, url: URL): boolean {
  const withoutBody = request.method === 'GET' || request.method === 'HEAD';
  return (
    withoutBody && (url.pathname === '/ping' || (url.pathname === '/' && !url.searchParams.has('query')))
  );
}

function sendGreeting(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=UTF-8' });
  response.end(request.method === 'HEAD' ? undefined : 'Ok.\n');
}

function sendNotFound(response: ServerResponse, path: string): void {
  response.writeHead(404, { 'content-type': 'text/plain; charset=UTF-8' });
  response.end(`There is no handle ${path}. Use / or /ping.\n`);
}

function headerText(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  if (Array.isArray(value)) throw FAILURES.badArguments(`The header ${name} is given more than once.`);
  return value ?? '';
}
