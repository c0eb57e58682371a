/**
 * The analytics store over ClickHouse's HTTP interface.
 *
 * Job: one INSERT per shipment, with the settings that make it atomic and repeatable; positions read back.
 *
 * Invariants:
 *  1. `max_partitions_per_insert_block = 1` lets the server itself refuse a shipment that would become several parts,
 *     and parsing is not split, so that one statement makes one part.
 *  2. Inserts are synchronous: an asynchronous one is acknowledged per buffer and not per statement.
 *  3. One sink at a time: a sink that sees that another has started stops. It looks again before an insert whenever
 *     its last look is older than `fenceMs`, and a new sink waits that long before it reads positions, so one that was
 *     forgotten, or stopped and woken, does not write beside it. Only a process halted exactly between its look and
 *     its insert can slip through.
 */
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError, type ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import type { Block } from './block.ts';
import { type Shipment, shipmentToken } from './shipment.ts';
import { type AnalyticsStore, type StoredPosition, StoreError } from './store.ts';

export interface ClickHouseStoreOptions {
  readonly client: ClickHouseClient;
  /** Unique to this start; part of the query id of everything it inserts. */
  readonly sinkId: string;
  readonly pause: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
  /** For how long a look at who started last is good. */
  readonly fenceMs?: number;
}

const QUERY_ID_PREFIX = 'analytics-sink/';
const SETTLE_PAUSE_MS = 100;
const FENCE_MS = 1_000;

/** Failures that a repetition cannot mend, by ClickHouse's codes. */
const REFUSED: Readonly<Record<string, readonly number[]>> = {
  'text that does not parse as the column': [6, 26, 27, 38, 41, 44, 53, 69, 72, 117, 130, 131, 349, 407],
  'a table, database or column that is not there': [16, 60, 81],
  'no permission': [497, 516],
  syntax: [62],
};
const REFUSED_CODES: ReadonlySet<string> = new Set(Object.values(REFUSED).flat().map(String));

const INSERT_SETTINGS: ClickHouseSettings = {
  async_insert: 0,
  wait_end_of_query: 1,
  insert_deduplicate: 1,
  max_partitions_per_insert_block: '1',
  input_format_parallel_parsing: 0,
};

const Positions = z.array(
  z.object({ topic: z.string(), partition: z.coerce.number(), nextOffset: z.coerce.number() }),
);
const NewestSink = z.array(z.object({ sinkId: z.string() })).length(1);
const Count = z.array(z.object({ count: z.coerce.number() })).length(1);

export class ClickHouseStore implements AnalyticsStore {
  readonly #client: ClickHouseClient;
  readonly #sinkId: string;
  readonly #pause: (ms: number) => Promise<void>;
  readonly #nowMs: () => number;
  readonly #fenceMs: number;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #attempts = 0;

  constructor(options: ClickHouseStoreOptions) {
    this.#client = options.client;
    this.#sinkId = options.sinkId;
    this.#pause = options.pause;
    this.#nowMs = options.nowMs;
    this.#fenceMs = options.fenceMs ?? FENCE_MS;
  }

  async insert(...blocks: Shipment): Promise<void> {
    await this.#assertNewest();
    const token = shipmentToken(blocks);
    const [{ route }] = blocks;
    this.#attempts += 1;
    await classified(`insert of ${token}`, () =>
      this.#client.insert({
        table: route.table,
        columns: [...route.columns],
        values: Readable.from(
          blocks.map(({ bytes }) => bytes),
          { objectMode: false },
        ),
        format: 'TabSeparated',
        query_id: `${QUERY_ID_PREFIX}${this.#sinkId}/${token}/${this.#attempts}`,
        clickhouse_settings: { ...INSERT_SETTINGS, insert_deduplication_token: token },
      }),
    );
  }

  async positions(table: string): Promise<readonly StoredPosition[]> {
    const rows = await this.#select(
      `SELECT _topic AS topic, _partition AS partition, max(_offset) + 1 AS nextOffset
       FROM {table:Identifier} GROUP BY _topic, _partition`,
      { table },
    );
    return Positions.parse(rows);
  }

  async holds(block: Block): Promise<boolean> {
    const rows = await this.#select(
      `SELECT count() AS count FROM
         (SELECT max(_offset) AS last FROM {table:Identifier}
          WHERE _topic = {topic:String} AND _partition = {partition:UInt16} GROUP BY _topic, _partition)
       WHERE last >= {last:UInt64}`,
      {
        table: block.route.table,
        topic: block.topic,
        partition: block.partition,
        last: block.lastOffset,
      },
    );
    return Count.parse(rows)[0]?.count === 1;
  }

  /**
   * A server that takes one write at a time answers the second of our writes only after all that were sent before it;
   * a server that takes many lists those that still run.
   */
  async settle(): Promise<void> {
    await this.#announce();
    await this.#pause(this.#fenceMs);
    await this.#announce();
    while ((await this.#running()) > 0) await this.#pause(SETTLE_PAUSE_MS);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #announce(): Promise<void> {
    await classified('start of the sink', () =>
      this.#client.insert({
        table: 'sink_starts',
        columns: ['sink_id'],
        values: [{ sink_id: this.#sinkId }],
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0, wait_end_of_query: 1 },
      }),
    );
  }

  async #assertNewest(): Promise<void> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedAtMs <= this.#fenceMs) return;
    const rows = await this.#select('SELECT argMax(sink_id, started_at) AS sinkId FROM sink_starts', {});
    const newest = NewestSink.parse(rows)[0]?.sinkId;
    if (newest !== this.#sinkId) {
      throw new StoreError(
        'refused',
        `another sink (${newest}) has started; this one (${this.#sinkId}) stops`,
      );
    }
    this.#lookedAtMs = nowMs;
  }

  async #running(): Promise<number> {
    const rows = await this.#select(
      `SELECT count() AS count FROM system.processes
       WHERE startsWith(query_id, {prefix:String}) AND current_database = currentDatabase()`,
      { prefix: QUERY_ID_PREFIX },
    );
    return Count.parse(rows)[0]?.count ?? 0;
  }

  async #select(query: string, parameters: Record<string, string | number>): Promise<unknown> {
    return classified('a query of the sink', async () => {
      const result = await this.#client.query({
        query,
        query_params: parameters,
        format: 'JSONEachRow',
      });
      return result.json();
    });
  }
}

async function classified<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const isRefused = cause instanceof ClickHouseError && REFUSED_CODES.has(cause.code);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError(isRefused ? 'refused' : 'unknown', `${what}: ${reason}`, { cause });
  }
}
