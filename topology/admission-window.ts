/**
 * The window of request ids seen on one partition: which are new, which repeat, which repeat with another payload.
 *
 * Job: exact membership over the dedup horizon at 32 bytes an id. Each entry keeps 16 bytes of the id's SHA-256 and
 * 8 bytes of checksums of the payload; an open-addressing table of ordinals finds it. A `Map` would need three times the memory
 * and ends at 16.7 million keys.
 *
 * Boundary: memory and its changelog form (`AdmissionBlock`). What makes an id too old is decided in `admission.ts`.
 *
 * Invariants:
 *  1. Time is append time, cut into ages of a tenth of the horizon. An entry is found for at least the horizon, and is
 *     forgotten with its whole age, so what is found depends on the partition's records alone: not on where steps end,
 *     on a restart or on the wall clock. Services that read one partition in different batches agree.
 *  2. Blocks are numbered without gaps in order of admission; restoring them in that order rebuilds the same window.
 *  3. A block belongs to one age. A step rewrites at most the last block (below BLOCK_ENTRIES_MIN entries) and adds at
 *     most one for each age it reaches into.
 */
import type { AdmissionBlock } from '../schemas/generated/admission-block.ts';
import { type Instant, instantOfMillis } from '../schemas/instant.ts';

const ID_BYTES = 16;
const ENTRY_BYTES = 24;
const ENTRY_WORDS = ENTRY_BYTES / 4;
const PAGE_ENTRIES = 1 << 12;
const BLOCK_ENTRIES_MIN = 64;
const SLOTS_MIN = 1 << 10;
const AGES_PER_HORIZON = 10;

export type Sighting = 'new' | 'duplicate' | 'conflict';

export interface BlockChange {
  readonly number: number;
  /** Undefined where the block expired. */
  readonly block: AdmissionBlock | undefined;
}

interface Block {
  readonly number: number;
  readonly firstOrdinal: number;
  count: number;
  readonly appendedFrom: number;
  appendedTo: number;
}

interface Page {
  readonly bytes: Buffer;
  readonly words: Int32Array;
}

function newPage(): Page {
  const memory = new ArrayBuffer(PAGE_ENTRIES * ENTRY_BYTES);
  return { bytes: Buffer.from(memory), words: new Int32Array(memory) };
}

export class AdmissionWindow {
  readonly #ageMs: number;
  readonly #pages = new Map<number, Page>();
  readonly #probe = newProbe();
  #slots = new Int32Array(SLOTS_MIN);
  #blocks: Block[] = [];
  #firstOrdinal = 0;
  /** First ordinal that the index may still point at; those below #firstOrdinal have expired. */
  #indexedFrom = 0;
  #nextOrdinal = 0;
  #nextBlock = 0;
  /** First ordinal that no block holds yet, and when it was appended. */
  #unblocked = 0;
  #unblockedFrom = 0;
  /** Largest append time seen; a broker's clock may step back, this one does not. */
  #now = Number.NEGATIVE_INFINITY;
  #changed = new Set<Block>();
  #expired: number[] = [];

  constructor(horizonMs: number) {
    this.#ageMs = Math.ceil(horizonMs / AGES_PER_HORIZON);
  }

  get size(): number {
    return this.#nextOrdinal - this.#firstOrdinal;
  }

