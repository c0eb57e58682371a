/** Which step wrote an output, by the id that it carries. */
import type { LogRecord } from '../../topology/log.ts';
import type { ServiceName } from '../../topology/topics.ts';

export interface Origin {
  readonly step: number;
  /** Place among the outputs of the step. */
  readonly index: number;
}

/** What the CloudEvents id of an output names: `service/partition/step/index`. Null where it names another task. */
export function originOf(record: LogRecord, service: ServiceName): Origin | null {
  const id = record.headers.find(([name]) => name === 'ce_id')?.[1].toString('latin1') ?? '';
  const prefix = `${service}/${record.partition}/`;
  if (!id.startsWith(prefix)) return null;
  const match = /^(\d{1,14})\/(\d{1,9})$/.exec(id.slice(prefix.length));
  return match === null ? null : { step: Number(match[1]), index: Number(match[2]) };
}
