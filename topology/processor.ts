/**
 * The contract between the runtime and a service: what a processor is given and what it may answer.
 *
 * Job: types only. A processor is a pure function over its input partitions. `decide` looks at state and one input and
 * says what follows; `evolve` is the only place where state changes, and only through a fact that was read or is being
 * written. The runtime calls decide, then evolve with the input, then evolve with each output, and at the end of a
 * step the projections of every changed key.
 *
 * Invariants:
 *  1. No clock, randomness, environment, logging or promise inside a processor (time arrives as clock-ticks).
 *  2. The same inputs in the same order give the same outputs, byte for byte.
 *  3. Values held in tables are immutable; a change replaces the value.
 */
import type { Cause } from '../schemas/generated/charge.ts';
import type { RecordName, RecordTypes } from '../schemas/generated/record-types.ts';
import type { Instant } from '../schemas/instant.ts';
import type { RefusalCode } from '../schemas/refusals.ts';
import type { RecordOf, ServiceName, TopicName } from './topics.ts';

/** One readable (and, for usage-events, admitted) record, with its place in the log and the task's stream time. */
export type Input<T extends TopicName = TopicName> = {
  readonly [K in T]: {
    readonly topic: K;
    readonly value: RecordTypes[RecordOf<K>];
    readonly cause: Cause;
    /** Append time of the record. */
    readonly recordedAt: Instant;
    /** Largest clock tick this task has taken, this record included; null before the first. */
    readonly streamTime: Instant | null;
  };
}[T];

/** One record to be written, keyed by account. */
export type Output<T extends TopicName = TopicName> = {
  readonly [K in T]: { readonly topic: K; readonly key: string; readonly value: RecordTypes[RecordOf<K>] };
}[T];

/** A readable record that is not acceptable. The runtime adds service, origin and time, and whether it is transient. */
export interface RefusalOutput {
  readonly topic: 'rejected';
  readonly code: RefusalCode;
  readonly field: string | null;
  readonly message: string;
  readonly accountId: string | null;
  readonly recordId: string | null;
}

/** A keyed, changelogged part of a task's state, seen with the changes of the step under way. */
export interface Table<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  /** Keys whose `dueAt` is at or before `now`, in order of due time, then key. */
  due(now: Instant): readonly string[];
  /** All keys in ascending order (the same after a restore); for rare events such as a new price version. */
  keys(): Iterable<string>;
}

/** Declares a table: the state record its values are encoded as and, for timers, when a value falls due. */
export interface TableRule<N extends RecordName> {
  readonly record: N;
  dueAt?(value: RecordTypes[N]): Instant | null;
}

export type TableRules = Readonly<Record<string, TableRule<RecordName>>>;

export type TablesOf<R> = {
  readonly [K in keyof R]: R[K] extends TableRule<infer N> ? Table<RecordTypes[N]> : never;
};

/** Declared as a method so that a processor of known tables is also a processor of any tables. */
type Projection<R extends object, Out extends TopicName> = {
  project(tables: TablesOf<R>, key: string): readonly Output<Out>[];
}['project'];

export interface Processor<R extends object, In extends TopicName, Out extends TopicName> {
  readonly service: ServiceName;
  /** Whether this service writes the refusals of admission; exactly one reader of usage-events does. */
  readonly publishesAdmission?: true;
  /** In the order in which a step takes them: reference data first, clock ticks last. */
  readonly inputs: readonly In[];
  readonly outputs: readonly Out[];
  /**
   * Of the records of an input the fields that are looked at, as names or paths such as `components.quantity`; the others
   * are not decoded, and looking at one is an error. Only of topics that our own services write. Absent: all fields.
   */
  readonly reads?: { readonly [K in In]?: readonly string[] };
  readonly tables: R;
  decide(tables: TablesOf<R>, input: Input<In>): readonly (Output<Out> | RefusalOutput)[];
  evolve(tables: TablesOf<R>, fact: Input<In> | Output<Out>): void;
  /** By table: what the world may see of a changed key, once a step (balances, invoice drafts). */
  readonly projections?: { readonly [K in keyof R]?: Projection<R, Out> };
}

/** What the runtime holds: any processor, with the types of its tables and topics widened. */
export type AnyProcessor = Processor<TableRules, TopicName, TopicName>;

/** Keeps literal types of a table rule while checking it. */
export function table<N extends RecordName>(
  record: N,
  dueAt?: (value: RecordTypes[N]) => Instant | null,
): TableRule<N> {
  return dueAt === undefined ? { record } : { record, dueAt };
}

/** Keeps the literal types of a processor while checking it against the contract. */
export function defineProcessor<R extends object, In extends TopicName, Out extends TopicName>(
  processor: Processor<R, In, Out>,
): Processor<R, In, Out> {
  return processor;
}
