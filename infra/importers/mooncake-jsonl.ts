/**
 * The Mooncake request traces: one JSON object a line, with the ids of the 512-token blocks of each prompt.
 *
 * An id stands for a block and all that comes before it. So the longest run of leading ids that an earlier request had
 * is what a prefix cache would have served.
 */
import { z } from 'zod';
import { parseJsonExact } from '../../schemas/json-exact.ts';
import { ValueError } from '../../schemas/value-error.ts';
import type { TraceFormat, TraceRequest } from './trace-request.ts';

const BLOCK_TOKENS = 512;

const count = z.number({ error: 'expected a whole number' }).int().min(0);

const Row = z.object({
  timestamp: count,
  input_length: count,
  output_length: count,
  hash_ids: z.array(count),
});

export const mooncakeJsonl: TraceFormat = {
  name: 'Mooncake request trace (JSON lines)',
  recognises: (firstLine) => firstLine.startsWith('{') && firstLine.includes('"hash_ids"'),
  parser: () => {
    const seen = new Set<number>();
    return (line) => parseRow(line, seen);
  },
};

function parseRow(line: string, seen: Set<number>): TraceRequest {
  const row = readRow(line);
  const firstNew = row.hash_ids.findIndex((id) => !seen.has(id));
  const run = firstNew === -1 ? row.hash_ids.length : firstNew;
  for (const id of row.hash_ids) seen.add(id);
  return {
    arrivedMs: row.timestamp,
    inputTokens: row.input_length,
    outputTokens: row.output_length,
    cachedTokens: Math.min(run * BLOCK_TOKENS, row.input_length),
  };
}

function readRow(line: string): z.infer<typeof Row> {
  const parsed = Row.safeParse(parsedJson(line));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'line'}: ${issue.message}`);
  throw new Error(problems.join('; '));
}

function parsedJson(line: string): unknown {
  try {
    return parseJsonExact(line);
  } catch (error) {
    if (error instanceof ValueError) throw new Error(error.message, { cause: error });
    throw error;
  }
}
