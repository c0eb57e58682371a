/**
 * How to read one writer's bytes as one of our records, made once per pair.
 *
 * Invariants: 1. A writer with our own schema is read directly; any other goes through a resolver.
 *             2. A pair that does not fit is remembered as such, so that a flood of bad records stays cheap.
 */
import type { Type } from 'avsc';
import { type Readable, readIn } from './avro-bytes.ts';
import { DecodeFault } from './avro-tap.ts';
import type { Extent } from './extent.ts';
import type { RecordName } from './generated/record-types.ts';
import { schemaTextOfRecord, typeOfRecord } from './record-type.ts';
import type { RecordView } from './record-view.ts';
import type { WriterSchema } from './writer-schema.ts';

export interface DecodePlan {
  /** Our own type where the writer's schema is our own, otherwise what resolves the one to the other. */
  readonly reader: Readable;
}

export interface Mismatch {
  readonly mismatch: string;
}

/** A record as a whole, or a part of it. */
export type Reader<N extends RecordName = RecordName> = N | RecordView<N>;

export function planFor(writer: WriterSchema, reader: Reader): DecodePlan | Mismatch {
  const known = writer.plans.get(reader);
  if (known !== undefined) return known;
  const plan = typeof reader === 'string' ? makePlan(writer, reader) : makePlanOfView(writer, reader);
  writer.plans.set(reader, plan);
  return plan;
}

/** The field in which reading fails: the fields of the writer are read one by one until one of them fails. */
export function failingField(writer: WriterSchema, { memory, from, to }: Extent): string | undefined {
  let at = from;
  for (const field of fieldsOf(writer.type)) {
    try {
      const read = readIn(readable(field.type), { memory, from: at, to });
      if (read === undefined) return field.name;
      at = read.behind;
    } catch {
      return field.name;
    }
  }
  return undefined;
}

/** What went wrong, in words and as a code; anything avsc throws means that the bytes do not follow the schema. */
export function faultOf(error: unknown): { readonly code: DecodeFault['code']; readonly message: string } {
  if (error instanceof DecodeFault) return error;
  return { code: 'undecodable', message: error instanceof Error ? error.message : String(error) };
}

function makePlan(writer: WriterSchema, name: RecordName): DecodePlan | Mismatch {
  if (writer.type === null) return { mismatch: `schema ${writer.id} is not an Avro schema we can use` };
  const reader = typeOfRecord(name);
  if (writer.text === schemaTextOfRecord(name)) return { reader: readable(reader) };
  try {
    return { reader: readable(reader.createResolver(writer.type)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { mismatch: `schema ${writer.id} cannot be read as ${name}: ${reason.slice(0, 300)}` };
  }
}

function makePlanOfView(writer: WriterSchema, { record, type }: RecordView): DecodePlan | Mismatch {
  const whole = planFor(writer, record);
  if ('mismatch' in whole || writer.type === null) return whole;
  return { reader: readable(type.createResolver(writer.type)) };
}

/** avsc's typings leave it out, but every type and every resolver has it. */
function readable(type: Type | ReturnType<Type['createResolver']>): Readable {
  return type as unknown as Readable;
}

function fieldsOf(type: Type | null): readonly { readonly name: string; readonly type: Type }[] {
  return type !== null && 'fields' in type ? (type.fields as { name: string; type: Type }[]) : [];
}
