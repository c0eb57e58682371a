/**
 * Job: the requests of a trace file, in the order of the file; the format is told by the content.
 *
 * Boundary: what a request means for an account is decided in `trace-usage.ts`.
 */
import { azureCsv } from './azure-csv.ts';
import { mooncakeJsonl } from './mooncake-jsonl.ts';
import { TraceError, traceLines } from './trace-lines.ts';
import type { TraceFormat, TraceRequest } from './trace-request.ts';

const FORMATS: readonly TraceFormat[] = [azureCsv, mooncakeJsonl];

export async function* traceRequests(path: string): AsyncGenerator<TraceRequest> {
  let parse: ((line: string) => TraceRequest | null) | null = null;
  for await (const { number, text } of traceLines(path)) {
    parse ??= formatOf(path, text).parser();
    const request = parsed(parse, { path, number, text });
    if (request !== null) yield request;
  }
  if (parse === null) throw new TraceError(path, null, 'the file is empty');
}

function formatOf(path: string, firstLine: string): TraceFormat {
  const format = FORMATS.find((candidate) => candidate.recognises(firstLine));
  if (format !== undefined) return format;
  const known = FORMATS.map(({ name }) => name).join(', ');
  throw new TraceError(path, 1, `${JSON.stringify(firstLine.slice(0, 60))} begins none of: ${known}`);
}

function parsed(
  parse: (line: string) => TraceRequest | null,
  line: { readonly path: string; readonly number: number; readonly text: string },
): TraceRequest | null {
  try {
    return parse(line.text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TraceError(line.path, line.number, reason, { cause });
  }
}
