/**
 * Reads Avro by the specification, from a schema in JSON: a second opinion on what the records on the log say.
 *
 * Boundary: shares no code with the rest of the system, on purpose. Decimals come back as their unscaled whole number;
 * logical types of time stay whole numbers.
 */

export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | readonly AvroValue[]
  | { readonly [name: string]: AvroValue };

type Schema = string | readonly Schema[] | SchemaObject;

interface SchemaObject {
  readonly type: Schema;
  readonly name?: string;
  readonly namespace?: string;
  readonly logicalType?: string;
  readonly fields?: readonly { readonly name: string; readonly type: Schema }[];
  readonly items?: Schema;
  readonly values?: Schema;
  readonly symbols?: readonly string[];
  readonly size?: number;
}

export function decodeAvro(schemaText: string, bytes: Buffer): AvroValue {
  const reader = new AvroReader(bytes);
  const schema: Schema = JSON.parse(schemaText);
  const value = reader.read(schema);
  reader.expectEnd();
  return value;
}

class AvroReader {
  readonly #bytes: Buffer;
  readonly #named = new Map<string, SchemaObject>();
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw new Error(`${this.#bytes.length - this.#at} bytes are left`);
  }

  read(schema: Schema): AvroValue {
    if (typeof schema === 'string') return this.#readNamed(schema);
    if (Array.isArray(schema)) return this.read(pick(schema, this.#number()));
    return isObject(schema) ? this.#readObject(schema) : null;
  }

  #readObject(schema: SchemaObject): AvroValue {
    if (schema.name !== undefined) this.#named.set(schema.name, schema);
    if (schema.logicalType === 'decimal') return signed(this.#take(this.#number()));
    switch (schema.type) {
      case 'record':
        return Object.fromEntries((schema.fields ?? []).map(({ name, type }) => [name, this.read(type)]));
      case 'array':
        return this.#blocks(() => this.read(schema.items ?? 'null'));
      case 'map':
        return Object.fromEntries(
          this.#blocks((): readonly [string, AvroValue] => [
            this.#text(),
            this.read(schema.values ?? 'null'),
          ]),
        );
      case 'enum':
        return pick(schema.symbols ?? [], this.#number());
      case 'fixed':
        return this.#take(schema.size ?? 0);
      default:
        return this.read(schema.type);
    }
  }

  #readNamed(name: string): AvroValue {
    switch (name) {
      case 'null':
        return null;
      case 'boolean':
        return this.#take(1)[0] === 1;
      case 'int':
        return this.#number();
      case 'long':
        return this.#long();
      case 'float':
        return this.#take(4).readFloatLE();
      case 'double':
        return this.#take(8).readDoubleLE();
      case 'bytes':
        return this.#take(this.#number());
      case 'string':
        return this.#text();
    }
    const known = this.#named.get(name.split('.').at(-1) ?? name);
    if (known === undefined) throw new Error(`the schema does not say what ${name} is`);
    return this.#readObject(known);
  }

  #blocks<T>(item: () => T): T[] {
    const all: T[] = [];
    for (let count = this.#number(); count !== 0; count = this.#number()) {
      if (count < 0) this.#long();
      for (let index = 0; index < Math.abs(count); index += 1) all.push(item());
    }
    return all;
  }

  #text(): string {
    return this.#take(this.#number()).toString('utf8');
  }

  #number(): number {
    return Number(this.#long());
  }

  /** Seven bits a byte, lowest first, zigzag. */
  #long(): bigint {
    let bits = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.#take(1)[0] ?? 0);
      bits |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return (bits >> 1n) ^ -(bits & 1n);
    }
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (length < 0 || end > this.#bytes.length) throw new Error('the record is too short');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}

function isObject(schema: Schema): schema is SchemaObject {
  return typeof schema === 'object' && !Array.isArray(schema);
}

function pick<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`there is no choice ${index} of ${items.length}`);
  return item;
}

/** Two's complement, highest byte first. */
function signed(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}
