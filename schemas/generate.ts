/**
 * Writes `schemas/generated/` from the .avsc files (`npm run generate`); with `--check` it only compares.
 *
 * Invariants: 1. One file per schema, plus `record-types.ts`; a file that no schema asks for is removed.
 *             2. Record names are unique over both folders, because a name is how code asks for a record.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emitRecordFile, emitRecordTypes, moduleOf } from './generate-types.ts';
import { readSchemaFiles, type SchemaFile } from './schema-files.ts';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const TARGET = join(ROOT, 'generated');

/** The wanted content of every generated file, by file name. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schemas = readSchemaFiles(ROOT);
  refuseDuplicates(schemas);
  const files = new Map(
    schemas.map(({ path, schema }) => [moduleOf(path), inFile(path, () => emitRecordFile(path, schema))]),
  );
  const names = schemas.map(({ path, schema }) => ({ path, name: schema.name }));
  return files.set('record-types.ts', emitRecordTypes(names));
}

/** Names of generated files that are missing, different or left over. */
export function staleFiles(): readonly string[] {
  const wanted = generatedFiles();
  const present = new Set(readdirSync(TARGET));
  const wrong = [...wanted].filter(
    ([name, content]) => !present.has(name) || readFileSync(join(TARGET, name), 'utf8') !== content,
  );
  return [...wrong.map(([name]) => name), ...[...present].filter((name) => !wanted.has(name))];
}

function refuseDuplicates(schemas: readonly SchemaFile[]): void {
  const seen = new Map<string, string>();
  for (const { path, schema } of schemas) {
    for (const key of [schema.name, moduleOf(path)]) {
      const other = seen.get(key);
      if (other !== undefined) throw new Error(`${key} comes from both ${other} and ${path}`);
      seen.set(key, path);
    }
  }
}

function inFile<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function main(check: boolean): void {
  mkdirSync(TARGET, { recursive: true });
  const stale = staleFiles();
  if (check) {
    if (stale.length > 0) console.error(`stale, run npm run generate: ${stale.join(', ')}`);
    process.exitCode = stale.length > 0 ? 1 : 0;
    return;
  }
  const wanted = generatedFiles();
  for (const name of stale) {
    const content = wanted.get(name);
    if (content === undefined) rmSync(join(TARGET, name));
    else writeFileSync(join(TARGET, name), content);
  }
  console.log(`${wanted.size} generated files, ${stale.length} changed`);
}

if (import.meta.main) main(process.argv.includes('--check'));
