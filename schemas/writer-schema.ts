/**
 * The schema that a record was written with, as the registry gave it.
 *
 * Boundary: holds text and what it means; how to read it as one of our records is in `decode-plan.ts`.
 * Invariant: text that is no usable Avro schema is not an error here; every record with this id is then a mismatch.
 */
import { createHash } from 'node:crypto';
import type { Type } from 'avsc';
import { parseRecordSchema } from './avro-schema.ts';
import { typeOfSchema } from './avro-type.ts';
import type { DecodePlan, Mismatch, Reader } from './decode-plan.ts';

export class WriterSchema {
  readonly id: number;
  readonly text: string;
  /** Name without namespace, for topics that carry several records; null when the schema is not a record. */
  readonly recordName: string | null;
  /** By reader, as `planFor` has made them. */
  readonly plans = new Map<Reader, DecodePlan | Mismatch>();
  #type: Type | null | undefined;

  constructor(id: number, text: string) {
    this.id = id;
    this.text = text;
    this.recordName = orNull(() => parseRecordSchema(text).name.replace(/^.*\./, ''));
  }

  /** Built when first asked for; null when the schema cannot be used. */
  get type(): Type | null {
    if (this.#type === undefined) this.#type = orNull(() => typeOfSchema(JSON.parse(this.text)));
    return this.#type;
  }
}

/** An id made from the schema itself: the same on every machine, whatever else is registered. */
export function contentId(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) >>> 1;
}

function orNull<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}
