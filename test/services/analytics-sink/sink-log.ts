/** A log for the sink's tests, and records framed as they lie in it. */
import { encodeFramed } from '../../../schemas/codec.ts';
import type { RecordName, RecordTypes } from '../../../schemas/generated/record-types.ts';
import { MemorySchemaDirectory } from '../../../schemas/schema-directory-memory.ts';
import { routesOf } from '../../../services/analytics-sink/routes.ts';
import type { LogRecord, OutgoingRecord } from '../../../topology/log.ts';
import { MemoryLog } from '../../../topology/log-memory.ts';
import type { FaultHook } from '../../../topology/log-memory-faults.ts';
import { MID_MONTH } from './sink-records.ts';

export const directory = new MemorySchemaDirectory();
export const routes = routesOf(directory);

export function framed<N extends RecordName>(name: N, value: RecordTypes[N]): Buffer {
  return encodeFramed(name, value, directory.idOf(name));
}

export function outgoing<N extends RecordName>(
  place: { readonly topic: string; readonly partition: number },
  name: N,
  value: RecordTypes[N],
): OutgoingRecord {
  return { ...place, key: Buffer.from('key'), value: framed(name, value) };
}

export function logRecord(
  place: { topic: string; offset: number; appendedAt?: number },
  value: Buffer | null,
): LogRecord {
  return { partition: 0, appendedAt: MID_MONTH, key: null, headers: [], value, ...place };
}

/** A log with every routed topic; append time comes from `now`. */
export async function sinkLog(
  now: () => number,
  partitions: number,
  faults: FaultHook = () => 'none',
): Promise<MemoryLog> {
  const log = new MemoryLog({ now, faults });
  await log.admin.createTopics(
    routes.map(({ topic }) => ({ name: topic, partitions, replicationFactor: 1, config: {} })),
  );
  return log;
}
