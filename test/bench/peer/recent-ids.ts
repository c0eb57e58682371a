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
import { writeContent } from '../../../topology/text-bytes.ts';

const WINDOW_IDS = 16_384;
const BLOCK_IDS = 64;
const BLOCKS = WINDOW_IDS / BLOCK_IDS;
/** Half of them stay free at least. */
const SLOTS = 2 * WINDOW_IDS;
const SLOTS_MASK = SLOTS - 1;
const FNV_PRIME = 0x01000193;
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
  /** Uses of the window by place: block after block, and round again. Arrays of texts, so that a use is no object. */
  readonly #accounts: string[] = new Array(WINDOW_IDS).fill('');
  readonly #requests: string[] = new Array(WINDOW_IDS).fill('');
  readonly #hashes = new Int32Array(WINDOW_IDS);
  /** Open addressing: each use stands behind the slot of its hash, as its place and one; zero is free. */
  readonly #slots = new Uint16Array(SLOTS);
  /** How many uses of each block there are. */
  readonly #counts = new Uint8Array(BLOCKS);
  /** What was asked for last, which as a rule is what comes next. */
  #asked = '';
  #askedHash = 0;
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
    const hash = this.#hashOf(requestId);
    for (let slot = hash & SLOTS_MASK; ; slot = (slot + 1) & SLOTS_MASK) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0) return false;
      if (this.#hashes[place] !== hash || this.#requests[place] !== requestId) continue;
      if (this.#accounts[place] === accountId) return true;
    }
  }

  /** Of a use that the window does not have. */
  add(use: SeenUse): void {
    if (this.#counts[this.#number % BLOCKS] === BLOCK_IDS) this.#nextBlock();
    const { accountId, requestId } = use;
    this.#remember(use);
    this.#write(accountId);
    this.#write(requestId);
    this.#table.set(this.#key, new Block(this.#memory, this.#used));
  }

  #write(text: string): void {
    const end = writeContent(this.#memory, this.#used + 1, text);
    const size = end - this.#used - 1;
    if (size > ID_BYTES_MAX) throw new Error(`the id ${text} is too long`);
    this.#memory[this.#used] = size;
    this.#used = end;
  }

  #remember({ accountId, requestId }: SeenUse): void {
    const block = this.#number % BLOCKS;
    const count = this.#counts[block] ?? 0;
    const place = block * BLOCK_IDS + count;
    const hash = this.#hashOf(requestId);
    this.#accounts[place] = accountId;
    this.#requests[place] = requestId;
    this.#hashes[place] = hash;
    this.#counts[block] = count + 1;
    let slot = hash & SLOTS_MASK;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & SLOTS_MASK;
    this.#slots[slot] = place + 1;
  }

  #forget(block: number): void {
    const from = block * BLOCK_IDS;
    const to = from + (this.#counts[block] ?? 0);
    for (let place = from; place < to; place += 1) this.#free(place);
    this.#counts[block] = 0;
  }

  /** Those behind the freed slot move up, so that no search ends before what it looks for. */
  #free(place: number): void {
    let free = (this.#hashes[place] ?? 0) & SLOTS_MASK;
    while (this.#slots[free] !== place + 1) free = (free + 1) & SLOTS_MASK;
    for (let slot = (free + 1) & SLOTS_MASK; this.#slots[slot] !== 0; slot = (slot + 1) & SLOTS_MASK) {
      const other = this.#slots[slot] ?? 0;
      const home = (this.#hashes[other - 1] ?? 0) & SLOTS_MASK;
      if (((slot - home) & SLOTS_MASK) < ((slot - free) & SLOTS_MASK)) continue;
      this.#slots[free] = other;
      free = slot;
    }
    this.#slots[free] = 0;
  }

  /** Of the request id alone: that two accounts have the same one is rare. */
  #hashOf(requestId: string): number {
    if (requestId === this.#asked) return this.#askedHash;
    let hash = 0;
    for (let at = 0; at < requestId.length; at += 1) {
      hash = Math.imul(hash ^ requestId.charCodeAt(at), FNV_PRIME);
    }
    this.#asked = requestId;
    this.#askedHash = hash ^ (hash >>> 15);
    return this.#askedHash;
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