  /** Looks an id up and remembers it when it is new. Of each digest only the first bytes are kept. */
  see(id: Buffer, payload: Buffer, appendedAt: Instant): Sighting {
    this.#moveTo(appendedAt);
    const { bytes } = this.#probe;
    for (let at = 0; at < ID_BYTES; at += 1) bytes[at] = id[at] ?? 0;
    for (let at = ID_BYTES; at < ENTRY_BYTES; at += 1) bytes[at] = payload[at - ID_BYTES] ?? 0;
    const mask = this.#slots.length - 1;
    const probe = this.#probe.words;
    for (let slot = (probe[0] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const stored = this.#slots[slot] ?? 0;
      if (stored === 0) {
        this.#slots[slot] = this.#nextOrdinal + 1;
        this.#append();
        return 'new';
      }
      const match = this.#compare(stored - 1);
      if (match !== 'other') return match;
    }
  }

  /** The changelog records of the step that ends: the blocks it wrote or extended, and those past the horizon. */
  endStep(): readonly BlockChange[] {
    this.#closeBlock();
    const written = [...this.#changed].map((block) => ({
      number: block.number,
      block: this.#serialise(block),
    }));
    const expired = this.#expired.map((number) => ({ number, block: undefined }));
    this.#changed = new Set();
    this.#expired = [];
    return [...written, ...expired];
  }

  /** Puts one restored block back; blocks come in ascending order of their number. */
  restore(number: number, block: AdmissionBlock): void {
    const count = block.entries.length / ENTRY_BYTES;
    this.#moveTo(block.appendedTo);
    this.#blocks.push({
      number,
      firstOrdinal: this.#nextOrdinal,
      count,
      appendedFrom: block.appendedFrom,
      appendedTo: block.appendedTo,
    });
    for (let entry = 0; entry < count; entry += 1) {
      const at = entry * ENTRY_BYTES;
      this.see(
        block.entries.subarray(at, at + ID_BYTES),
        block.entries.subarray(at + ID_BYTES),
        block.appendedTo,
      );
    }
    this.#nextBlock = number + 1;
    this.#unblocked = this.#nextOrdinal;
  }

  /** Lets time pass: a new age closes the block under way and forgets the age that is past the horizon. */
  #moveTo(appendedAt: number): void {
    if (appendedAt <= this.#now) return;
    const age = this.#ageOf(appendedAt);
    const isSameAge = age === this.#ageOf(this.#now);
    if (!isSameAge) this.#closeBlock();
    this.#now = appendedAt;
    if (!isSameAge) this.#expireBefore(age - AGES_PER_HORIZON);
  }

  #ageOf(appendedAt: number): number {
    return Math.floor(appendedAt / this.#ageMs);
  }

  #closeBlock(): void {
    if (this.#unblocked === this.#nextOrdinal) return;
    const block = this.#blockToExtend();
    block.count = this.#nextOrdinal - block.firstOrdinal;
    block.appendedTo = this.#now;
    this.#unblocked = this.#nextOrdinal;
    this.#changed.add(block);
  }

  #blockToExtend(): Block {
    const last = this.#blocks.at(-1);
    const isSameAge = last !== undefined && this.#ageOf(last.appendedTo) === this.#ageOf(this.#now);
    if (isSameAge && last.count < BLOCK_ENTRIES_MIN) return last;
    const block = {
      number: this.#nextBlock,
      firstOrdinal: this.#unblocked,
      count: 0,
      appendedFrom: this.#unblockedFrom,
      appendedTo: this.#now,
    };
    this.#nextBlock += 1;
    this.#blocks.push(block);
    return block;
  }

  #append(): void {
    if (this.#unblocked === this.#nextOrdinal) this.#unblockedFrom = this.#now;
    const ordinal = this.#nextOrdinal;
    const pageNumber = Math.floor(ordinal / PAGE_ENTRIES);
    const page = this.#pages.get(pageNumber) ?? newPage();
    this.#pages.set(pageNumber, page);
    page.words.set(this.#probe.words, (ordinal % PAGE_ENTRIES) * ENTRY_WORDS);
    this.#nextOrdinal = ordinal + 1;
    if ((this.#nextOrdinal - this.#indexedFrom) * 2 > this.#slots.length) this.#rebuild();
  }

  #compare(ordinal: number): 'duplicate' | 'conflict' | 'other' {
    const words = this.#pages.get(Math.floor(ordinal / PAGE_ENTRIES))?.words;
    if (words === undefined || ordinal < this.#firstOrdinal) return 'other';
    const at = (ordinal % PAGE_ENTRIES) * ENTRY_WORDS;
    const probe = this.#probe.words;
    for (let word = 0; word < ENTRY_WORDS; word += 1) {
      if (words[at + word] !== probe[word]) return word < ID_BYTES / 4 ? 'other' : 'conflict';
    }
    return 'duplicate';
  }

  /** Indexes the live entries afresh, at a load of a quarter to a half; expired entries fall out here. */
  #rebuild(): void {
    let slots = SLOTS_MIN;
    while (slots < this.size * 4) slots *= 2;
    this.#slots = new Int32Array(slots);
    this.#indexedFrom = this.#firstOrdinal;
    const mask = slots - 1;
    for (let ordinal = this.#firstOrdinal; ordinal < this.#nextOrdinal; ordinal += 1) {
      const words = this.#pages.get(Math.floor(ordinal / PAGE_ENTRIES))?.words;
      let slot = (words?.[(ordinal % PAGE_ENTRIES) * ENTRY_WORDS] ?? 0) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = ordinal + 1;
    }
  }

  #expireBefore(age: number): void {
    const firstLive = this.#blocks.findIndex((block) => this.#ageOf(block.appendedTo) >= age);
    const expired = firstLive < 0 ? this.#blocks : this.#blocks.slice(0, firstLive);
    if (expired.length === 0) return;
    this.#blocks = this.#blocks.slice(expired.length);
    this.#firstOrdinal = this.#blocks[0]?.firstOrdinal ?? this.#nextOrdinal;
    for (const page of this.#pages.keys()) {
      if ((page + 1) * PAGE_ENTRIES <= this.#firstOrdinal) this.#pages.delete(page);
    }
    for (const block of expired) {
      this.#changed.delete(block);
      this.#expired.push(block.number);
    }
  }

  #serialise(block: Block): AdmissionBlock {
    const entries = Buffer.allocUnsafe(block.count * ENTRY_BYTES);
    for (let entry = 0; entry < block.count; entry += 1) {
      const ordinal = block.firstOrdinal + entry;
      const at = (ordinal % PAGE_ENTRIES) * ENTRY_BYTES;
      const page = this.#pages.get(Math.floor(ordinal / PAGE_ENTRIES));
      page?.bytes.copy(entries, entry * ENTRY_BYTES, at, at + ENTRY_BYTES);
    }
    return {
      appendedFrom: instantOfMillis(block.appendedFrom),
      appendedTo: instantOfMillis(block.appendedTo),
      entries,
    };
  }
}

function newProbe(): Page {
  const memory = new ArrayBuffer(ENTRY_BYTES);
  return { bytes: Buffer.from(memory), words: new Int32Array(memory) };
}
