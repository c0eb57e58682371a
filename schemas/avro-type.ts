/**
 * Builds avsc types from schemas with our own primitives, containers and decimals in place of avsc's.
 *
 * Boundary: used for our records and for writers' schemas from the registry alike, so that both are equally careful.
 */
import avsc, { type Type } from 'avsc';
import { BoundedArray, BoundedMap, OptionalType } from './container-types.ts';
import { DecimalType } from './decimal-type.ts';
import { ExactInstant, ExactInt, ExactLong, ExactString } from './primitive-types.ts';

type Schema = Parameters<typeof avsc.Type.forSchema>[0];

const int = new ExactInt();
const long = new ExactLong();
const instant = new ExactInstant();
const string = new ExactString();

/** Options for avsc; fresh for each schema, because avsc keeps the names of a schema in them. */
export function typeOptions(): object {
  return { typeHook: safeType, logicalTypes: { decimal: DecimalType }, omitRecordMethods: true };
}

/** Throws when the schema is not valid Avro. */
export function typeOfSchema(schema: unknown): Type {
  return avsc.Type.forSchema(schema as Schema, typeOptions());
}

function safeType(schema: unknown, options: object): Type | undefined {
  if (Array.isArray(schema)) {
    return schema.length === 2 && schema[0] === 'null' ? new OptionalType(schema, options) : undefined;
  }
  const node =
    typeof schema === 'string'
      ? { type: schema, logicalType: undefined }
      : (schema as { readonly type: unknown; readonly logicalType?: unknown });
  switch (node.type) {
    case 'int':
      return int;
    case 'long':
      return node.logicalType === 'timestamp-millis' ? instant : long;
    case 'string':
      return string;
    case 'array':
      return new BoundedArray(schema as Schema, options);
    case 'map':
      return new BoundedMap(schema as Schema, options);
    default:
      return undefined;
  }
}
