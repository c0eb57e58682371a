/**
 * The state of one task: keyed tables, seen with the changes of the step under way.
 *
 * Boundary: memory only. What must survive goes to the changelog (`transact.ts`) and comes back from it (`restore.ts`).
 *
 * Invariants:
 *  1. A write lands beside the value before the step; that changes only in `commit`.
 *  2. `changes` lists each changed key once, however often it changed, in the order of first change.
 *  3. A store whose step failed is thrown away, never repaired.
 *  4. A restored value stays encoded until it is asked for: a task is working again before its state was decoded.
 *  5. At most `decodedMax` values of a table are held decoded between steps; the others are bytes outside the heap. So a heap
 *     that is kept small bounds the speed of a large state, and not its size.
 */
import type { Extent } from '../schemas/extent.ts';
import type { RecordName, RecordTypes } from '../schemas/generated/record-types.ts';
import type { Instant } from '../schemas/instant.ts';
import { DueIndex } from './due-index.ts';
import { keyBytes } from './key-bytes.ts';
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
  readonly key: Extent;
  readonly bytes: Buffer | null;
  readonly dueAt: Instant | null | undefined;
}

/** A key with its value before the step under way, and after it where the step has changed it. */
class Slot<V> {
  readonly key: string;
  base: V | undefined;
  next: V | undefined = undefined;
  isChanged = false;

  constructor(key: string, base: V | undefined) {
    this.key = key;
    this.base = base;
  }

  get value(): V | undefined {
    return this.isChanged ? this.next : this.base;
  }
}

class StateTable<V> implements Table<V> {
  readonly #options: TableOptions<V>;
  readonly #slots = new Map<string, Slot<V>>();
  /** Values that no step has looked at yet, or not for long, as their changelog records have them. */
  readonly #restored = new RestoredValues();
  /** Slots that were changed in this step, in the order of their first change. */
  #changed: Slot<V>[] = [];
  /** Slots that this step has added. */
  #added = 0;
  /** That of the last look-up: what is asked for is what is changed next. */
  #last: Slot<V> | undefined;
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
    const slot = this.#slotOf(key);
    if (slot !== undefined) return slot.value;
    return this.#restored.size > 0 ? this.#decoded(key) : undefined;
  }

  set(key: string, value: V): void {
    const before = this.#index === null ? undefined : this.get(key);
    this.#change(key, value);
    // A key that keeps its due time keeps its entry; a second one would stay in the heap until that time comes.
    if (before !== undefined && this.#dueAt?.(before) === this.#dueAt?.(value)) return;
    this.#schedule(key, value);
  }

  delete(key: string): void {
    this.#change(key, undefined);
  }

  due(now: Instant): readonly string[] {
    return this.#index?.due(now) ?? [];
  }

  keys(): Iterable<string> {
    const keys = new Set(this.#restored.keys());
    for (const [key, { value }] of this.#slots) {
      if (value === undefined) keys.delete(key);
      else keys.add(key);
    }
    return [...keys].sort();
  }

  /** Puts a value of the changelog into the base as it is. Only before the first step: there are no slots until then. */
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

  changed(): readonly Slot<V>[] {
    return this.#changed;
  }

  commit(): void {
    const hasRestored = this.#restored.size > 0;
    for (const slot of this.#changed) {
      // A value is in one of the two, and one that was looked at is in its slot already.
      if (hasRestored && slot.base === undefined) this.#restored.release(this.#restored.find(slot.key));
      slot.base = slot.next;
      slot.next = undefined;
      slot.isChanged = false;
      if (slot.base === undefined) this.#slots.delete(slot.key);
    }
    this.#changed = [];
    this.#added = 0;
    this.#last = undefined;
    if (this.#slots.size > this.#options.decodedMax) this.#layAside();
  }

  /** Keys before the step under way. */
  get size(): number {
    return this.#slots.size - this.#added + this.#restored.size;
  }

  #slotOf(key: string): Slot<V> | undefined {
    if (this.#last?.key === key) return this.#last;
    const slot = this.#slots.get(key);
    if (slot !== undefined) this.#last = slot;
    return slot;
  }

  #change(key: string, value: V | undefined): void {
    const slot = this.#slotOf(key) ?? this.#add(key);
    slot.next = value;
    if (slot.isChanged) return;
    slot.isChanged = true;
    this.#changed.push(slot);
  }

  #add(key: string): Slot<V> {
    const slot = new Slot<V>(key, undefined);
    this.#slots.set(key, slot);
    this.#added += 1;
    return slot;
  }

  /**
   * Makes bytes of the values that have been decoded longest. One that is asked for again comes back as the youngest. The
   * walk ends here, because an iterator that is kept keeps every table the map has ever had.
   */
  #layAside(): void {
    for (const [key, { base }] of this.#slots) {
      if (this.#slots.size <= this.#options.decodedMax) return;
      if (base !== undefined) this.#restored.set(keyBytes(key), this.#options.encode(base));
      this.#slots.delete(key);
    }
  }

  /** Undefined where nothing was restored under the key. */
  #decoded(key: string): V | undefined {
    const number = this.#restored.find(key);
    if (number < 0) return undefined;
    const value = this.#options.decode(this.#restored.read(number), key);
    this.#restored.release(number);
    this.#slots.set(key, new Slot<V>(key, value));
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
      for (const { key, value } of state.changed()) {
        changes.push({ table, key, record, value, dueAt: state.dueAtOf(value) });
      }
    }
    return changes;
  }

  /** Keys changed in the step under way, for projections. */
  changedKeys(table: string): readonly string[] {
    return (this.#tables.get(table)?.changed() ?? []).map(({ key }) => key);
  }

  commit(): void {
    for (const state of this.#tables.values()) state.commit();
  }

  /** How many keys each table holds, for metrics and tests. */
  sizes(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#tables].map(([name, state]) => [name, state.size]));
  }
}
