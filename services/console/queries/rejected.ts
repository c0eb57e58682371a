/** What the services did not accept: counted by service and code, and the newest records behind a count. */
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { select, Whole } from '../../../infra/analytics/select.ts';
import type { RejectedQuestion } from '../query-port.ts';

const Count = z.object({ kind: z.string(), service: z.string(), code: z.string(), count: Whole });

const Rejected = z.object({
  kind: z.string(),
  field: z.string(),
  message: z.string(),
  accountId: z.string(),
  recordId: z.string(),
  recordedAt: z.string(),
  origin: z.tuple([z.string(), Whole, Whole]),
});

export type RejectedCount = Readonly<z.infer<typeof Count>>;
export type RejectedRecord = Readonly<z.infer<typeof Rejected>>;

export function readRejectedCounts(client: ClickHouseClient): Promise<readonly RejectedCount[]> {
  return select(client, {
    query: `SELECT kind, service, code, count() AS count FROM rejected
      GROUP BY kind, service, code ORDER BY service, count DESC, code`,
    row: Count,
  });
}

export function readRejectedRecords(
  client: ClickHouseClient,
  { service, code, limit }: RejectedQuestion,
): Promise<readonly RejectedRecord[]> {
  return select(client, {
    query: `SELECT kind, field, message, account_id AS accountId, record_id AS recordId,
        toString(r.recorded_at) AS recordedAt, (origin_topic, origin_partition, origin_offset) AS origin
      FROM rejected AS r
      WHERE service = {service:String} AND code = {code:String}
      ORDER BY r.recorded_at DESC, _partition, _offset DESC
      LIMIT {limit:UInt32}`,
    params: { service, code, limit },
    row: Rejected,
  });
}
