/**
 * The port to the schema registry: which id our schema has, and which schema an id means.
 *
 * Job: keep the hot path synchronous. Ids of our own records are known from the start; a foreign id is looked up in
 * memory, and only a miss leads to `load`. Boundary: registering schemas is a deploy step (`register.ts`).
 */
import type { RecordName } from './generated/record-types.ts';
import type { WriterSchema } from './writer-schema.ts';

export interface SchemaDirectory {
  /** Throws for a record that was not asked for when the directory was made. */
  idOf(name: RecordName): number;
  /** From memory only. */
  writerSchema(id: number): WriterSchema | undefined;
  /** Asks the registry. `unknown` is its answer; no answer is a `RegistryUnreachable`, to be tried again. */
  load(id: number): Promise<'loaded' | 'unknown'>;
}

/** A subject of the registry and the record that is written under it. */
export interface SubjectRecord {
  readonly subject: string;
  readonly recordName: RecordName;
}

/** The registry did not answer, or answered that it cannot answer now. */
export class RegistryUnreachable extends Error {
  readonly retriable = true;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'RegistryUnreachable';
  }
}
