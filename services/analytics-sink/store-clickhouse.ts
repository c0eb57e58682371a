/**
 * The analytics store over ClickHouse's HTTP interface.
 *
 * Job: one INSERT per block, with the settings that make it atomic and repeatable; positions read back.
 *
 * Invariants:
 *  1. `max_partitions_per_insert_block = 1` lets the server itself refuse a block that would become several parts,
 *     and parsing is not split, so that one statement makes one part.
 *  2. Inserts are synchronous: an asynchronous one is acknowledged per buffer and not per block.
 *  3. Positions are trusted only after `settle`: every write of an earlier sink has ended (`settle`).
 */
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError, type ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import { type Block, blockToken } from './block.ts';
import { type AnalyticsStore, type StoredPosition, StoreError } from './store.ts';

export interface ClickHouseStoreOptions {
  readonly client: ClickHouseClient;
  /** Unique to this start; part of the query id of everything it inserts. */
  readonly sinkId: string;
  readonly pause: (ms: number) => Promise<void>;
}

const QUERY_ID_PREFIX = 'analytics-sink/';
const SETTLE_PAUSE_MS = 100;

/** Codes that a repetition cannot mend: text that does not parse, tables or columns that differ, no permission. */
const REFUSED_CODES: ReadonlySet<string> = new Set([
  ...['6', '16', '26', '27', '38', '41', '44', '53', '60', '62', '69', '72', '81', '117', '130', '131'],
  ...['349', '407', '497', '516'],
]);

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
const Count = z.array(z.object({ count: z.coerce.number() })).length(1);

export class ClickHouseStore implements AnalyticsStore {
  readonly #client: ClickHouseClient;
  readonly #sinkId: string;
  readonly #pause: (ms: number) => Promise<void>;
  #attempts = 0;

  constructor(options: ClickHouseStoreOptions) {
    this.#client = options.client;
    this.#sinkId = options.sinkId;
    this.#pause = options.pause;
  }

  async insert(block: Block): Promise<void> {
    const token = blockToken(block);
    this.#attempts += 1;
    await classified(`insert of ${token}`, () =>
      this.#client.insert({
        table: block.route.table,
        columns: [...block.route.columns],
        values: Readable.from([block.bytes], { objectMode: false }),
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
   * A server that takes one write at a time answers ours only after all earlier ones; a server that takes many lists
   * those that still run.
   */
  async settle(): Promise<void> {
    await classified('start of the sink', () =>
      this.#client.insert({
        table: 'sink_starts',
        columns: ['sink_id'],
        values: [{ sink_id: this.#sinkId }],
        format: 'JSONEachRow',
        clickhouse_settings: { async_insert: 0, wait_end_of_query: 1 },
      }),
    );
    while ((await this.#running()) > 0) await this.#pause(SETTLE_PAUSE_MS);
  }

  async close(): Promise<void> {
    await this.#client.close();
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
