/**
 * Job: the lines of a trace file with their numbers, unpacked where it is packed.
 *
 * Boundary: bytes to text. Whether a file is packed is told by its first bytes, not by its name.
 *
 * Invariants:
 *  1. A file of any length is read in constant memory. 2. Every complaint names the file and the line.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

export class TraceError extends Error {
  /** `line` is null where the file as a whole is at fault. */
  constructor(path: string, line: number | null, problem: string, options?: { cause?: unknown }) {
    super(`${path}${line === null ? '' : `:${line}`}: ${problem}`, options);
    this.name = 'TraceError';
  }
}

export interface TraceLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

const LINE_CHARS_MAX = 4_000_000;

/** Lines without their ends; empty ones are counted and left out. */
export async function* traceLines(path: string): AsyncGenerator<TraceLine> {
  let number = 0;
  try {
    for await (const text of splitLines(await openFile(path))) {
      number += 1;
      if (text.length > LINE_CHARS_MAX) throw new TraceError(path, number, 'the line does not end');
      if (text !== '') yield { number, text };
    }
  } catch (cause) {
    if (cause instanceof TraceError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TraceError(path, null, `cannot be read after line ${number}: ${reason}`, { cause });
  }
}

async function openFile(path: string): Promise<Readable> {
  const packed = await isPacked(path);
  const file = createReadStream(path);
  if (!packed) return file;
  // The pipeline passes an error of the file on to whoever reads the unpacked stream.
  return pipeline(file, createGunzip(), () => undefined);
}

async function isPacked(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

async function* splitLines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of stream) {
    const pieces = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) yield withoutReturn(piece);
    // A line that never ends must not fill the memory; the caller refuses it.
    if (rest.length > LINE_CHARS_MAX) yield rest;
  }
  rest += decoder.decode();
  if (rest !== '') yield withoutReturn(rest);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
