/**
 * Job: the frame around a request: size, kind, version, correlation id, client id.
 *
 * Boundary: what is inside belongs to the requests; the connection gives the correlation id.
 *
 * Invariants:
 *  1. Size and correlation id have fixed places, so both can be set when the rest is already written.
 */

import type { WireWriter } from './log-kafka-wire.ts';

const correlationIdAt = 8;

interface FrameHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly clientId: string;
}

/** Starts a frame and returns where it starts. */
export function beginFrame(writer: WireWriter, header: FrameHeader): number {
  const start = writer.at;
  writer.int32(0);
  writer.int16(header.apiKey);
  writer.int16(header.apiVersion);
  writer.int32(0);
  writer.string(header.clientId);
  return start;
}

/** Completes a frame; the bytes still lack the correlation id, which the connection gives. */
export function endFrame(writer: WireWriter, start: number): Buffer {
  writer.buffer.writeInt32BE(writer.at - start - 4, start);
  return writer.buffer.subarray(start, writer.at);
}

export function stampFrame(frame: Buffer, correlationId: number): void {
  frame.writeInt32BE(correlationId, correlationIdAt);
}
