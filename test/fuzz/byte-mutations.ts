/**
 * Job: make a record hostile: blind damage to its bytes, aimed damage to counts, lengths and branches, other frames,
 * other keys, other sizes, and well-formed records that mean something else.
 *
 * Boundary: one honest record in, one hostile record out; every draw comes from the seeded source.
 */
import type { Random } from '../../infra/main-job/random.ts';
import type { RecordSchema } from '../../schemas/avro-schema.ts';
import { typeOfSchema } from '../../schemas/avro-type.ts';
import { varint } from '../support/hostile-bytes.ts';
import type { Place, PlaceKind } from './avro-places.ts';
import { mutateValue } from './value-mutations.ts';

const FRAME_BYTES = 5;
/** The broker lets batches of 1,048,588 bytes through; header and key take some of it. */
export const RECORD_BYTES_MAX = 1_048_000;
const HUGE_PER_MILLE = 2;
const LONGS: readonly bigint[] = [
  -1n,
  2n,
  127n,
  1_000_000_000n,
  2n ** 31n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 52n) - 1n,
  -(2n ** 63n),
];
const KEYS: readonly (Buffer | null)[] = [
  null,
  Buffer.alloc(0),
  Buffer.alloc(4),
  Buffer.from('acme '),
  Buffer.from([0xff, 0xfe]),
  Buffer.alloc(300, 0x6b),
  Buffer.alloc(100_000, 0x6b),
];

export interface Honest {
  readonly schema: RecordSchema;
  readonly object: unknown;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly places: readonly Place[];
}

