/**
 * The state of one task: keyed tables, seen through the overlay of the step under way.
 *
 * Boundary: memory only. What must survive goes to the changelog (`transact.ts`) and comes back from it (`restore.ts`).
 *
 * Invariants:
 *  1. A write lands in the overlay; the base changes only in `commit`, after the transaction has committed.
 *  2. `changes` lists each changed key once, however often it changed, in the order of first change.
 *  3. A store whose step failed is thrown away, never repaired.
 *  4. A restored value stays encoded until it is asked for: a task is working again before its state was decoded.
 *  5. At most `decodedMax` values of a table are held decoded between steps; the others are bytes outside the heap. So a heap
 *     that is kept small bounds the speed of a large state, and not its size.
 */
import type { RecordName, RecordTypes } from '../schemas/generated/record-types.ts';
import type { Instant } from '../schemas/instant.ts';
import { DueIndex } from './due-index.ts';
import { type KeyBytes, keyBytes } from './key-bytes.ts';
import type { Table, TableRules } from './processor.ts';
import { RestoredValues } from './restored-values.ts';

type AnyRecord = RecordTypes[RecordName];

/** Values as the bytes of their changelog records, both ways; `path` is TABLE/KEY, for the error. */
export interface StateForm {
  decode(record: RecordName, bytes: Buffer, path: string): AnyRecord;
  encode(record: RecordName, value: AnyRecord): Buffer;
}

interface TableOptions<V> {
  readonly dueAt: ((value: V) => Instant | null) | undefined;
  readonly decode: (bytes: Buffer, key: string) => V;
  readonly encode: (value: V) => Buffer;
  readonly decodedMax: number;
}

/** One changed key; `value` is undefined where it was deleted. */
export interface StateChange {
  readonly table: string;
  readonly key: string;
  readonly record: RecordName;
  readonly value: AnyRecord | undefined;
  /** When the value falls due, in a table with timers; undefined where there are none. */
  readonly dueAt: Instant | null | undefined;
}

/** One record of the changelog. `dueAt` is undefined where the record does not say; then a table with timers decodes it. */
export interface RestoredState {
  readonly table: string;
  readonly key: KeyBytes;
  readonly bytes: Buffer | null;
  readonly dueAt: Instant | null | undefined;
}

class StateTable<V> implements Table<V> {
  readonly #options: TableOptions<V>;
  readonly #base = new Map<string, V>();
  /** Part of the base as well: keys that are not in the map, as they came from the changelog or would go there. */
  readonly #restored = new RestoredValues();
  readonly #overlay = new Map<string, V | undefined>();
  /** How often a key was deleted in the overlay: while it is 0, what is not found there is not there. */
  #deletions = 0;
  readonly #dueAt: ((value: V) => Instant | null) | undefined;
  readonly #index: DueIndex | null;

  constructor(options: TableOptions<V>) {
    this.#options = options;
    this.#dueAt = options.dueAt;
    this.#index =
      options.dueAt === undefined
        ? null
        : new DueIndex(
            (key) => this.#dueOf(key),
            (number) => this.#restored.keyOf(number),
          );
  }

