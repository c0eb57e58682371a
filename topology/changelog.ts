/**
 * The form of a task's state in its changelog partition, both ways.
 *
 * Keys: `!checkpoint`, `!barrier`, `!admission/NUMBER`, and `TABLE/KEY` for state. Values are framed Avro; a deleted key
 * is a tombstone. In tables with timers the header `due` says when the value falls due, in milliseconds, or nothing, so
 * that values need not be decoded to know.
 *
 * Invariant: what `stateRecords` wrote, `StateReader` reads back to an equal state, whatever compaction has removed.
 */
import { decodeFramed, encodeFramed } from '../schemas/codec.ts';
import type { Checkpoint } from '../schemas/generated/checkpoint.ts';
import type { RecordName, RecordTypes } from '../schemas/generated/record-types.ts';
import { type Instant, instantOfMillis } from '../schemas/instant.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import type { AdmissionWindow, BlockChange } from './admission-window.ts';
import { type Header, LogError, type LogRecord, type OutgoingRecord } from './log.ts';
import type { StateChange, StateDecoder, Store } from './store.ts';

const CHECKPOINT_KEY = '!checkpoint';
const BARRIER_KEY = '!barrier';
const DUE_HEADER = 'due';
const ADMISSION_PREFIX = '!admission/';

export interface ChangelogPartition {
  readonly topic: string;
  readonly partition: number;
  readonly directory: SchemaDirectory;
}

export function stateRecords(
  place: ChangelogPartition,
  changes: readonly StateChange[],
  blocks: readonly BlockChange[],
): readonly OutgoingRecord[] {
  const state = changes.map(({ table, key, record, value, dueAt }) => {
    const written = outgoing(place, `${table}/${key}`, encoded(place, record, value));
    return dueAt === undefined ? written : { ...written, headers: [dueHeader(dueAt)] };
  });
  const window = blocks.map(({ number, block }) =>
    outgoing(place, `${ADMISSION_PREFIX}${number}`, encoded(place, 'AdmissionBlock', block)),
  );
  return [...state, ...window];
}

export function checkpointRecord(place: ChangelogPartition, checkpoint: Checkpoint): OutgoingRecord {
  return outgoing(place, CHECKPOINT_KEY, encoded(place, 'Checkpoint', checkpoint));
}

export function barrierRecord(place: ChangelogPartition, barrierId: string): OutgoingRecord {
  return outgoing(place, BARRIER_KEY, encoded(place, 'Barrier', { barrierId }));
}

/** Takes changelog records in order; `finish` once the caller's own barrier was seen. */
export class StateReader {
  readonly #place: ChangelogPartition;
  readonly #store: Store;
  readonly #window: AdmissionWindow;
  readonly #blocks = new Map<number, RecordTypes['AdmissionBlock']>();
  readonly #formsSeen = new Set<string>();
  #checkpoint: Checkpoint | null = null;

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
    const key = record.key?.toString('utf8') ?? '';
    if (key === BARRIER_KEY) return this.#decode('Barrier', record)?.barrierId ?? null;
    if (key === CHECKPOINT_KEY) this.#checkpoint = this.#decode('Checkpoint', record) ?? null;
    else if (key.startsWith(ADMISSION_PREFIX))
      this.#takeBlock(Number(key.slice(ADMISSION_PREFIX.length)), record);
    else this.#takeState(key, record);
    return null;
  }

  finish(): Checkpoint | null {
    const numbers = [...this.#blocks.keys()].sort((a, b) => a - b);
    for (const number of numbers) {
      const block = this.#blocks.get(number);
      if (block !== undefined) this.#window.restore(number, block);
    }
    return this.#checkpoint;
  }

  #takeBlock(number: number, record: LogRecord): void {
    const block = this.#decode('AdmissionBlock', record);
    if (block === undefined) this.#blocks.delete(number);
    else this.#blocks.set(number, block);
  }

  #takeState(path: string, record: LogRecord): void {
    const slash = path.indexOf('/');
    const table = path.slice(0, slash);
    const name = this.#store.recordOf(table);
    if (name === null)
      throw new Error(`the changelog holds table "${table}", which this version does not know`);
    this.#checkForm(table, name, record);
    this.#store.restore({ table, key: path.slice(slash + 1), bytes: record.value, dueAt: dueAtOf(record) });
  }

  /** Values are decoded later; the first of each table and schema is now, so that foreign state stops the task at once. */
  #checkForm(table: string, name: RecordName, record: LogRecord): void {
    const id = schemaIdOf(record);
    if (id === null || this.#formsSeen.has(`${table}/${id}`)) return;
    this.#decode(name, record);
    this.#formsSeen.add(`${table}/${id}`);
  }

  #decode<N extends RecordName>(name: N, record: LogRecord): RecordTypes[N] | undefined {
    if (record.value === null) return undefined;
    const place = `${record.topic}/${record.partition}@${record.offset}`;
    return decoded(this.#place.directory, name, { bytes: record.value, place });
  }
}

/** Null for a tombstone. */
function schemaIdOf({ value }: LogRecord): number | null {
  return value === null ? null : value.readUInt32BE(1);
}

/** Decodes state when it is first asked for; its writer schemas were loaded while it was restored. */
export function stateDecoder(directory: SchemaDirectory): StateDecoder {
  return (record, bytes, place) => decoded(directory, record, { bytes, place });
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

function dueHeader(dueAt: Instant | null): Header {
  return [DUE_HEADER, Buffer.from(dueAt === null ? '' : String(dueAt), 'latin1')];
}

function dueAtOf({ headers }: LogRecord): Instant | null | undefined {
  const text = headers.find(([name]) => name === DUE_HEADER)?.[1].toString('latin1');
  if (text === undefined) return undefined;
  return text === '' ? null : instantOfMillis(Number(text));
}

function encoded<N extends RecordName>(
  place: ChangelogPartition,
  name: N,
  value: RecordTypes[N] | undefined,
): Buffer | null {
  return value === undefined ? null : encodeFramed(name, value, place.directory.idOf(name));
}

function outgoing(place: ChangelogPartition, key: string, value: Buffer | null): OutgoingRecord {
  return { topic: place.topic, partition: place.partition, key: Buffer.from(key), value };
}
