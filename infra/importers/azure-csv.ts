/**
 * The Azure LLM inference traces of 2023: `TIMESTAMP,ContextTokens,GeneratedTokens`, time without a zone in steps of
 * 100 ns. Times are taken as UTC, which changes nothing, because only differences are used.
 */
import { parseInstant } from '../../schemas/instant.ts';
import type { TraceFormat, TraceRequest } from './trace-request.ts';

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens';
const ROW = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,7})?),(\d{1,9}),(\d{1,9})$/;

export const azureCsv: TraceFormat = {
  name: 'Azure LLM inference trace (CSV)',
  recognises: (firstLine) => withoutMark(firstLine) === HEADER,
  parser: () => (line) => (withoutMark(line) === HEADER ? null : parseRow(line)),
};

function parseRow(line: string): TraceRequest {
  const [, date, time, input, output] = ROW.exec(line) ?? [];
  if (date === undefined || time === undefined || input === undefined || output === undefined) {
    throw new Error('expected TIMESTAMP,ContextTokens,GeneratedTokens as 2023-11-16 18:15:46.6805900,374,44');
  }
  return {
    arrivedMs: parseInstant(`${date}T${time}Z`),
    inputTokens: Number(input),
    outputTokens: Number(output),
    cachedTokens: null,
  };
}

/** Some tools put a byte order mark before the header. */
function withoutMark(line: string): string {
  return line.startsWith('\ufeff') ? line.slice(1) : line;
}
