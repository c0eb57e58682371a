/** Key and value of a record where they are: in a fetch among others, or in buffers of their own. */
import { type Extent, extentOf } from '../schemas/extent.ts';
import type { LogRecord } from './log.ts';

export function bytesOfKey(record: LogRecord): Extent | null {
  if (record.keyIn !== undefined) return record.keyIn;
  return record.key === null ? null : extentOf(record.key);
}

export function bytesOfValue(record: LogRecord): Extent | null {
  if (record.valueIn !== undefined) return record.valueIn;
  return record.value === null ? null : extentOf(record.value);
}
