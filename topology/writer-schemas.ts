/**
 * Loads the schemas that a batch needs before it is evaluated.
 *
 * Invariant: a record whose schema id stays unknown after `schemaAttemptsMax` questions is named as held, so that the
 * step record can say so; nothing is dropped.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { frameId } from '../schemas/codec.ts';
import type { SchemaDirectory } from '../schemas/schema-directory.ts';
import type { Limits } from './limits.ts';
import { bytesOfValue } from './record-extents.ts';
import { type BatchSlice, heldKey } from './step.ts';

const NO_SCHEMA = -1;

/** Keys (`heldKey`) of the records in `slices` that nobody can read yet. */
export async function resolveSchemas(
  directory: SchemaDirectory,
  slices: readonly BatchSlice[],
  limits: Limits,
): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (const [id, keys] of unresolvedIn(directory, slices)) {
    if ((await loadSchema(directory, id, limits)) === 'unknown') for (const key of keys) held.add(key);
  }
  return held;
}

function unresolvedIn(
  directory: SchemaDirectory,
  slices: readonly BatchSlice[],
): ReadonlyMap<number, readonly string[]> {
  const unresolved = new Map<number, string[]>();
  let known = NO_SCHEMA;
  for (const { topic, records } of slices) {
    for (const record of records) {
      const value = bytesOfValue(record);
      const id = value === null ? undefined : frameId(value);
      if (id === undefined || id === known) continue;
      if (directory.writerSchema(id) !== undefined) {
        known = id;
        continue;
      }
      unresolved.set(id, [...(unresolved.get(id) ?? []), heldKey(topic, record.offset)]);
    }
  }
  return unresolved;
}

async function loadSchema(
  directory: SchemaDirectory,
  id: number,
  { schemaAttemptsMax, schemaPauseMs }: Limits,
): Promise<'loaded' | 'unknown'> {
  for (let attempt = 1; attempt <= schemaAttemptsMax; attempt += 1) {
    if ((await directory.load(id)) === 'loaded') return 'loaded';
    if (attempt < schemaAttemptsMax) await pause(schemaPauseMs);
  }
  return 'unknown';
}
