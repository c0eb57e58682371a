/**
 * Job: records as text, for the cases of the contract.
 *
 * Boundary: no log is touched here.
 */

import type { LogRecord, OutgoingRecord } from '../../topology/log.ts';

/** A record with text for key and value; null stays null. */
export function textRecord(
  topic: string,
  partition: number,
  text: readonly [key: string | null, value: string | null],
): OutgoingRecord {
  const [key, value] = text.map((part) => (part === null ? null : Buffer.from(part)));
  return { topic, partition, key: key ?? null, value: value ?? null };
}

export function valuesOf(records: readonly LogRecord[]): readonly (string | null)[] {
  return records.map(({ value }) => (value === null ? null : value.toString()));
}
