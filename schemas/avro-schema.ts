/**
 * The shape of an Avro schema as JSON, as far as our records use it.
 *
 * Job: read an .avsc file into a typed tree for the generator, the codec and the JSON form.
 * Boundary: no encoding. Our own attributes beside Avro's are `brand` (a TypeScript brand for a string) and nothing else.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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

export interface SchemaFile {
  /** Relative to `schemas/`, with forward slashes. */
  readonly path: string;
  readonly schema: RecordSchema;
}

const FOLDERS = ['records', 'state'];

export function parseRecordSchema(text: string): RecordSchema {
  const schema: RecordSchema = JSON.parse(text);
  if (schema?.type !== 'record' || typeof schema.name !== 'string' || !Array.isArray(schema.fields)) {
    throw new Error('the schema is not an Avro record with a name and fields');
  }
  return schema;
}

/** All record schemas below a `schemas/` folder, in order of path. */
export function readSchemaFiles(root: string): readonly SchemaFile[] {
  return FOLDERS.flatMap((folder) => {
    const names = readdirSync(join(root, folder), { withFileTypes: true, recursive: false });
    return names
      .filter((entry) => entry.isFile() && entry.name.endsWith('.avsc'))
      .map((entry) => `${folder}/${entry.name}`)
      .sort()
      .map((path) => ({ path, schema: parseRecordSchema(readFileSync(join(root, path), 'utf8')) }));
  });
}
