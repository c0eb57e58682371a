/**
 * The records of a file, one at a time, each with the line it came from.
 *
 * Job: JSON Lines are read as a stream; a `.json` file is one object, an array, or {"events": [...]}. Either may be
 * gzipped, and `-` is standard input as lines.
 *
 * Invariants:
 *  1. No number passes through a float (`schemas/json-exact.ts`).
 *  2. A line that is no JSON is a record with a problem; it does not end the file.
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip, gunzipSync } from 'node:zlib';
import { parseJsonExact } from '../../../schemas/json-exact.ts';
import { ValueError } from '../../../schemas/value-error.ts';
import { dataError } from '../cli-error.ts';

export interface FileRecord {
  /** Line of a JSON Lines file, place in the array of a JSON file; both from 1. */
  readonly line: number;
  readonly input: unknown;
  /** Why the line cannot be read, or null. */
  readonly problem: string | null;
}

export async function* readRecordFile(file: string, stdin: Readable): AsyncGenerator<FileRecord> {
  if (/\.json(\.gz)?$/.test(file)) {
    const inputs = recordsIn(await readJsonFile(file));
    for (const [index, input] of inputs.entries()) yield { line: index + 1, input, problem: null };
    return;
  }
  let line = 0;
  for await (const text of linesOf(file, stdin)) {
    line += 1;
    if (text.trim() !== '') yield parseLine(text, line);
  }
}

/** The whole of a JSON file, exact; a missing or malformed one is an error with its name. */
export async function readJsonFile(file: string): Promise<unknown> {
  try {
    const bytes = await readFile(file);
    return parseJsonExact((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
  } catch (error) {
    throw fileError(file, error);
  }
}

async function* linesOf(file: string, stdin: Readable): AsyncGenerator<string> {
  try {
    const bytes = file === '-' ? stdin : createReadStream(file);
    if (!file.endsWith('.gz')) {
      yield* createInterface({ input: bytes, crlfDelay: Number.POSITIVE_INFINITY });
      return;
    }
    const plain = createGunzip();
    bytes.once('error', (error: Error) => plain.destroy(error)).pipe(plain);
    yield* createInterface({ input: plain, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw fileError(file, error);
  }
}

function parseLine(text: string, line: number): FileRecord {
  try {
    return { line, input: parseJsonExact(text), problem: null };
  } catch (error) {
    if (error instanceof ValueError) return { line, input: null, problem: error.message };
    throw error;
  }
}

function recordsIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const events: unknown =
    value !== null && typeof value === 'object' ? Reflect.get(value, 'events') : undefined;
  return Array.isArray(events) ? events : [value];
}

function fileError(file: string, error: unknown): Error {
  if (error instanceof ValueError) {
    return dataError(error.code, `${file}: ${error.message}`, 'Correct the file; JSON Lines end in .jsonl.');
  }
  if (error instanceof Error && 'code' in error) {
    return dataError('file_unreadable', `${file}: ${error.message}`, 'Check the name of the file.');
  }
  return error instanceof Error ? error : new Error(String(error));
}
