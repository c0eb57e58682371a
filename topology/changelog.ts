/**
 * The form of a task's state in its changelog partition, both ways.
 *
 * Keys: `!checkpoint`, `!barrier`, `!admission/NUMBER`, and `TABLE/KEY` for state. Values are framed Avro; a deleted key
 * is a tombstone. In tables with timers the header `due` says when the value falls due, in milliseconds, or nothing, so
 * that values need not be decoded to know.
 *
 * Invariant: what `packState` wrote, `StateReader` reads back to an equal state, whatever compaction has removed.
 */
import { decodeFramed, encodeFramed } from '../schemas/codec.ts';
import { type Extent, extentOf } from '../schemas/extent.ts';
import type { Checkpoint } from '../schemas/generated/checkpoint.ts';
import type { RecordName, RecordTypes } from '../schemas/generated/record-types.ts';
import type { Instant } from '../schemas/instant.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import type { AdmissionWindow, BlockChange } from './admission-window.ts';
import {
  ADMISSION_PREFIX,
  BARRIER_KEY,
  CHECKPOINT_KEY,
  dueAtOf,
  dueHeader,
  isRuntimeName,
} from './changelog-keys.ts';
import { LogError, type LogRecord, type OutgoingRecord } from './log.ts';
import type { RecordPacker } from './record-pack.ts';
import { packFramed } from './step-outputs.ts';
import type { StateChange, StateForm, Store } from './store.ts';

const NO_KEY = Buffer.alloc(0);

export interface ChangelogPartition {
  readonly topic: string;
  readonly partition: number;
  readonly directory: SchemaDirectory;
}

export function packState(
  packer: RecordPacker,
  place: ChangelogPartition,
  { changes, blocks }: { readonly changes: readonly StateChange[]; readonly blocks: readonly BlockChange[] },
): void {
  const { topic, partition, directory } = place;
  const to = { topic, partition };
  for (const { table, key: inTable, record: name, value, dueAt } of changes) {
    const written = { ...to, key: `${table}/${inTable}`, name, value, schemaId: directory.idOf(name) };
    packFramed(packer, dueAt === undefined ? written : { ...written, headers: [dueHeader(dueAt)] });
  }
  const name = 'AdmissionBlock';
  const schemaId = directory.idOf(name);
  for (const { number, block: value } of blocks) {
    packFramed(packer, { ...to, key: `${ADMISSION_PREFIX}${number}`, name, value, schemaId });
  }
}

export function packCheckpoint(
  packer: RecordPacker,
  { topic, partition, directory }: ChangelogPartition,
  value: Checkpoint,
): void {
  const name = 'Checkpoint';
  packFramed(packer, { topic, partition, key: CHECKPOINT_KEY, name, value, schemaId: directory.idOf(name) });
}

export function barrierRecord(
  { topic, partition, directory }: ChangelogPartition,
  barrierId: string,
): OutgoingRecord {
  const value = encodeFramed('Barrier', { barrierId }, directory.idOf('Barrier'));
  return { topic, partition, key: BARRIER_KEY, value };
}

interface KnownTable {
  readonly name: string;
  /** Of its keys: the name and a slash. */
  readonly prefix: Buffer;
  readonly record: RecordName;
  /** Schemas of which a value was decoded. */
  readonly forms: Set<number>;
}

/** Takes changelog records in order; `finish` once the caller's own barrier was seen. */
export class StateReader {
  readonly #place: ChangelogPartition;
  readonly #store: Store;
  readonly #window: AdmissionWindow;
  readonly #blocks = new Map<number, RecordTypes['AdmissionBlock']>();
  readonly #tables = new Map<string, KnownTable>();
  #table: KnownTable | null = null;
  #checkpoint: Checkpoint | null = null;
  /** Of the record under way; null while it comes from the local cache. */
  #offset: number | null = null;

  constructor(place: ChangelogPartition, state: { readonly store: Store; readonly window: AdmissionWindow }) {
    this.#place = place;
    this.#store = state.store;
    this.#window = state.window;
  }

  /** Loads what `take` needs to read this record. */
  async loadSchema(record: LogRecord): Promise<void> {
    const { directory } = this.#place;
    const id = schemaIdOf(record);
    if (id === null || directory.writerSchema(id) !== undefined) return;
    if ((await directory.load(id)) === 'loaded') return;
    throw new LogError('fatal', 'state_schema_unknown', `the registry lost schema ${id} of ${record.topic}`);
  }

