/**
 * A schema directory without a registry, for tests and simulation.
 *
 * Invariant: ids are made from the schemas, so bytes written in one run are readable in every other.
 */
import { RECORD_FILES, type RecordName } from './generated/record-types.ts';
import { schemaTextOfRecord } from './record-type.ts';
import type { SchemaDirectory } from './schema-directory.ts';
import { contentId, WriterSchema } from './writer-schema.ts';

const NAMES = Object.keys(RECORD_FILES) as RecordName[];

export class MemorySchemaDirectory implements SchemaDirectory {
  readonly #ids = new Map<RecordName, number>();
  readonly #schemas = new Map<number, WriterSchema>();
  /** Known to the registry but not loaded yet. */
  readonly #unloaded = new Map<number, WriterSchema>();

  idOf(name: RecordName): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const text = schemaTextOfRecord(name);
    const id = contentId(text);
    this.#ids.set(name, id);
    this.#schemas.set(id, new WriterSchema(id, text));
    return id;
  }

  writerSchema(id: number): WriterSchema | undefined {
    const known = this.#schemas.get(id);
    if (known !== undefined || this.#ids.size === NAMES.length) return known;
    for (const name of NAMES) this.idOf(name);
    return this.#schemas.get(id);
  }

  load(id: number): Promise<'loaded' | 'unknown'> {
    const schema = this.#unloaded.get(id);
    if (schema !== undefined) this.#schemas.set(id, schema);
    return Promise.resolve(this.writerSchema(id) === undefined ? 'unknown' : 'loaded');
  }

  /** Registers another writer's schema; it is found after `load`, as with a real registry. */
  register(text: string): number {
    const id = contentId(text);
    this.#unloaded.set(id, new WriterSchema(id, text));
    return id;
  }
}
