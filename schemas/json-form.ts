/**
 * Records as JSON that a person can read and a program can read back without loss.
 *
 * Job: one JSON form for samples, commands and HTTP: amounts as decimal text, times as RFC 3339, bytes as base64.
 * Boundary: shape only; whether a record is acceptable is decided by the services.
 *
 * Invariants: 1. recordFromJson(recordToJson(x)) is x. 2. Unknown fields are refused, missing ones take their default.
 *             3. Every error names the path of the field.
 */
import { formatAmount, parseAmount } from './amount.ts';
import { type AvroType, type FieldSchema, isUnion, namedRecords, type RecordSchema } from './avro-schema.ts';
import type { RecordName, RecordTypes } from './generated/record-types.ts';
import { parseAccountId } from './ids.ts';
import { formatInstant, instantOfMillis, parseInstant } from './instant.ts';
import { schemaOfRecord } from './record-type.ts';
import { ValueError, type ValueErrorCode } from './value-error.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

type Fields = Readonly<Record<string, unknown>>;
type Names = ReadonlyMap<string, RecordSchema>;

interface Place {
  readonly path: string;
  readonly names: Names;
}

export function recordToJson<N extends RecordName>(name: N, value: RecordTypes[N]): Json {
  const schema = schemaOfRecord(name);
  return toJson(schema, value, { path: name, names: namedRecords(schema) });
}

/** Throws a `ValueError` that names the field. */
export function recordFromJson<N extends RecordName>(name: N, json: unknown): RecordTypes[N] {
  const schema = schemaOfRecord(name);
  return fromJson(schema, json, { path: name, names: namedRecords(schema) }) as RecordTypes[N];
}

function toJson(type: AvroType, value: unknown, place: Place): Json {
  const node = nodeOf(type, place);
  if ('branch' in node) return value === null ? null : toJson(node.branch, value, place);
  if ('fields' in node) {
    const source = fieldsOf(value, place);
    return Object.fromEntries(
      node.fields.map((field) => [
        field.name,
        toJson(field.type, source[field.name], below(place, field.name)),
      ]),
    );
  }
  if (node.items !== undefined) {
    const { items } = node;
    return listOf(value, place).map((item, at) => toJson(items, item, below(place, String(at))));
  }
  if (node.values !== undefined) {
    const { values } = node;
    return mapFields(value, place, (item, inside) => toJson(values, item, inside)) as Json;
  }
  return scalarToJson(node, value, place);
}

function fromJson(type: AvroType, json: unknown, place: Place): unknown {
  const node = nodeOf(type, place);
  if ('branch' in node) return json === null ? null : fromJson(node.branch, json, place);
  if ('fields' in node) return recordOf(node, fieldsOf(json, place), place);
  if (node.items !== undefined) {
    const { items } = node;
    return listOf(json, place).map((item, at) => fromJson(items, item, below(place, String(at))));
  }
  if (node.values !== undefined) {
    const { values } = node;
    return mapFields(json, place, (item, inside) => fromJson(values, item, inside));
  }
  return scalarFromJson(node, json, place);
}

function recordOf(schema: RecordSchema, json: Fields, place: Place): Fields {
  const known = new Set(schema.fields.map((field) => field.name));
  for (const key of Object.keys(json)) {
    if (!known.has(key)) throw fault('field_unknown', below(place, key), 'is not a field of this record');
  }
  return Object.fromEntries(
    schema.fields.map((field) => {
      const inside = below(place, field.name);
      return [field.name, fromJson(field.type, givenOrDefault(field, json, inside), inside)];
    }),
  );
}

function givenOrDefault(field: FieldSchema, json: Fields, place: Place): unknown {
  const given = json[field.name];
  if (given !== undefined) return given;
  if (field.default === undefined) throw fault('field_missing', place, 'is missing');
  return field.default;
}

interface Scalar {
  readonly type: string;
  readonly logicalType?: string;
  readonly brand?: string;
}

function scalarToJson(node: Scalar, value: unknown, place: Place): Json {
  if (typeof value === 'bigint') return formatAmount(value as Parameters<typeof formatAmount>[0]);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (typeof value === 'number' && node.logicalType === 'timestamp-millis')
    return formatInstant(instantOfMillis(value));
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
  throw fault('field_invalid', place, `is not a ${node.logicalType ?? node.type}`);
}

function scalarFromJson(node: Scalar, json: unknown, place: Place): unknown {
  const text = typeof json === 'string' ? json : null;
  if (node.logicalType === 'decimal' && (text !== null || Number.isSafeInteger(json))) {
    return parsed(place, () => parseAmount(String(json)));
  }
  if (node.logicalType === 'timestamp-millis' && text !== null)
    return parsed(place, () => parseInstant(text));
  if (node.logicalType === undefined) {
    if (node.brand === 'AccountId' && text !== null) return parsed(place, () => parseAccountId(text));
    if (node.type === 'string' && text !== null) return text;
    if (node.type === 'bytes' && text !== null) return parsed(place, () => bytesOf(text));
    if (node.type === 'boolean' && typeof json === 'boolean') return json;
    if ((node.type === 'int' || node.type === 'long') && Number.isSafeInteger(json)) return json;
  }
  throw fault('field_invalid', place, `is not a ${node.logicalType ?? node.type}`);
}

function bytesOf(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new ValueError('field_invalid', 'is not base64');
  return bytes;
}

function parsed<T>(place: Place, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof ValueError)) throw cause;
    throw new ValueError(cause.code, `${place.path}: ${cause.message.slice(cause.code.length + 2)}`, {
      cause,
    });
  }
}

function nodeOf(type: AvroType, place: Place): RecordSchema | { readonly branch: AvroType } | NodeShape {
  if (typeof type === 'string') return place.names.get(type) ?? { type };
  return isUnion(type) ? { branch: type[1] ?? 'null' } : type;
}

interface NodeShape extends Scalar {
  readonly items?: AvroType;
  readonly values?: AvroType;
}

function below(place: Place, step: string): Place {
  return { path: `${place.path}.${step}`, names: place.names };
}

function fieldsOf(value: unknown, place: Place): Fields {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw fault('field_invalid', place, 'is not an object');
  }
  return value as Fields;
}

function listOf(value: unknown, place: Place): readonly unknown[] {
  if (!Array.isArray(value)) throw fault('field_invalid', place, 'is not a list');
  return value;
}

function mapFields(value: unknown, place: Place, each: (item: unknown, inside: Place) => unknown): Fields {
  const entries = Object.entries(fieldsOf(value, place));
  return Object.fromEntries(entries.map(([key, item]) => [key, each(item, below(place, key))]));
}

function fault(code: ValueErrorCode, place: Place, problem: string): ValueError {
  return new ValueError(code, `${place.path} ${problem}`);
}
