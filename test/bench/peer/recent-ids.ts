/**
 * The peer's window: the last ids of a partition, 16,384 of them less one block, kept in the changelog in blocks of 64.
 *
 * Job: exact membership in memory, and the blocks in a table of the task. Boundary: derived from the table alone, so it
 * is made anew whenever a task is acquired; a step that fails takes table and window with it.
 *
 * Invariants: 1. Blocks are numbered without gaps; a new one drops the one that falls out of the window.
 *             2. The bytes of a value in the table are never written again; a longer value shares their memory.
 */
import type { AdmissionBlock } from '../../../schemas/generated/admission-block.ts';
import { instantOfMillis } from '../../../schemas/instant.ts';
import type { Table } from '../../../topology/processor.ts';

const WINDOW_IDS = 16_384;
const BLOCK_IDS = 64;
const BLOCKS = WINDOW_IDS / BLOCK_IDS;
const ID_BYTES_MAX = 255;
/** The record has room for times of append, which the peer does not keep. */
const NO_TIME = instantOfMillis(0);
const NO_TIMES = { appendedFrom: NO_TIME, appendedTo: NO_TIME };

export class RecentIds {
  readonly #table: Table<AdmissionBlock>;
  readonly #ids = new Set<string>();
  /** Ids of the blocks in the window, by block number modulo their count. */
  readonly #blocks: string[][] = Array.from({ length: BLOCKS }, () => []);
  #number = 0;
  #memory = newMemory();
  #used = 0;

  constructor(table: Table<AdmissionBlock>) {
    this.#table = table;
    const numbers = [...table.keys()].map(Number).sort((a, b) => a - b);
    for (const number of numbers) {
      const block = table.get(String(number));
      if (block !== undefined) this.#restore(number, block);
    }
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    if (this.#current.length === BLOCK_IDS) this.#nextBlock();
    this.#ids.add(id);
    this.#current.push(id);
    if (id.length > ID_BYTES_MAX) throw new Error(`the id ${id} is too long`);
    this.#memory[this.#used] = id.length;
    this.#used += 1 + this.#memory.write(id, this.#used + 1, 'latin1');
    const entries = this.#memory.subarray(0, this.#used);
    this.#table.set(String(this.#number), { ...NO_TIMES, entries });
  }

  get #current(): string[] {
    return this.#blocks[this.#number % BLOCKS] ?? [];
  }

  #nextBlock(): void {
    this.#number += 1;
    for (const id of this.#current) this.#ids.delete(id);
    this.#blocks[this.#number % BLOCKS] = [];
    if (this.#number >= BLOCKS) this.#table.delete(String(this.#number - BLOCKS));
    this.#memory = newMemory();
    this.#used = 0;
  }

  #restore(number: number, { entries }: AdmissionBlock): void {
    this.#number = number;
    this.#memory = newMemory();
    this.#used = entries.copy(this.#memory);
    const ids: string[] = [];
    for (let at = 0; at < entries.length; at += 1 + (entries[at] ?? 0)) {
      ids.push(entries.toString('latin1', at + 1, at + 1 + (entries[at] ?? 0)));
    }
    this.#blocks[number % BLOCKS] = ids;
    for (const id of ids) this.#ids.add(id);
  }
}

function newMemory(): Buffer {
  return Buffer.allocUnsafeSlow(BLOCK_IDS * (1 + ID_BYTES_MAX));
}
