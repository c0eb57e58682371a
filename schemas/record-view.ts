/**
 * A record of ours of which a reader takes some fields only: what it does not look at is skipped and never made, as Avro's
 * schema resolution provides.
 *
 * Boundary: for records of our own services. What is skipped is not judged, and what comes from outside must be.
 *
 * Invariants:
 *  1. What is read is what reading the whole record gives; a writer that cannot be read whole cannot be read in part.
 *  2. Looking at a field that was left out is an error that names it, never `undefined`.
 */
import avsc, { type Type } from 'avsc';
import { type AvroType, type FieldSchema, isUnion, type RecordSchema } from './avro-schema.ts';
import { typeOfSchema } from './avro-type.ts';
import type { RecordName } from './generated/record-types.ts';
import { schemaOfRecord } from './record-type.ts';

export class RecordView<N extends RecordName = RecordName> {
  readonly record: N;
  readonly type: Type;

  /** `fields` are names, or paths such as `components.quantity` where a field holds records. */
  constructor(record: N, fields: readonly string[]) {
    const whole = schemaOfRecord(record);
    this.record = record;
    this.type = typeOfSchema(narrowed(whole, fields));
    refuseOthers(this.type, whole);
  }
}

function narrowed(whole: RecordSchema, paths: readonly string[]): RecordSchema {
  const below = Map.groupBy(paths, (path) => path.split('.')[0] ?? '');
  const known = new Set(whole.fields.map(({ name }) => name));
  for (const name of below.keys()) {
    if (!known.has(name)) throw new Error(`${whole.name} has no field ${name}`);
  }
  const fields = whole.fields.flatMap((field): FieldSchema[] => {
    const rest = below.get(field.name)?.map((path) => path.slice(field.name.length + 1));
    if (rest === undefined) return [];
    return [rest.includes('') ? field : { ...field, type: narrowedInside(field.type, rest) }];
  });
  return { ...whole, fields };
}

function narrowedInside(type: AvroType, paths: readonly string[]): AvroType {
  if (typeof type === 'string') throw noFields(type, paths);
  if (isUnion(type)) return type.map((part) => (part === 'null' ? part : narrowedInside(part, paths)));
  if ('fields' in type) return narrowed(type, paths);
  if (type.items === undefined) throw noFields(type.type, paths);
  return { ...type, items: narrowedInside(type.items, paths) };
}

function noFields(type: string, paths: readonly string[]): Error {
  return new Error(`${paths[0]} is a path into ${type}, which has no fields that can be named`);
}

/** What avsc makes has the fields that were read; the others of the whole record are made to say that they were left out. */
function refuseOthers(type: Type, whole: AvroType): void {
  if (typeof whole === 'string') return;
  if (type instanceof avsc.types.ArrayType) {
    if (!isUnion(whole) && 'items' in whole) refuseOthers(type.itemsType, whole.items ?? 'null');
  } else if (type instanceof avsc.types.UnwrappedUnionType) {
    if (!isUnion(whole)) return;
    for (const [at, branch] of type.types.entries()) refuseOthers(branch, whole[at] ?? 'null');
  } else if (type instanceof avsc.types.RecordType && !isUnion(whole) && 'fields' in whole) {
    const { prototype }: { readonly prototype: object } = type.recordConstructor;
    for (const { name, type: ofField } of whole.fields) {
      const read = type.field(name);
      if (read !== undefined) refuseOthers(read.type, ofField);
      else Object.defineProperty(prototype, name, { get: () => leftOut(whole.name, name) });
    }
  }
}

function leftOut(record: string, field: string): never {
  throw new Error(`${record}.${field} was not read: name it among the fields that are`);
}
