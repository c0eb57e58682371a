/**
 * Turns one Avro record schema into the TypeScript interfaces of its values.
 *
 * Boundary: text in, text out; files are read and written by `generate.ts`.
 *
 * Invariants: 1. The output depends on the schema alone and is in its order.
 *             2. A shape that our conventions do not allow is an error, never a wider type.
 */
import { type AvroType, isUnion, type RecordSchema } from './avro-schema.ts';

/** Types that generated files import, by the file that owns them. */
interface Emission {
  readonly interfaces: string[];
  readonly imports: Map<string, Set<string>>;
  readonly declared: Set<string>;
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  bytes: 'Buffer',
};

/** The generated file for one schema, header included. */
export function emitRecordFile(path: string, schema: RecordSchema): string {
  const emission: Emission = { interfaces: [], imports: new Map(), declared: new Set() };
  emitRecord(schema, emission);
  const imports = [...emission.imports]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, names]) => `import type { ${[...names].sort().join(', ')} } from '../${file}';\n`)
    .join('');
  const header = `// Generated from ${path} by npm run generate; do not edit.\n`;
  return `${header}${imports}\n${emission.interfaces.join('\n')}`;
}

/** The table of all records: name to type, and name to schema file. */
export function emitRecordTypes(files: readonly { readonly path: string; readonly name: string }[]): string {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = [
    '// Generated from records/*.avsc and state/*.avsc by npm run generate; do not edit.',
    ...sorted.map(({ name, path }) => `import type { ${name} } from './${moduleOf(path)}';`),
    '',
    '/** Every record by name. */',
    'export interface RecordTypes {',
    ...sorted.map(({ name }) => `  readonly ${name}: ${name};`),
    '}',
    '',
    'export type RecordName = keyof RecordTypes;',
    '',
    '/** The schema file of each record, relative to schemas/. */',
    'export const RECORD_FILES: Readonly<Record<RecordName, string>> = {',
    ...sorted.map(({ name, path }) => `  ${name}: '${path}',`),
    '};',
    '',
  ];
  return lines.join('\n');
}

/** records/usage-event.avsc becomes usage-event.ts. */
export function moduleOf(path: string): string {
  return `${path.replace(/^.*\//, '').replace(/\.avsc$/, '')}.ts`;
}

function emitRecord(schema: RecordSchema, emission: Emission): string {
  if (emission.declared.has(schema.name)) throw new Error(`${schema.name} is declared twice in one schema`);
  emission.declared.add(schema.name);
  const place = emission.interfaces.push('') - 1;
  const lines = schema.fields.flatMap((field) => [
    ...comment(field.doc, '  '),
    `  readonly ${field.name}: ${typeText(field.type, emission)};`,
  ]);
  const body = [...comment(schema.doc, ''), `export interface ${schema.name} {`, ...lines, '}', ''];
  emission.interfaces[place] = body.join('\n');
  return schema.name;
}

function comment(doc: string | undefined, indent: string): readonly string[] {
  return doc === undefined ? [] : [`${indent}/** ${doc.replaceAll('*/', '* /')} */`];
}

function typeText(type: AvroType, emission: Emission): string {
  if (typeof type === 'string') return namedType(type, emission);
  if (isUnion(type)) {
    const [first, second, ...more] = type;
    if (first !== 'null' || second === undefined || more.length > 0) {
      throw new Error(`only unions of null and one type are allowed: ${JSON.stringify(type)}`);
    }
    return `${typeText(second, emission)} | null`;
  }
  if (type.type === 'record') return emitRecord(type, emission);
  if (type.type === 'array') return `readonly ${itemText(typeText(required(type.items), emission))}[]`;
  if (type.type === 'map') return `Readonly<Record<string, ${typeText(required(type.values), emission)}>>`;
  if (type.logicalType === 'decimal') return decimalText(type, emission);
  if (type.logicalType === 'timestamp-millis') return imported('Instant', 'instant.ts', emission);
  if (type.logicalType !== undefined) throw new Error(`logical type ${type.logicalType} is not in use here`);
  if (type.brand !== undefined) return imported(type.brand, 'ids.ts', emission);
  return namedType(type.type, emission);
}

function decimalText(
  type: { readonly type: string; readonly precision?: number; readonly scale?: number },
  emission: Emission,
): string {
  if (type.type !== 'bytes' || type.precision !== 38 || type.scale !== 12) {
    throw new Error('every decimal is bytes with precision 38 and scale 12');
  }
  return imported('Amount', 'amount.ts', emission);
}

function namedType(name: string, emission: Emission): string {
  const primitive = PRIMITIVES[name];
  if (primitive !== undefined) return primitive;
  if (emission.declared.has(name)) return name;
  throw new Error(`type ${name} is unknown, not in use here, or used before it is declared`);
}

function imported(name: string, file: string, emission: Emission): string {
  const names = emission.imports.get(file) ?? new Set<string>();
  emission.imports.set(file, names.add(name));
  return name;
}

function itemText(text: string): string {
  return text.includes(' ') ? `(${text})` : text;
}

function required(type: AvroType | undefined): AvroType {
  if (type === undefined) throw new Error('an array needs items and a map needs values');
  return type;
}
