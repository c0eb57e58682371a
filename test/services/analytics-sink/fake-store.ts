/**
 * An analytics store in memory that fails on command, with ClickHouse's own rules: an insert is all or nothing, a known
 * token is dropped, and only the newest tokens are known.
 */
import type { Block } from '../../../services/analytics-sink/block.ts';
import { type Shipment, shipmentToken } from '../../../services/analytics-sink/shipment.ts';
import {
  type AnalyticsStore,
  type StoredPosition,
  StoreError,
} from '../../../services/analytics-sink/store.ts';

/** `late`: the insert is answered with a failure now and lands only after the next `releaseLate`. */
export type StoreFault = 'none' | 'fail_before' | 'fail_after' | 'late' | 'refuse';

export class FakeStore implements AnalyticsStore {
  readonly rows = new Map<string, string[]>();
  readonly inserted: Block[] = [];
  readonly calls: string[] = [];
  down = false;
  readonly #tokens: string[] = [];
  readonly #late: Shipment[] = [];
  readonly #faultOf: (block: Block, attempt: number) => StoreFault;
  readonly #tokensMax: number;
  #attempts = 0;

  constructor(faultOf: (block: Block, attempt: number) => StoreFault = () => 'none', tokensMax = 1_000) {
    this.#faultOf = faultOf;
    this.#tokensMax = tokensMax;
  }

  async insert(...blocks: Shipment): Promise<void> {
    await Promise.resolve();
    this.#assertUp();
    this.#attempts += 1;
    this.calls.push(shipmentToken(blocks));
    const fault = this.#faultOf(blocks[0], this.#attempts);
    if (fault === 'refuse') throw new StoreError('refused', 'cannot parse');
    if (fault === 'late') this.#late.push(blocks);
    if (fault === 'none' || fault === 'fail_after') this.#apply(blocks);
    if (fault !== 'none') throw new StoreError('unknown', fault);
  }

  async positions(table: string): Promise<readonly StoredPosition[]> {
    this.#assertUp();
    const positions = new Map<string, StoredPosition>();
    for (const block of this.inserted) {
      if (block.route.table !== table) continue;
      const { topic, partition, lastOffset } = block;
      const key = `${topic}/${partition}`;
      const nextOffset = Math.max(lastOffset + 1, positions.get(key)?.nextOffset ?? 0);
      positions.set(key, { topic, partition, nextOffset });
    }
    return [...positions.values()];
  }

  async holds(block: Block): Promise<boolean> {
    this.#assertUp();
    const { topic, partition, lastOffset } = block;
    const found = await this.positions(block.route.table);
    return found.some(
      (place) => place.topic === topic && place.partition === partition && place.nextOffset > lastOffset,
    );
  }

  async settle(): Promise<void> {
    this.#assertUp();
    this.releaseLate();
  }

  async close(): Promise<void> {}

  releaseLate(): void {
    for (const blocks of this.#late.splice(0)) this.#apply(blocks);
  }

  /** Every row of a table as its first columns: topic, partition, offset. */
  addresses(table: string): readonly string[] {
    return (this.rows.get(table) ?? []).map((row) => row.split('\t').slice(0, 3).join('/'));
  }

  #apply(blocks: Shipment): void {
    const token = shipmentToken(blocks);
    if (this.#tokens.includes(token)) return;
    this.#tokens.push(token);
    if (this.#tokens.length > this.#tokensMax) this.#tokens.shift();
    this.inserted.push(...blocks);
    const [{ route }] = blocks;
    const rows = this.rows.get(route.table) ?? [];
    for (const { bytes } of blocks) rows.push(...bytes.toString('utf8').trimEnd().split('\n'));
    this.rows.set(route.table, rows);
  }

  #assertUp(): void {
    if (this.down) throw new StoreError('unknown', 'connection refused');
  }
}
