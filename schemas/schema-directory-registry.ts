/**
 * The schema directory over a Confluent-compatible registry.
 *
 * Job: find the ids of our own schemas once, at start, and the schemas of other writers when they are first seen.
 * Boundary: never registers anything; a schema that is missing is a deploy step that was forgotten.
 *
 * Invariants: 1. After `connectSchemaDirectory`, every record asked for has an id. 2. One request at a time per id.
 */
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { RecordName } from './generated/record-types.ts';
import { schemaTextOfRecord } from './record-type.ts';
import { callRegistry, parseRegistryUrl } from './registry-rest.ts';
import { RegistryUnreachable, type SchemaDirectory, type SubjectRecord } from './schema-directory.ts';
import { WriterSchema } from './writer-schema.ts';

class RegistrySchemaDirectory implements SchemaDirectory {
  readonly #registryUrl: string;
  readonly #ids: ReadonlyMap<RecordName, number>;
  readonly #schemas = new Map<number, WriterSchema>();
  readonly #loading = new Map<number, Promise<'loaded' | 'unknown'>>();

  constructor(registryUrl: string, ids: ReadonlyMap<RecordName, number>, own: readonly WriterSchema[]) {
    this.#registryUrl = registryUrl;
    this.#ids = ids;
    for (const schema of own) this.#schemas.set(schema.id, schema);
  }

  idOf(name: RecordName): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`the schema id of ${name} was not asked for at start`);
    return id;
  }

  writerSchema(id: number): WriterSchema | undefined {
    return this.#schemas.get(id);
  }

  load(id: number): Promise<'loaded' | 'unknown'> {
    const running = this.#loading.get(id);
    if (running !== undefined) return running;
    const request = this.#fetch(id).finally(() => this.#loading.delete(id));
    this.#loading.set(id, request);
    return request;
  }

  async #fetch(id: number): Promise<'loaded' | 'unknown'> {
    if (this.#schemas.has(id)) return 'loaded';
    const answer = await callRegistry(this.#registryUrl, { method: 'GET', path: `/schemas/ids/${id}` });
    if (answer.status === 404) return 'unknown';
    if (answer.status !== 200) throw new Error(`the registry answers ${answer.status} for schema ${id}`);
    const { schema, schemaType = 'AVRO' } = answer.body;
    const text = typeof schema === 'string' && schemaType === 'AVRO' ? schema : '';
    this.#schemas.set(id, new WriterSchema(id, text));
    return 'loaded';
  }
}

/** Resolves the ids of all records, or fails with the list of those that are not registered. */
export async function connectSchemaDirectory(
  registryUrl: string,
  subjects: readonly SubjectRecord[],
): Promise<SchemaDirectory> {
  const { host, auth } = parseRegistryUrl(registryUrl);
  const client = new SchemaRegistry({
    host,
    clientId: 'outcome-ledger',
    ...(auth === undefined ? {} : { auth }),
  });
  const ids = new Map<RecordName, number>();
  const own = new Map<number, WriterSchema>();
  const missing: string[] = [];
  for (const { subject, recordName } of subjects) {
    const text = schemaTextOfRecord(recordName);
    const id = await registeredId(client, subject, text);
    if (id === null) {
      missing.push(`${recordName} under ${subject}`);
      continue;
    }
    own.set(id, new WriterSchema(id, text));
    if (!ids.has(recordName)) ids.set(recordName, id);
  }
  if (missing.length > 0) {
    throw new Error(`schemas are not registered, run ledger apply: ${missing.join(', ')}`);
  }
  return new RegistrySchemaDirectory(registryUrl, ids, [...own.values()]);
}

async function registeredId(client: SchemaRegistry, subject: string, text: string): Promise<number | null> {
  try {
    return await client.getRegistryIdBySchema(subject, {
      type: SchemaType.AVRO,
      schema: text,
    });
  } catch (cause) {
    // The client turns an answer of 404 into an error of this name, and gives every other one a status.
    if (cause instanceof Error && cause.name === 'ConfluentSchemaRegistryError') return null;
    throw new RegistryUnreachable(`the registry does not say whether ${subject} is registered`, { cause });
  }
}
