/**
 * Our records' schemas and avsc types, each read from its .avsc file the first time it is asked for.
 */
import { readFileSync } from 'node:fs';
import type { Type } from 'avsc';
import { parseRecordSchema, type RecordSchema } from './avro-schema.ts';
import { typeOfSchema } from './avro-type.ts';
import { RECORD_FILES, type RecordName } from './generated/record-types.ts';

interface Loaded {
  readonly schema: RecordSchema;
  readonly text: string;
  readonly type: Type;
}

const loaded = new Map<RecordName, Loaded>();

export function typeOfRecord(name: RecordName): Type {
  return load(name).type;
}

export function schemaOfRecord(name: RecordName): RecordSchema {
  return load(name).schema;
}

/** The schema as registered: minified, with documentation. */
export function schemaTextOfRecord(name: RecordName): string {
  return load(name).text;
}

function load(name: RecordName): Loaded {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(RECORD_FILES[name], import.meta.url), 'utf8');
  const schema = parseRecordSchema(text);
  const entry: Loaded = { schema, text: JSON.stringify(schema), type: typeOfSchema(schema) };
  loaded.set(name, entry);
  return entry;
}
