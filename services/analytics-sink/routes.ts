/**
 * Which topic fills which table.
 *
 * Job: bind each topic to its record type and table, and turn one log record into rows.
 * Boundary: no I/O; the schema of every record is loaded before (`unknownSchemas`).
 *
 * Invariant: these are our own services' outputs, so a record that cannot be read means that an invariant is broken
 * somewhere. It is an `UnreadableRecord` with the record's address, and the sink stops; it is never skipped.
 */
import { decodeFramed, frameId } from '../../schemas/codec.ts';
import type { RecordName, RecordTypes } from '../../schemas/generated/record-types.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import type { LogRecord } from '../../topology/log.ts';
import { bytesOfValue } from '../../topology/record-extents.ts';
import { SERVICES, serviceTopics } from '../../topology/topics.ts';
import type { RowWriter } from './row-writer.ts';
import { balancesTable } from './rows/balances.ts';
import { chargesTable } from './rows/charges.ts';
import { invoiceRollupsTable, invoicesTable } from './rows/invoices.ts';
import { journalTable } from './rows/journal.ts';
import { outcomeDecisionsTable } from './rows/outcome-decisions.ts';
import { deadLettersTable, refusalsTable } from './rows/rejected.ts';
import { stepsTable } from './rows/steps.ts';
import { usageTable } from './rows/usage.ts';
import type { Table } from './table.ts';

export interface Route {
  readonly topic: string;
  readonly table: string;
  readonly columns: Table<never>['columns'];
  /** Somebody may be waiting for its rows. For steps, which every clock tick brings, nobody is. */
  readonly isAwaited: boolean;
  append(out: RowWriter, record: LogRecord): void;
}

export class UnreadableRecord extends Error {
  constructor(record: LogRecord, code: string, reason: string) {
    super(`${record.topic}/${record.partition}@${record.offset} cannot be stored (${code}): ${reason}`);
    this.name = 'UnreadableRecord';
  }
}

/** Every topic the sink reads. */
export function routesOf(directory: SchemaDirectory): readonly Route[] {
  return [
    routeOf('cost-events', decoder('CostEvent', directory), usageTable),
    routeOf('charges', decoder('Charge', directory), chargesTable),
    routeOf('journal', decoder('JournalEntry', directory), journalTable),
    routeOf('outcome-decisions', decoder('OutcomeDecision', directory), outcomeDecisionsTable),
    routeOf('invoices', decoder('Invoice', directory), invoicesTable),
    routeOf('invoice-rollups', decoder('InvoiceRollup', directory), invoiceRollupsTable),
    routeOf('balances', decoder('Balance', directory), balancesTable),
    ...SERVICES.map((service) => rejectedRoute(serviceTopics(service).rejected, directory)),
    ...SERVICES.map((service) => ({
      ...routeOf(serviceTopics(service).steps, decoder('Step', directory), stepsTable),
      isAwaited: false,
    })),
  ];
}

/** Ids of schemas that these records name and the directory does not hold yet. */
export function unknownSchemas(
  records: readonly LogRecord[],
  directory: SchemaDirectory,
): ReadonlySet<number> {
  const unknown = new Set<number>();
  for (const { value } of records) {
    const id = value === null ? undefined : frameId(value);
    if (id !== undefined && directory.writerSchema(id) === undefined) unknown.add(id);
  }
  return unknown;
}

type Decode<V> = (record: LogRecord) => V;

function routeOf<V>(topic: string, decode: Decode<V>, table: Table<V>): Route {
  return {
    topic,
    table: table.name,
    columns: table.columns,
    isAwaited: true,
    append: (out, record) => writeRows(out, record, { table, value: decode(record) }),
  };
}

/** A rejected topic carries two kinds of record; the writer's schema says which one this is. */
function rejectedRoute(topic: string, directory: SchemaDirectory): Route {
  const refusal = routeOf(topic, decoder('Refusal', directory), refusalsTable);
  const deadLetter = routeOf(topic, decoder('DeadLetter', directory), deadLettersTable);
  return {
    ...refusal,
    append(out, record) {
      const bytes = bytesOfValue(record);
      const id = bytes === null ? undefined : frameId(bytes);
      const name = id === undefined ? null : directory.writerSchema(id)?.recordName;
      (name === 'DeadLetter' ? deadLetter : refusal).append(out, record);
    },
  };
}

function decoder<N extends RecordName>(name: N, directory: SchemaDirectory): Decode<RecordTypes[N]> {
  const resolve = directory.writerSchema.bind(directory);
  return (record) => {
    const bytes = bytesOfValue(record);
    if (bytes === null) throw new UnreadableRecord(record, 'missing_value', 'the record has no value');
    const decoded = decodeFramed(name, bytes, resolve);
    if (!decoded.ok) throw new UnreadableRecord(record, decoded.code, decoded.message);
    return decoded.value;
  };
}

function writeRows<V>(
  out: RowWriter,
  record: LogRecord,
  what: { readonly table: Table<V>; readonly value: V },
): void {
  try {
    what.table.write(out, what.value, record);
  } catch (error) {
    throw new UnreadableRecord(record, 'unwritable', error instanceof Error ? error.message : String(error));
  }
}
