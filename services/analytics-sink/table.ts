/**
 * What a table of the analytics store is to the sink: its name, its columns in order, and how a value fills them.
 *
 * Invariant: every table begins with the four columns of the origin, so that each row says which record it came from.
 */
import type { RowWriter } from './row-writer.ts';

/** The place of a record in the log. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly appendedAt: number;
}

export type Column<V> = readonly [name: string, write: (out: RowWriter, value: V) => void];

export interface Table<V> {
  readonly name: string;
  readonly columns: readonly [string, ...string[]];
  /** Writes all rows of one record. */
  write(out: RowWriter, value: V, origin: Origin): void;
}

/** One row per record. */
export function tableOf<V>(name: string, columns: readonly Column<V>[]): Table<V> {
  return tableOfParts<V, V>(name, (value) => [value], columns);
}

/** One row per part of a record, all of them under the record's offset. */
export function tableOfParts<V, P>(
  name: string,
  partsOf: (value: V) => readonly P[],
  columns: readonly Column<P>[],
): Table<V> {
  const writers = columns.map(([, write]) => write);
  return {
    name,
    columns: [...ORIGIN_COLUMNS, ...columns.map(([column]) => column)],
    write(out, value, origin) {
      for (const part of partsOf(value)) {
        writeOrigin(out, origin);
        for (const write of writers) write(out, part);
        out.endRow();
      }
    },
  };
}

/** The columns of a record's cause, for any record that has one. */
export function causeColumns<
  V extends { readonly cause: Pick<Origin, 'topic' | 'partition' | 'offset'> },
>(): readonly Column<V>[] {
  return [
    ['cause_topic', (out, value) => out.text(value.cause.topic)],
    ['cause_partition', (out, value) => out.integer(value.cause.partition)],
    ['cause_offset', (out, value) => out.integer(value.cause.offset)],
  ];
}

const ORIGIN_COLUMNS: readonly [string, ...string[]] = ['_topic', '_partition', '_offset', '_recorded_at'];

function writeOrigin(out: RowWriter, origin: Origin): void {
  out.text(origin.topic);
  out.integer(origin.partition);
  out.integer(origin.offset);
  out.instant(origin.appendedAt);
}