  /** Returns the barrier's id when the record is one. */
  take(record: LogRecord): string | null {
    const key = record.key ?? NO_KEY;
    this.#offset = record.offset;
    if (key.equals(BARRIER_KEY)) return this.#decode('Barrier', record.value)?.barrierId ?? null;
    if (key.equals(CHECKPOINT_KEY)) this.#checkpoint = this.#decode('Checkpoint', record.value) ?? null;
    else this.#takeStored(extentOf(key), record.value, dueAtOf(record.headers));
    return null;
  }

  /** Takes what was kept of a record elsewhere. */
  takeCached(key: Extent, bytes: Buffer, dueAt: Instant | null | undefined): void {
    this.#offset = null;
    this.#takeStored(key, bytes, dueAt);
  }

  finish(): Checkpoint | null {
    const numbers = [...this.#blocks.keys()].sort((a, b) => a - b);
    for (const number of numbers) {
      const block = this.#blocks.get(number);
      if (block !== undefined) this.#window.restore(number, block);
    }
    return this.#checkpoint;
  }

  #takeStored(key: Extent, bytes: Buffer | null, dueAt: Instant | null | undefined): void {
    const { memory, from, to } = key;
    if (isRuntimeName(memory, from)) {
      this.#takeBlock(memory.toString('utf8', from, to), bytes);
      return;
    }
    const table = this.#tableOf(key);
    if (bytes !== null) this.#checkForm(table, bytes);
    const inTable = { memory, from: from + table.prefix.length, to };
    this.#store.restore({ table: table.name, key: inTable, bytes, dueAt });
  }

  #takeBlock(path: string, bytes: Buffer | null): void {
    if (!path.startsWith(ADMISSION_PREFIX)) throw unknownTable(path);
    const number = Number(path.slice(ADMISSION_PREFIX.length));
    const block = this.#decode('AdmissionBlock', bytes);
    if (block === undefined) this.#blocks.delete(number);
    else this.#blocks.set(number, block);
  }

  /** As a rule that of the record before; then nothing is made for it. */
  #tableOf(key: Extent): KnownTable {
    const last = this.#table;
    if (last !== null && beginsWith(key, last.prefix)) return last;
    const { memory, from, to } = key;
    const slash = memory.indexOf('/', from);
    const name = memory.toString('utf8', from, slash < 0 || slash >= to ? from : slash);
    const record = this.#store.recordOf(name);
    if (record === null) throw unknownTable(name);
    const known = this.#tables.get(name) ?? {
      name,
      prefix: Buffer.from(`${name}/`),
      record,
      forms: new Set(),
    };
    this.#tables.set(name, known);
    this.#table = known;
    return known;
  }

  /** Values are decoded later; the first of each table and schema is now, so that foreign state stops the task at once. */
  #checkForm({ record, forms }: KnownTable, bytes: Buffer): void {
    const id = bytes.readUInt32BE(1);
    if (forms.has(id)) return;
    this.#decode(record, bytes);
    forms.add(id);
  }

  #decode<N extends RecordName>(name: N, bytes: Buffer | null): RecordTypes[N] | undefined {
    if (bytes === null) return undefined;
    const { topic, partition, directory } = this.#place;
    const place = `${topic}/${partition}@${this.#offset ?? ' in the local cache'}`;
    return decoded(directory, name, { bytes, place });
  }
}

/** Null for a tombstone. */
function schemaIdOf({ value }: LogRecord): number | null {
  return value === null ? null : value.readUInt32BE(1);
}

/** Reads state when it is first asked for; its writer schemas were loaded while it was restored. */
export function stateForm(directory: SchemaDirectory): StateForm {
  return {
    decode: (record, bytes, place) => decoded(directory, record, { bytes, place }),
    encode: (record, value) => encodeFramed(record, value, directory.idOf(record)),
  };
}

function decoded<N extends RecordName>(
  directory: SchemaDirectory,
  name: N,
  { bytes, place }: { readonly bytes: Buffer; readonly place: string },
): RecordTypes[N] {
  const result = decodeFramed(name, bytes, (id) => directory.writerSchema(id));
  if (result.ok) return result.value;
  throw new Error(`${place} is not a ${name}: ${result.message}`);
}

function beginsWith({ memory, from, to }: Extent, prefix: Buffer): boolean {
  if (to - from < prefix.length) return false;
  for (let at = 0; at < prefix.length; at += 1) if (memory[from + at] !== prefix[at]) return false;
  return true;
}

function unknownTable(name: string): Error {
  return new Error(`the changelog holds table "${name}", which this version does not know`);
}