  get(key: string): V | undefined {
    const changed = this.#overlay.get(key);
    if (changed !== undefined || (this.#deletions > 0 && this.#overlay.has(key))) return changed;
    const held = this.#base.get(key);
    return held === undefined && this.#restored.size > 0 ? this.#decoded(key) : held;
  }

  set(key: string, value: V): void {
    const before = this.#index === null ? undefined : this.get(key);
    this.#overlay.set(key, value);
    // A key that keeps its due time keeps its entry; a second one would stay in the heap until that time comes.
    if (before !== undefined && this.#dueAt?.(before) === this.#dueAt?.(value)) return;
    this.#schedule(key, value);
  }

  delete(key: string): void {
    this.#overlay.set(key, undefined);
    this.#deletions += 1;
  }

  due(now: Instant): readonly string[] {
    return this.#index?.due(now) ?? [];
  }

  keys(): Iterable<string> {
    const keys = new Set([...this.#base.keys(), ...this.#restored.keys()]);
    for (const [key, value] of this.#overlay) {
      if (value === undefined) keys.delete(key);
      else keys.add(key);
    }
    return [...keys].sort();
  }

  /** Puts a value of the changelog into the base as it is. Only before the first step: the map is empty until then. */
  restore({ key, bytes, dueAt }: RestoredState): void {
    if (bytes === null) {
      this.#restored.delete(key);
      return;
    }
    const number = this.#restored.set(key, bytes);
    if (this.#index === null) return;
    const at = dueAt === undefined ? this.#dueAtOfRestored(number) : dueAt;
    if (at !== null) this.#index.addRestored(number, at);
  }

  dueAtOf(value: V | undefined): Instant | null | undefined {
    return value === undefined ? undefined : this.#dueAt?.(value);
  }

  changed(): ReadonlyMap<string, V | undefined> {
    return this.#overlay;
  }

  commit(): void {
    const hasRestored = this.#restored.size > 0;
    for (const [key, value] of this.#overlay) {
      // A key is in one of the two, and one that was looked at is in the map already.
      if (hasRestored && !this.#base.has(key)) this.#restored.release(this.#restored.find(key));
      if (value === undefined) this.#base.delete(key);
      else this.#base.set(key, value);
    }
    this.#overlay.clear();
    this.#deletions = 0;
    if (this.#base.size > this.#options.decodedMax) this.#layAside();
  }

  get size(): number {
    return this.#base.size + this.#restored.size;
  }

  /**
   * Makes bytes of the values that have been in the map longest. One that is asked for again comes back as the youngest. The
   * walk ends here, because an iterator that is kept keeps every table the map has ever had.
   */
  #layAside(): void {
    for (const [key, value] of this.#base) {
      if (this.#base.size <= this.#options.decodedMax) return;
      this.#restored.set(keyBytes(key), this.#options.encode(value));
      this.#base.delete(key);
    }
  }

  /** Undefined where nothing was restored under the key. */
  #decoded(key: string): V | undefined {
    const number = this.#restored.find(key);
    if (number < 0) return undefined;
    const value = this.#options.decode(this.#restored.read(number), key);
    this.#restored.release(number);
    this.#base.set(key, value);
    return value;
  }

  #dueAtOfRestored(number: number): Instant | null {
    const value = this.#options.decode(this.#restored.read(number), this.#restored.keyOf(number));
    return this.#dueAt?.(value) ?? null;
  }

  #dueOf(key: string): Instant | null {
    const value = this.get(key);
    return value === undefined || this.#dueAt === undefined ? null : this.#dueAt(value);
  }

  #schedule(key: string, value: V): void {
    const at = this.#dueAt?.(value) ?? null;
    if (at !== null) this.#index?.add(key, at);
  }
}

export class Store {
  readonly tables: Readonly<Record<string, Table<AnyRecord>>>;
  readonly #tables: ReadonlyMap<string, StateTable<AnyRecord>>;
  readonly #rules: TableRules;

  /** `decodedMax` is for all tables together. */
  constructor(rules: TableRules, form: StateForm, decodedMax: number) {
    this.#rules = rules;
    const names = Object.keys(rules);
    const ofTable = Math.ceil(decodedMax / names.length);
    this.#tables = new Map(
      Object.entries(rules).map(([name, { record, dueAt }]): [string, StateTable<AnyRecord>] => {
        const decode = (bytes: Buffer, key: string): AnyRecord =>
          form.decode(record, bytes, `${name}/${key}`);
        const encode = (value: AnyRecord): Buffer => form.encode(record, value);
        return [name, new StateTable<AnyRecord>({ dueAt, decode, encode, decodedMax: ofTable })];
      }),
    );
    this.tables = Object.fromEntries(this.#tables);
  }

  /** Null when the service has no such table (any more). */
  recordOf(table: string): RecordName | null {
    return this.#rules[table]?.record ?? null;
  }

  restore(state: RestoredState): void {
    this.#tables.get(state.table)?.restore(state);
  }

  changes(): readonly StateChange[] {
    const changes: StateChange[] = [];
    for (const [table, state] of this.#tables) {
      const record = this.#rules[table]?.record;
      if (record === undefined) continue;
      for (const [key, value] of state.changed()) {
        changes.push({ table, key, record, value, dueAt: state.dueAtOf(value) });
      }
    }
    return changes;
  }

  /** Keys changed in the step under way, for projections. */
  changedKeys(table: string): readonly string[] {
    return [...(this.#tables.get(table)?.changed().keys() ?? [])];
  }

  commit(): void {
    for (const state of this.#tables.values()) state.commit();
  }

  /** How many keys each table holds, for metrics and tests. */
  sizes(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#tables].map(([name, state]) => [name, state.size]));
  }
}
