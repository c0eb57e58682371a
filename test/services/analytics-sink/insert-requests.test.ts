/** What an INSERT of the sink asks of the server: the same token each time a block is sent, and one part, all or nothing. */
import type { ClickHouseClient } from '@clickhouse/client';
import { expect, test } from 'vitest';
import type { Block } from '../../../services/analytics-sink/block.ts';
import { ClickHouseStore } from '../../../services/analytics-sink/store-clickhouse.ts';
import { routes } from './sink-log.ts';

interface Insert {
  readonly query_id: string;
  readonly clickhouse_settings: Readonly<Record<string, unknown>>;
}

function storeWith(sinkId: string) {
  const inserts: Insert[] = [];
  const client = {
    insert: async (request: Insert) => void inserts.push(request),
    query: async () => ({ json: async () => [{ sinkId }] }),
  };
  const store = new ClickHouseStore({
    client: client as unknown as ClickHouseClient,
    sinkId,
    pause: async () => undefined,
    nowMs: () => 0,
  });
  return { store, inserts };
}

function block(place: Partial<Block> = {}): Block {
  const [route] = routes;
  if (route === undefined) throw new Error('the sink has no route');
  const { topic } = route;
  const range = { topic, partition: 0, firstOffset: 5, lastOffset: 9 };
  return { route, monthStartMs: 0, records: 1, rows: 1, bytes: Buffer.alloc(0), ...range, ...place };
}

test('a block that is sent again, by the same sink or the next, has its token; every request has an id of its own', async () => {
  const [first, next] = [storeWith('sink-1'), storeWith('sink-2')];
  await first.store.insert(block());
  await first.store.insert(block());
  await next.store.insert(block());
  await next.store.insert(block({ lastOffset: 10 }));
  const inserts = [...first.inserts, ...next.inserts];
  const tokens = inserts.map(({ clickhouse_settings }) => clickhouse_settings['insert_deduplication_token']);
  const topic = block().topic;
  expect(tokens).toEqual([`${topic}-0-5-9`, `${topic}-0-5-9`, `${topic}-0-5-9`, `${topic}-0-5-10`]);
  expect(new Set(inserts.map(({ query_id }) => query_id)).size).toBe(4);
});

test('it is synchronous, deduplicated, and one part', async () => {
  const { store, inserts } = storeWith('sink-1');
  await store.insert(block());
  expect(inserts[0]?.clickhouse_settings).toMatchObject({
    async_insert: 0,
    wait_end_of_query: 1,
    insert_deduplicate: 1,
    max_partitions_per_insert_block: '1',
    input_format_parallel_parsing: 0,
  });
});
