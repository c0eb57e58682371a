/**
 * Where samples are and what belongs to one: `<record>/v<n>.avsc` (the schema of that version), `v<n>.json` (a value in
 * readable form) and `v<n>.hex` (its bytes).
 *
 * Invariant: a version that exists is never written again; that its bytes stay readable is what the samples are for.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeBody } from '../codec.ts';
import { RECORD_FILES, type RecordName } from '../generated/record-types.ts';
import { recordFromJson } from '../json-form.ts';
import { schemaOfRecord, schemaTextOfRecord } from '../record-type.ts';
import { sampleOf } from './sample-values.ts';

export interface Sample {
  readonly name: RecordName;
  readonly version: number;
  readonly schemaText: string;
  readonly json: unknown;
  readonly hex: string;
}

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** All versions of one record's sample, oldest first. */
export function samplesOf(name: RecordName): readonly Sample[] {
  const folder = folderOf(name);
  if (!existsSync(folder)) return [];
  const versions = readdirSync(folder).flatMap((file) => /^v(\d+)\.avsc$/.exec(file)?.[1] ?? []);
  return versions
    .map(Number)
    .sort((a, b) => a - b)
    .map((version) => ({
      name,
      version,
      schemaText: JSON.stringify(JSON.parse(read(name, `v${version}.avsc`))),
      json: JSON.parse(read(name, `v${version}.json`)),
      hex: read(name, `v${version}.hex`).replace(/\s/g, ''),
    }));
}

/** Adds a version for the schema as it is now, unless the newest sample has it. Returns whether it did. */
export function writeMissingSample(name: RecordName): boolean {
  const newest = samplesOf(name).at(-1);
  if (newest?.schemaText === schemaTextOfRecord(name)) return false;
  const schema = schemaOfRecord(name);
  const json = sampleOf(schema);
  const hex = encodeBody(name, recordFromJson(name, json)).toString('hex');
  const version = (newest?.version ?? 0) + 1;
  mkdirSync(folderOf(name), { recursive: true });
  write(name, `v${version}.avsc`, JSON.stringify(schema, null, 2));
  write(name, `v${version}.json`, JSON.stringify(json, null, 2));
  write(name, `v${version}.hex`, hex.replace(/.{100}/g, '$&\n'));
  return true;
}

function folderOf(name: RecordName): string {
  return join(FOLDER, RECORD_FILES[name].replace(/^.*\//, '').replace(/\.avsc$/, ''));
}

function read(name: RecordName, file: string): string {
  return readFileSync(join(folderOf(name), file), 'utf8');
}

function write(name: RecordName, file: string, content: string): void {
  writeFileSync(join(folderOf(name), file), `${content}\n`, { flag: 'wx' });
}
