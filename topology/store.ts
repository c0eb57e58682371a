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
 */
import type { RecordName, RecordTypes } from '../schemas/generated/record-types.ts';
import type { Instant } from '../schemas/instant.ts';
import { DueIndex } from './due-index.ts';
import type { KeyBytes } from './key-bytes.ts';
import type { Table, TableRules } from './processor.ts';
import { RestoredValues } from './restored-values.ts';

type AnyRecord = RecordTypes[RecordName];

/** Decodes the bytes of a changelog record; `path` is TABLE/KEY, for the error. */
export type StateDecoder = (record: RecordName, bytes: Buffer, path: string) => AnyRecord;

const noDecoder: StateDecoder = (_, __, path) => {
  throw new Error(`${path} was restored into a store that cannot decode`);
};

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
  readonly #base = new Map<string, V>();
  /** Part of the base as well: keys that are not in the map, as they came from the changelog. */
  readonly #restored = new RestoredValues();
  readonly #decode: (bytes: Buffer, key: string) => V;
  readonly #overlay = new Map<string, V | undefined>();
  /** How often a key was deleted in the overlay: while it is 0, what is not found there is not there. */
  #deletions = 0;
  readonly #dueAt: ((value: V) => Instant | null) | undefined;
  readonly #index: DueIndex | null;

  constructor(dueAt: ((value: V) => Instant | null) | undefined, decode: (bytes: Buffer, key: string) => V) {
    this.#dueAt = dueAt;
    this.#decode = decode;
    this.#index =
      dueAt === undefined
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
  }

  get size(): number {
    return this.#base.size + this.#restored.size;
  }

  /** Undefined where nothing was restored under the key. */
  #decoded(key: string): V | undefined {
    const number = this.#restored.find(key);
    if (number < 0) return undefined;
    const value = this.#decode(this.#restored.read(number), key);
    this.#restored.release(number);
    this.#base.set(key, value);
    return value;
  }

  #dueAtOfRestored(number: number): Instant | null {
    const value = this.#decode(this.#restored.read(number), this.#restored.keyOf(number));
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

  constructor(rules: TableRules, decode: StateDecoder = noDecoder) {
    this.#rules = rules;
    this.#tables = new Map(
      Object.entries(rules).map(([name, rule]): [string, StateTable<AnyRecord>] => [
        name,
        new StateTable<AnyRecord>(rule.dueAt, (bytes, key) => decode(rule.record, bytes, `${name}/${key}`)),
      ]),
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
