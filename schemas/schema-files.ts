/**
 * Where the .avsc files are: facts in `records/`, state of the services in `state/`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecordSchema, type RecordSchema } from './avro-schema.ts';

export interface SchemaFile {
  /** Relative to `schemas/`, with forward slashes. */
  readonly path: string;
  readonly schema: RecordSchema;
}

const FOLDERS = ['records', 'state'];

/** All record schemas below a `schemas/` folder, in order of path. */
export function readSchemaFiles(root: string): readonly SchemaFile[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.avsc'))
      .sort()
      .map((name) => ({
        path: `${folder}/${name}`,
        schema: parseRecordSchema(readFileSync(join(root, folder, name), 'utf8')),
      })),
  );
}
