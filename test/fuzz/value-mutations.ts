/**
 * Job: change one thing in a record so that it still encodes: extremes of every type, lists that grow, maps with odd keys.
 *
 * Boundary: follows the schema; what comes out is well-formed and means something else, the kind of record that is read
 * without trouble and must be judged by the rules.
 */

import type { Random } from '../../infra/main-job/random.ts';
import { type AvroType, isUnion, namedRecords, type RecordSchema } from '../../schemas/avro-schema.ts';

/** Now and then a list or a text is as long as the broker lets a record be, so that only our own bounds hold it. */
const LIST_ITEMS_MAX = 2_000;
const LIST_ITEMS_HUGE = 20_000;
const TEXT_LONG = 20_000;
const TEXT_HUGE = 500_000;
const HUGE_PER_MILLE = 20;

const TEXTS: readonly string[] = [
  '',
  ' ',
  '0',
  '-1',
  '1e400',
  'NaN',
  'null',
  '__proto__',
  'constructor',
  'a\u0000b',
  '\u202e\ufeff',
  '\ud83d\ude00'.repeat(40),
  'EUR',
  'XXX',
  'Europe/Berlin',
  '../../etc',
  'closed',
  'refunded',
  'customer',
  '!checkpoint',
];
const NUMBERS: readonly number[] = [0, -1, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 2, -(2 ** 52), 1e12, 1e12 + 1];
const INTS: readonly number[] = [0, -1, 1, 2, 2 ** 31 - 1, -(2 ** 31)];
const INSTANTS: readonly number[] = [
  0,
  -1,
  8.64e15,
  -(2 ** 52),
  1_600_000_000,
  1_700_000_000_000,
  4e12,
  7.2e12,
  253_402_300_799_999,
  253_402_300_800_000,
];
const AMOUNTS: readonly bigint[] = [
  0n,
  1n,
  -1n,
  10n ** 38n - 1n,
  1n - 10n ** 38n,
  10n ** 12n,
  2n ** 63n,
  -(2n ** 64n),
];

export function mutateValue(random: Random, schema: RecordSchema, value: unknown): unknown {
  const names = namedRecords(schema);
  return new Mutation(random, names).change(schema, value);
}

class Mutation {
  readonly #random: Random;
  readonly #names: ReadonlyMap<string, RecordSchema>;

  constructor(random: Random, names: ReadonlyMap<string, RecordSchema>) {
    this.#random = random;
    this.#names = names;
  }

  change(type: AvroType, value: unknown): unknown {
    if (typeof type === 'string') {
      const named = this.#names.get(type);
      return named === undefined ? this.#scalar(type, undefined) : this.change(named, value);
    }
    if (isUnion(type)) {
      const branch = type[1] ?? 'null';
      if (value !== null && this.#random.chance(300)) return null;
      return value === null ? this.#fresh(branch) : this.change(branch, value);
    }
    if ('fields' in type) return this.#field(type, value);
    if (type.items !== undefined) return this.#list(type.items, value);
    if (type.values !== undefined) return this.#map(value);
    return this.#scalar(type.type, type.logicalType);
  }

  #field({ fields }: RecordSchema, value: unknown): unknown {
    const { name, type } = this.#random.pick(fields);
    return { ...objectOf(value), [name]: this.change(type, objectOf(value)[name]) };
  }

  #list(items: AvroType, value: unknown): unknown {
    const list = Array.isArray(value) ? value : [];
    if (list.length === 0) return [this.#fresh(items)];
    const at = this.#random.below(list.length);
    switch (this.#random.below(4)) {
      case 0:
        return [];
      case 1:
        return Array.from(
          { length: this.#random.below(this.#most(LIST_ITEMS_MAX, LIST_ITEMS_HUGE)) },
          (_, n) => {
            return list[n % list.length];
          },
        );
      case 2:
        return list.toReversed();
      default:
        return list.with(at, this.change(items, list[at]));
    }
  }

  #map(value: unknown): unknown {
    const key = this.#text() || '-';
    return { ...objectOf(value), [key === '__proto__' ? 'prototype' : key]: this.#text() };
  }

  /** A value where there was none. */
  #fresh(type: AvroType): unknown {
    const named = typeof type === 'string' ? this.#names.get(type) : undefined;
    if (typeof type === 'string' && named === undefined) return this.#scalar(type, undefined);
    const node = named ?? type;
    if (typeof node === 'string' || isUnion(node)) return null;
    if ('fields' in node) {
      return Object.fromEntries(node.fields.map((field) => [field.name, this.#fresh(field.type)]));
    }
    if ('items' in node && node.items !== undefined) return [];
    if ('values' in node && node.values !== undefined) return {};
    return this.#scalar(node.type, node.logicalType);
  }

  #scalar(type: string, logicalType: string | undefined): unknown {
    const random = this.#random;
    if (logicalType === 'decimal') return random.pick(AMOUNTS);
    if (logicalType === 'timestamp-millis') return random.pick(INSTANTS);
    if (type === 'boolean') return random.chance(500);
    if (type === 'int') return random.pick(INTS);
    if (type === 'long') return random.pick(NUMBERS);
    return type === 'bytes' ? Buffer.from(this.#text()) : this.#text();
  }

  #most(usual: number, huge: number): number {
    return this.#random.chance(HUGE_PER_MILLE) ? huge : usual;
  }

  #text(): string {
    const random = this.#random;
    if (random.chance(30)) return 'ä'.repeat(random.below(this.#most(TEXT_LONG, TEXT_HUGE)));
    return random.chance(100) ? 'x'.repeat(random.below(2_000)) : random.pick(TEXTS);
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? { ...value } : {};
}
