/**
 * The shape of an Avro schema as JSON, as far as our records use it.
 *
 * Job: turn the text of a schema into a typed tree for the generator, the codec and the JSON form.
 * Boundary: no files, no encoding. Our own attributes beside Avro's are `brand` (a TypeScript brand for a string) and nothing else.
 */
export type AvroType = string | readonly AvroType[] | RecordSchema | AvroNode;

export interface FieldSchema {
  readonly name: string;
  readonly type: AvroType;
  readonly doc?: string;
  readonly default?: unknown;
}

export interface RecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields: readonly FieldSchema[];
}

/** Arrays, maps and annotated primitives. */
interface AvroNode {
  readonly type: 'array' | 'map' | 'string' | 'bytes' | 'int' | 'long' | 'boolean' | 'null';
  readonly items?: AvroType;
  readonly values?: AvroType;
  readonly brand?: string;
  readonly logicalType?: string;
  readonly precision?: number;
  readonly scale?: number;
}

export function parseRecordSchema(text: string): RecordSchema {
  const schema: RecordSchema = JSON.parse(text);
  if (schema?.type !== 'record' || typeof schema.name !== 'string' || !Array.isArray(schema.fields)) {
    throw new Error('the schema is not an Avro record with a name and fields');
  }
  return schema;
}

/** Every record declared in a schema, itself included, by name. */
export function namedRecords(type: AvroType): ReadonlyMap<string, RecordSchema> {
  if (typeof type === 'string') return new Map();
  const parts: readonly AvroType[] = isUnion(type)
    ? type
    : 'fields' in type
      ? type.fields.map((field) => field.type)
      : [type.items ?? 'null', type.values ?? 'null'];
  const names = new Map(parts.flatMap((part) => [...namedRecords(part)]));
  return isUnion(type) || !('fields' in type) ? names : names.set(type.name, type);
}

export function isUnion(type: AvroType): type is readonly AvroType[] {
  return Array.isArray(type);
}
