/**
 * An example value for any record, in its JSON form, made from the schema alone.
 *
 * Job: the first sample of a new record, so that nobody writes one by hand. Boundary: what is written once stays as it
 * is; a change here has no effect on samples that exist.
 */
import { type AvroType, isUnion, type RecordSchema } from '../avro-schema.ts';
import type { Json } from '../json-form.ts';

const TEXTS: Readonly<Record<string, string>> = {
  accountId: 'acct-helvetia',
  currency: 'EUR',
  timeZone: 'Europe/Zurich',
  provider: 'openai',
  model: 'gpt-4o-2024-08-06',
  requestId: 'chatcmpl-9f3a61c2b7',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  billingPeriod: '2026-03',
  topic: 'usage-events',
  name: 'Helvetia Münzen AG',
  message: 'naïve € 雪 text',
};

const INSTANT_START = Date.UTC(2026, 2, 29, 0, 59, 59, 999);
const DAY_MS = 86_400_000;

interface Progress {
  count: number;
  readonly names: Map<string, RecordSchema>;
  depth: number;
}

export function sampleOf(schema: RecordSchema): Json {
  return sample(schema, schema.name, { count: 0, names: new Map(), depth: 0 });
}

function sample(type: AvroType, field: string, progress: Progress): Json {
  progress.count += 1;
  if (typeof type === 'string') {
    const named = progress.names.get(type);
    return named === undefined ? scalar({ type }, field, progress.count) : sample(named, field, progress);
  }
  if (isUnion(type)) return sample(type[1] ?? 'null', field, progress);
  if ('fields' in type) {
    progress.names.set(type.name, type);
    return Object.fromEntries(
      type.fields.map((inner) => [inner.name, sample(inner.type, inner.name, progress)]),
    );
  }
  if (type.items !== undefined) return list(type.items, field, progress);
  if (type.values !== undefined)
    return { alpha: sample(type.values, field, progress), β: sample(type.values, field, progress) };
  return scalar(type, field, progress.count);
}

/** Two items; a record that contains itself ends after one level. */
function list(items: AvroType, field: string, progress: Progress): Json {
  if (typeof items === 'string' && progress.names.has(items) && progress.depth > 0) return [];
  progress.depth += 1;
  const values = [sample(items, field, progress), sample(items, field, progress)];
  progress.depth -= 1;
  return values;
}

function scalar(
  type: { readonly type: string; readonly logicalType?: string },
  field: string,
  n: number,
): Json {
  if (type.logicalType === 'decimal')
    return ['12.345678901234', '-0.000000000001', '98765432109876543210.5', '0'][n % 4] ?? '0';
  if (type.logicalType === 'timestamp-millis') return new Date(INSTANT_START + n * DAY_MS).toISOString();
  if (type.type === 'boolean') return true;
  if (type.type === 'bytes') return Buffer.from([0, 1, 0x7f, 0x80, 0xff, n]).toString('base64');
  if (type.type === 'int') return n;
  if (type.type === 'long') return n % 3 === 0 ? 4_503_599_627_370_496 : n * 1_000;
  return TEXTS[field] ?? `${field}-${n}`;
}
