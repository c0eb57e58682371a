/** A record as it is read again after it was written, without a log between the two. */
import type { Header, LogRecord, OutgoingRecord } from '../../topology/log.ts';
import { bytesOf } from '../../topology/text-bytes.ts';

export function asRead(record: OutgoingRecord, offset: number): LogRecord {
  const { topic, partition, key, value, headers = [], sharedHeaders = [] } = record;
  const all = [...headers, ...sharedHeaders].map(([name, content]): Header => [name, bytesOf(content)]);
  return { topic, partition, offset, appendedAt: 0, key: bytesOf(key), value, headers: all };
}
