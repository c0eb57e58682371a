/**
 * The peer's records on our runtime, whose tables of topics and records are fixed.
 *
 * Job: lend three of our records' names to the schemas in `records/`. The codec reads a record's schema from the file
 * that `RECORD_FILES` names, so naming other files, before the first record is read, is all it takes. On the wire the
 * records are the peer's: names do not travel, and the framing ids are the peer's too.
 *
 * Boundary: only in the bench's process and in its test. The use takes the name of a cost event, which a service of ours
 * writes: uses pass the admission of `usage-events`, and what comes from outside is judged, neither of which the peer does.
 */
import { endianness } from 'node:os';
import type { Amount } from '../../../schemas/amount.ts';
import { RECORD_FILES, type RecordName } from '../../../schemas/generated/record-types.ts';
import { schemaTextOfRecord } from '../../../schemas/record-type.ts';
import type { SchemaDirectory } from '../../../schemas/schema-directory.ts';
import { WriterSchema } from '../../../schemas/writer-schema.ts';

export interface PeerUse {
  readonly requestId: string;
  readonly accountId: string;
  readonly model: string;
  readonly occurredAt: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
}

/** Seven of fifteen: the others are skipped, as our services skip what they do not look at. */
export const USE_FIELDS = [
  'accountId',
  'cachedInputTokens',
  'inputTokens',
  'model',
  'occurredAt',
  'outputTokens',
  'requestId',
] as const satisfies readonly (keyof PeerUse)[];

/** `balanceAfter` is not written itself: its bytes are those of the two parts behind it (see `splitLong`). */
export interface PeerCharge {
  readonly chargeId: string;
  readonly accountId: string;
  readonly requestId: string;
  readonly model: string;
  readonly amount: number;
  readonly balanceAfter: Amount;
  readonly balanceAfterLow: Buffer;
  readonly balanceAfterHigh: number;
  readonly priceVersion: number;
  readonly occurredAt: number;
}

export interface PeerBalance {
  readonly amount: Amount;
}

const FILES: Partial<Record<RecordName, string>> = {
  CostEvent: 'records/usage-event.avsc',
  Charge: 'records/charge.avsc',
  Balance: 'records/balance.avsc',
};

/** To be called before any record is encoded or decoded. */
export function usePeerRecords(): void {
  for (const [name, file] of Object.entries(FILES)) {
    Object.assign(RECORD_FILES, { [name]: new URL(file, import.meta.url).href });
  }
}

/** Everything that the processor reads and writes, and what the runtime writes around it. */
export const PEER_RECORDS: readonly RecordName[] = [
  'CostEvent',
  'Charge',
  'Balance',
  'AdmissionBlock',
  'Barrier',
  'Checkpoint',
  'DeadLetter',
  'Refusal',
  'Step',
];

/** The framing ids that the peer has written into its programs; all others are ours to choose. */
const PEER_IDS: Partial<Record<RecordName, number>> = { CostEvent: 1, Charge: 2 };
const OWN_IDS_FROM = 100;

/** A registry that needs no server: every record has a fixed id. */
export class PeerDirectory implements SchemaDirectory {
  readonly #ids = new Map<string, number>();
  readonly #schemas = new Map<number, WriterSchema>();

  constructor(names: readonly RecordName[]) {
    for (const [index, name] of names.entries()) {
      const id = PEER_IDS[name] ?? OWN_IDS_FROM + index;
      this.#ids.set(name, id);
      this.#schemas.set(id, new WriterSchema(id, schemaTextOfRecord(name)));
    }
  }

  idOf(name: RecordName): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`the bench has no schema id for ${name}`);
    return id;
  }

  writerSchema(id: number): WriterSchema | undefined {
    return this.#schemas.get(id);
  }

  load(id: number): Promise<'loaded' | 'unknown'> {
    return Promise.resolve(this.#schemas.has(id) ? 'loaded' : 'unknown');
  }
}

const START_BITS = 28;
const cell = new BigInt64Array(1);
const [LOW, HIGH] = endianness() === 'LE' ? [0, 1] : [1, 0];
const halves = new Uint32Array(cell.buffer);

/**
 * A long of any size as the two fields of `records/charge.avsc`. Our longs are JavaScript numbers and end at 2^53, but a
 * long on the wire is a row of bytes with seven bits each: the first four are the low 28 bits, each with the bit that
 * says that more follow, and the rest reads as a long of its own.
 */
export function splitLong(units: bigint): { readonly low: Buffer; readonly high: number } {
  cell[0] = units;
  const [lowHalf, highHalf] = [halves[LOW] ?? 0, halves[HIGH] ?? 0];
  // Zigzag: shifted by one, and all bits turned over where the number is negative.
  const turned = highHalf >> 31;
  const lowest = ((lowHalf << 1) ^ turned) >>> 0;
  const highest = (((highHalf << 1) | (lowHalf >>> 31)) ^ turned) >>> 0;
  const low = Buffer.allocUnsafe(4);
  for (let at = 0; at < 4; at += 1) low[at] = ((lowest >>> (7 * at)) & 0x7f) | 0x80;
  const rest = highest * 2 ** (32 - START_BITS) + (lowest >>> START_BITS);
  return { low, high: rest % 2 === 0 ? rest / 2 : -(rest + 1) / 2 };
}
