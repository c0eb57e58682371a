/**
 * The way of one topic partition into its table: records in offset order in, blocks in offset order out.
 *
 * Boundary: no I/O and no clock; the sink says what time it is and inserts what is sealed.
 *
 * Invariants:
 *  1. Blocks leave in offset order and one at a time: the next is handed out only when the one before has landed.
 *     The largest offset in the table is therefore always the end of everything below it.
 *  2. Offsets have gaps (transaction markers, compaction) and never go back.
 */
import type { FetchedSlice } from '../../topology/log.ts';
import { type Block, type BlockLimits, OpenBlock } from './block.ts';
import type { Route } from './routes.ts';

export interface LaneLimits extends BlockLimits {
  /** A block that is not full is sealed after this time. */
  readonly lingerMs: number;
}

export class Lane {
  readonly route: Route;
  readonly partition: number;
  readonly #limits: LaneLimits;
  readonly #sealed: Block[] = [];
  #open: OpenBlock | null = null;
  #underWay: Block | null = null;
  #position: number;

  constructor(route: Route, start: { partition: number; position: number }, limits: LaneLimits) {
    this.route = route;
    this.partition = start.partition;
    this.#position = start.position;
    this.#limits = limits;
  }

  /** Offset of the next record to be read. */
  get position(): number {
    return this.#position;
  }

  get pendingBytes(): number {
    const sealed = this.#sealed.reduce((sum, block) => sum + block.bytes.length, 0);
    return sealed + (this.#open?.bytes ?? 0) + (this.#underWay?.bytes.length ?? 0);
  }

  get isEmpty(): boolean {
    return this.#open === null && this.#sealed.length === 0 && this.#underWay === null;
  }

  /** The block that `next` would hand out. */
  get ready(): Block | null {
    return this.#underWay === null ? (this.#sealed[0] ?? null) : null;
  }

  take(slice: FetchedSlice, nowMs: number): void {
    for (const record of slice.records) {
      if (record.offset < this.#position) {
        throw new Error(`${record.topic}/${record.partition}@${record.offset} is below ${this.#position}`);
      }
      if (this.#open?.accepts(record) === false) this.seal();
      this.#open ??= new OpenBlock(this.route, record, nowMs);
      this.#open.add(record);
      this.#position = record.offset + 1;
      if (this.#open.isFull(this.#limits)) this.seal();
    }
    this.#position = Math.max(this.#position, slice.nextOffset);
  }

  /** While a block is on its way the open one goes on growing: a slow server gets larger blocks, not more of them. */
  isDue(nowMs: number): boolean {
    return this.#mayLeave && this.#open !== null && nowMs - this.#open.openedAtMs >= this.#limits.lingerMs;
  }

  /** Seals what is open, due or not, unless a block is waiting or on its way. */
  sealToGoAlong(): void {
    if (this.#mayLeave) this.seal();
  }

  get #mayLeave(): boolean {
    return this.#underWay === null && this.#sealed.length === 0;
  }

  seal(): void {
    const block = this.#open?.seal() ?? null;
    this.#open = null;
    if (block !== null) this.#sealed.push(block);
  }

  /** The next block to insert, or null when there is none or one is still on its way. */
  next(): Block | null {
    if (this.#underWay !== null) return null;
    this.#underWay = this.#sealed.shift() ?? null;
    return this.#underWay;
  }

  landed(): void {
    this.#underWay = null;
  }
}
