/** Writes answers and exceptions with the headers ClickHouse's clients read. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { RunResult } from './engine.ts';
import { type ClickhouseException, exceptionBody, httpStatus } from './exception.ts';

export interface Answer {
  readonly format: string;
  readonly bytes: Uint8Array;
  readonly result?: RunResult;
}

interface AnswerDelivery {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly answer: Answer;
  readonly queryId: string;
  readonly timezone: string;
}

interface ExceptionDelivery {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly exception: ClickhouseException;
  readonly queryId: string;
  readonly version: string;
}

const compressedBytesMin = 1024;
const nanosecondsPerSecond = 1e9;

export async function sendAnswer(delivery: AnswerDelivery): Promise<void> {
  const { request, response, answer, queryId, timezone } = delivery;
  const packed = wantsGzip(request) && answer.bytes.length >= compressedBytesMin;
  const body = packed ? await promisify(gzip)(answer.bytes) : answer.bytes;
  response.writeHead(200, {
    'content-type': contentType(answer.format),
    'content-length': body.length,
    'x-clickhouse-query-id': queryId,
    'x-clickhouse-format': answer.format,
    'x-clickhouse-timezone': timezone,
    'x-clickhouse-summary': summary(answer.result),
    ...(packed ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** The rest of a body that was refused is not read: the connection ends with the answer. */
export function sendException({ request, response, exception, queryId, version }: ExceptionDelivery): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const unread = !request.complete;
  response.writeHead(httpStatus(exception.code), {
    'content-type': 'text/plain; charset=UTF-8',
    'x-clickhouse-query-id': queryId,
    'x-clickhouse-exception-code': String(exception.code),
    ...(unread ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : exceptionBody(exception, version));
}

/** As a server does, only when the client says in the URL that compressed answers are welcome. */
function wantsGzip(request: IncomingMessage): boolean {
  const offered = /\bgzip\b/i.test(String(request.headers['accept-encoding'] ?? ''));
  return offered && /[?&]enable_http_compression=(1|true)\b/.test(request.url ?? '');
}

/** The media type of an output format, as ClickHouse names it. */
export function contentType(format: string): string {
  if (format.startsWith('JSON') && format.endsWith('EachRow')) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (/^(TSV|TabSeparated)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8';
  if (/^(Native|RowBinary|Parquet|Arrow)/.test(format)) return 'application/octet-stream';
  return 'text/plain; charset=UTF-8';
}

function summary(result: RunResult | undefined): string {
  const elapsedNs = Math.max(1, Math.round((result?.elapsedSeconds ?? 0) * nanosecondsPerSecond));
  return JSON.stringify({
    read_rows: String(result?.rowsRead ?? 0),
    read_bytes: String(result?.bytesRead ?? 0),
    written_rows: String(result?.rowsWritten ?? 0),
    written_bytes: String(result?.bytesWritten ?? 0),
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: String(result?.bytes.length ?? 0),
    elapsed_ns: String(elapsedNs),
  });
}