export interface Hostile {
  readonly mutation: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export interface Surroundings {
  readonly random: Random;
  /** Framed bytes of other records, and ids that are nobody's. */
  readonly others: readonly Buffer[];
  /** Frames and beginnings of writers whose schemas have one more field in front, some of it malicious. */
  readonly foreign: readonly { readonly id: number; readonly head: Buffer }[];
  readonly strangeIds: readonly number[];
}

type Mutate = (honest: Honest, around: Surroundings) => Buffer | null;

export function mutate(honest: Honest, around: Surroundings): Hostile {
  const { random } = around;
  if (random.chance(HUGE_PER_MILLE))
    return { mutation: 'huge', key: honest.key, value: huge(honest, around) };
  if (random.chance(40)) return { mutation: 'key', key: random.pick(KEYS), value: honest.value };
  if (random.chance(250)) return meaning(honest, around);
  const [mutation, apply] = random.pick(MUTATIONS);
  return { mutation, key: honest.key, value: apply(honest, around) };
}

const MUTATIONS: readonly (readonly [string, Mutate])[] = Object.entries<Mutate>({
  bit_flips: ({ value }, { random }) => {
    const bytes = Buffer.from(value);
    for (let flips = 1 + random.below(8); flips > 0; flips -= 1) {
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    }
    return bytes;
  },
  body_bytes: ({ value }, { random }) => {
    const bytes = Buffer.from(value);
    for (let edits = 1 + random.below(4); edits > 0; edits -= 1) {
      bytes[FRAME_BYTES + random.below(bytes.length - FRAME_BYTES)] = random.below(256);
    }
    return bytes;
  },
  truncated: ({ value }, { random }) => value.subarray(0, random.below(value.length)),
  inserted: ({ value }, around) => {
    const at = around.random.below(value.length + 1);
    return spliced(value, { start: at, end: at }, noise(around, 40));
  },
  removed: ({ value }, { random }) => {
    const start = random.below(value.length);
    return spliced(
      value,
      { start, end: Math.min(value.length, start + 1 + random.below(20)) },
      Buffer.alloc(0),
    );
  },
  repeated: ({ value }, { random }) =>
    Buffer.concat(Array.from({ length: 2 + random.below(3) }, () => value)),
  appended: ({ value }, around) => Buffer.concat([value, noise(around, 100)]),
  count_bomb: aimed(['count'], ({ random }) => varint(random.pick(LONGS))),
  negative_block: aimed(['count'], ({ random }) =>
    Buffer.concat([varint(-random.pick(LONGS)), varint(random.pick(LONGS))]),
  ),
  length_bomb: aimed(['length'], ({ random }) => varint(random.pick(LONGS))),
  branch_out_of_range: aimed(['branch'], ({ random }) => varint(random.pick(LONGS))),
  number: aimed(['number'], ({ random }) => varint(random.pick(LONGS))),
  endless_varint: aimed(['number', 'count', 'length', 'branch'], ({ random }) =>
    Buffer.alloc(random.below(30), 0xff),
  ),
  boolean: aimed(['boolean'], (around) => noise(around, 1)),
  not_utf8: aimed(['text'], ({ random }, { start, end }) =>
    Buffer.alloc(end - start, random.pick([0xff, 0xc0, 0xed, 0x80])),
  ),
  decimal: aimed(['bytes'], ({ random }, { start, end }) =>
    Buffer.alloc(end - start, random.pick([0, 0x7f, 0xff])),
  ),
  long_decimal: lengthened,
  strange_id: ({ value }, { random, strangeIds }) => reframed(value, random.pick(strangeIds)),
  other_record: (_, { random, others }) => random.pick(others),
  own_bytes_other_id: ({ value }, { random, others }) => reframed(value, random.pick(others).readUInt32BE(1)),
  own_id_other_bytes: ({ value }, { random, others }) => reframed(random.pick(others), value.readUInt32BE(1)),
  foreign: ({ value }, { random, foreign }) => {
    const { id, head } = random.pick(foreign);
    return reframed(spliced(value, { start: FRAME_BYTES, end: FRAME_BYTES }, head), id);
  },
  noise: (_, around) => noise(around, 400),
  framed_noise: ({ value }, around) => Buffer.concat([value.subarray(0, FRAME_BYTES), noise(around, 400)]),
  json: ({ object }) =>
    Buffer.from(JSON.stringify(object, (_, part) => (typeof part === 'bigint' ? `${part}` : part))),
  empty: () => Buffer.alloc(0),
  null: () => null,
});

/** One value of these kinds is replaced by other bytes; records without one are cut instead. */
function aimed(kinds: readonly PlaceKind[], instead: (around: Surroundings, place: Place) => Buffer): Mutate {
  return ({ value, places }, around) => {
    const targets = places.filter(({ kind }) => kinds.includes(kind));
    if (targets.length === 0) return value.subarray(0, around.random.below(value.length));
    const place = around.random.pick(targets);
    return spliced(value, place, instead(around, place));
  };
}

/** Bytes or text that are longer than honest ones, their length told rightly. */
function lengthened(honest: Honest, { random }: Surroundings): Buffer {
  const bytes = random.pick([9, 16, 17, 20, 200]);
  return widened(honest, random, Buffer.alloc(bytes, random.pick([0x31, 0x7f])));
}

/** Puts a content of any length in place of a text or of bytes. */
function widened({ value, places }: Honest, random: Random, content: Buffer): Buffer {
  const targets = places.filter(({ kind }) => kind === 'bytes' || kind === 'text');
  if (targets.length === 0) return Buffer.concat([value, content]);
  const place = random.pick(targets);
  const length = places.find(({ kind, end }) => kind === 'length' && end === place.start);
  const instead = Buffer.concat([varint(BigInt(content.length)), content]);
  return spliced(value, { start: length?.start ?? place.start, end: place.end }, instead);
}

/** Well-formed, with one value changed; the key follows the account, as an honest client's would. */
function meaning({ schema, object, key, value }: Honest, { random }: Surroundings): Hostile {
  let changed = object;
  for (let times = random.pick([1, 1, 1, 2, 3]); times > 0; times -= 1) {
    changed = mutateValue(random, schema, changed);
  }
  const body = typeOf(schema).toBuffer(changed);
  const accountId =
    changed !== null && typeof changed === 'object' ? Reflect.get(changed, 'accountId') : null;
  const isLarge = body.length > RECORD_BYTES_MAX - FRAME_BYTES;
  return {
    mutation: 'meaning',
    key: typeof accountId === 'string' ? Buffer.from(accountId).subarray(0, 1_000) : key,
    value: isLarge ? value : Buffer.concat([value.subarray(0, FRAME_BYTES), body]),
  };
}

function huge(honest: Honest, around: Surroundings): Buffer {
  const { value } = honest;
  const { random } = around;
  const size = random.pick([RECORD_BYTES_MAX, 900_000, 899_900, value.length + random.below(900_000)]);
  const filling = Buffer.alloc(size - value.length, random.pick([0, 0x61, 0xff]));
  const kind = random.below(3);
  if (kind === 0) return Buffer.concat([value, filling]);
  if (kind === 1) return Buffer.concat([value.subarray(0, FRAME_BYTES), filling]);
  return widened(honest, random, filling);
}

function spliced(bytes: Buffer, { start, end }: Pick<Place, 'start' | 'end'>, instead: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, start), instead, bytes.subarray(end)]);
}

function reframed(bytes: Buffer, id: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(id, 1);
  return copy;
}

function noise({ random }: Surroundings, lengthMax: number): Buffer {
  return Buffer.from(Array.from({ length: 1 + random.below(lengthMax) }, () => random.below(256)));
}

const types = new Map<RecordSchema, ReturnType<typeof typeOfSchema>>();

function typeOf(schema: RecordSchema): ReturnType<typeof typeOfSchema> {
  const known = types.get(schema) ?? typeOfSchema(schema);
  types.set(schema, known);
  return known;
}
