/**
 * The peer's window: the last ids of a partition, 16,384 of them less one block, kept in the changelog in blocks of 64.
 *
 * Job: exact membership in memory, and the blocks in a table of the task. Boundary: derived from the table alone, so it
 * is made anew whenever a task is acquired; a step that fails takes table and window with it.
 *
 * Invariants: 1. Blocks are numbered without gaps; a new one drops the one that falls out of the window.
 *             2. The bytes of a value in the table are never written again; a longer value shares their memory. A view of
 *                them is made when the value is written, once a step, and not for every id.
 */
import type { AdmissionBlock } from '../../../schemas/generated/admission-block.ts';
import { instantOfMillis } from '../../../schemas/instant.ts';
import type { Table } from '../../../topology/processor.ts';
import { textBytes, writeText } from '../../../topology/text-bytes.ts';

const WINDOW_IDS = 16_384;
const BLOCK_IDS = 64;
const BLOCKS = WINDOW_IDS / BLOCK_IDS;
const ID_BYTES_MAX = 127;
/** The record has room for times of append, which the peer does not keep. */
const NO_TIME = instantOfMillis(0);

export interface SeenUse {
  readonly accountId: string;
  readonly requestId: string;
}

class Block implements AdmissionBlock {
  readonly appendedFrom = NO_TIME;
  readonly appendedTo = NO_TIME;
  readonly #memory: Buffer;
  readonly #used: number;

  constructor(memory: Buffer, used: number) {
    this.#memory = memory;
    this.#used = used;
  }

  get entries(): Buffer {
    return this.#memory.subarray(0, this.#used);
  }
}

export class RecentIds {
  readonly #table: Table<AdmissionBlock>;
  /** By request id the account that had it first; of others, account and id together. */
  readonly #first = new Map<string, string>();
  readonly #others = new Set<string>();
  /** Uses of the window by place: block after block, and round again. Two arrays of texts, so that a use is no object. */
  readonly #accounts: string[] = new Array(WINDOW_IDS).fill('');
  readonly #requests: string[] = new Array(WINDOW_IDS).fill('');
  /** How many uses of each block there are. */
  readonly #counts = new Uint8Array(BLOCKS);
  /** The id that `has` did not find, while nothing has changed since. */
  #unknown: string | null = null;
  #number = 0;
  #key = '0';
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

  has({ accountId, requestId }: SeenUse): boolean {
    const first = this.#first.get(requestId);
    this.#unknown = first === undefined ? requestId : null;
    return first === accountId || (this.#others.size > 0 && this.#others.has(`${accountId}/${requestId}`));
  }

  add(use: SeenUse): void {
    if (this.#counts[this.#number % BLOCKS] === BLOCK_IDS) this.#nextBlock();
    const { accountId, requestId } = use;
    this.#remember(use);
    for (const text of [accountId, requestId]) {
      const size = textBytes(text);
      if (size > ID_BYTES_MAX) throw new Error(`the id ${text} is too long`);
      this.#memory[this.#used] = size;
      this.#used = writeText(this.#memory, this.#used + 1, text, size);
    }
    this.#table.set(this.#key, new Block(this.#memory, this.#used));
  }

  #remember({ accountId, requestId }: SeenUse): void {
    const block = this.#number % BLOCKS;
    const count = this.#counts[block] ?? 0;
    this.#accounts[block * BLOCK_IDS + count] = accountId;
    this.#requests[block * BLOCK_IDS + count] = requestId;
    this.#counts[block] = count + 1;
    // Asked just before, as for almost every use, it need not be asked again.
    const first = this.#unknown === requestId ? undefined : this.#first.get(requestId);
    this.#unknown = null;
    if (first === undefined) this.#first.set(requestId, accountId);
    else if (first !== accountId) this.#others.add(`${accountId}/${requestId}`);
  }

  #forget(block: number): void {
    const count = this.#counts[block] ?? 0;
    for (let place = block * BLOCK_IDS; place < block * BLOCK_IDS + count; place += 1) {
      const [accountId, requestId] = [this.#accounts[place] ?? '', this.#requests[place] ?? ''];
      const isFirst = this.#others.size === 0 || this.#first.get(requestId) === accountId;
      if (isFirst) this.#first.delete(requestId);
      else this.#others.delete(`${accountId}/${requestId}`);
    }
    this.#counts[block] = 0;
  }

  #nextBlock(): void {
    this.#number += 1;
    this.#key = String(this.#number);
    this.#forget(this.#number % BLOCKS);
    if (this.#number >= BLOCKS) this.#table.delete(String(this.#number - BLOCKS));
    this.#memory = newMemory();
    this.#used = 0;
  }

  #restore(number: number, { entries }: AdmissionBlock): void {
    this.#number = number;
    this.#key = String(number);
    this.#memory = newMemory();
    this.#used = entries.copy(this.#memory);
    const texts: string[] = [];
    for (let at = 0; at < entries.length; at += 1 + (entries[at] ?? 0)) {
      texts.push(entries.toString('utf8', at + 1, at + 1 + (entries[at] ?? 0)));
    }
    for (let at = 0; at + 1 < texts.length; at += 2) {
      this.#remember({ accountId: texts[at] ?? '', requestId: texts[at + 1] ?? '' });
    }
  }
}

function newMemory(): Buffer {
  return Buffer.allocUnsafeSlow(BLOCK_IDS * 2 * (1 + ID_BYTES_MAX));
}
