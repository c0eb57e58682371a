/**
 * Job: say what every byte of an Avro body is: which bytes are a list's count, a text's length, a branch of a union.
 *
 * Boundary: honest bytes of a schema of ours in, places out. A mutation that aims hits code that blind ones seldom reach.
 */
import { type AvroType, isUnion, namedRecords, type RecordSchema } from '../../schemas/avro-schema.ts';

export type PlaceKind = 'branch' | 'count' | 'length' | 'text' | 'bytes' | 'number' | 'boolean';

/** The bytes from `start` up to `end` are one value of this kind. */
export interface Place {
  readonly kind: PlaceKind;
  readonly start: number;
  readonly end: number;
}

export function placesOf(schema: RecordSchema, bytes: Buffer, start: number): readonly Place[] {
  const walk = new Walk(schema, bytes, start);
  walk.visit(schema);
  return walk.places;
}

class Walk {
  readonly places: Place[] = [];
  readonly #names: ReadonlyMap<string, RecordSchema>;
  readonly #bytes: Buffer;
  #at: number;

  constructor(schema: RecordSchema, bytes: Buffer, start: number) {
    this.#names = namedRecords(schema);
    this.#bytes = bytes;
    this.#at = start;
  }

  visit(type: AvroType): void {
    if (typeof type === 'string') {
      const named = this.#names.get(type);
      if (named === undefined) this.#scalar(type);
      else this.visit(named);
    } else if (isUnion(type)) this.visit(type[this.#varint('branch')] ?? 'null');
    else if ('fields' in type) for (const field of type.fields) this.visit(field.type);
    else if (type.items !== undefined) this.#items(type.items, false);
    else if (type.values !== undefined) this.#items(type.values, true);
    else this.#scalar(type.type);
  }

  #items(item: AvroType, isMap: boolean): void {
    for (let count = this.#varint('count'); count > 0; count = this.#varint('count')) {
      for (let index = 0; index < count; index += 1) {
        if (isMap) this.#scalar('string');
        this.visit(item);
      }
    }
  }

  #scalar(type: string): void {
    if (type === 'null') return;
    if (type === 'boolean') this.#add('boolean', 1);
    else if (type === 'string' || type === 'bytes') {
      this.#add(type === 'string' ? 'text' : 'bytes', this.#varint('length'));
    } else this.#varint('number');
  }

  #add(kind: PlaceKind, length: number): void {
    this.places.push({ kind, start: this.#at, end: this.#at + length });
    this.#at += length;
  }

  /** Lengths and counts of honest samples are small; of other numbers only the place is wanted. */
  #varint(kind: PlaceKind): number {
    const start = this.#at;
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#at] ?? 0;
      value += (byte & 0x7f) * scale;
      this.#at += 1;
      if (byte < 0x80) break;
    }
    this.places.push({ kind, start, end: this.#at });
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
