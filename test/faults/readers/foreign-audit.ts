/**
 * The money on the log and in ClickHouse, added up by readers that are not ours: Kafka's console consumer with an Avro
 * decoder of its own, and plain SQL over HTTP.
 *
 * Boundary: shares no code with the readers, the codec and the audit of the system. Amounts are whole units of 1e-12.
 */
import { type AvroValue, decodeAvro } from './avro.ts';
import { consoleRecords } from './console-consumer.ts';

/** Texts that must be equal, digit by digit, whoever made them. */
export interface ForeignTotals {
  readonly charges: string;
  readonly revenue: string;
  readonly trial: string;
  readonly chargeRecords: number;
  readonly chargeIds: number;
  readonly entries: number;
  readonly entryIds: number;
}

const SCALE = 12;
const FRAME_BYTES = 5;

type Sums = Map<string, bigint>;
type Fields = Readonly<Record<string, AvroValue>>;

export async function consoleTotals(at: {
  readonly brokers: string;
  readonly schemaRegistryUrl: string;
  readonly idleMs: number;
}): Promise<ForeignTotals> {
  const schemas = new Schemas(at.schemaRegistryUrl);
  const charges: Sums = new Map();
  const revenue: Sums = new Map();
  const trial: Sums = new Map();
  const chargeIds = new Set<string>();
  const entryIds = new Set<string>();
  const chargeRecords = await eachRecord({ ...at, topic: 'charges' }, schemas, (charge) => {
    chargeIds.add(`${text(charge, 'accountId')}/${text(charge, 'chargeId')}`);
    add(charges, text(charge, 'currency'), units(charge, 'amount'));
  });
  const entries = await eachRecord({ ...at, topic: 'journal' }, schemas, (entry) => {
    const currency = text(entry, 'currency');
    entryIds.add(`${text(entry, 'accountId')}/${text(entry, 'entryId')}`);
    for (const posting of list(entry, 'postings')) {
      const amount = units(posting, 'amount');
      const debit = text(posting, 'side') === 'debit' ? amount : -amount;
      add(trial, currency, debit);
      if (text(posting, 'ledgerAccount') === 'revenue') add(revenue, currency, -debit);
    }
  });
  return {
    charges: sumsText(charges),
    revenue: sumsText(revenue),
    trial: sumsText(trial),
    chargeRecords,
    chargeIds: chargeIds.size,
    entries,
    entryIds: entryIds.size,
  };
}

export interface SqlAddress {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export async function sqlTotals(at: SqlAddress): Promise<ForeignTotals> {
  const [charges, revenue, trial] = [
    await sqlSums(at, 'SELECT currency, toString(sum(amount)) FROM charges GROUP BY currency'),
    await sqlSums(
      at,
      "SELECT currency, toString(sum(credit) - sum(debit)) FROM journal WHERE ledger_account = 'revenue' GROUP BY currency",
    ),
    await sqlSums(at, 'SELECT currency, toString(sum(debit) - sum(credit)) FROM journal GROUP BY currency'),
  ];
  const one = async (query: string): Promise<number> => Number((await sqlRows(at, query))[0]?.[0]);
  return {
    charges: sumsText(charges),
    revenue: sumsText(revenue),
    trial: sumsText(trial),
    chargeRecords: await one('SELECT count() FROM charges'),
    chargeIds: await one('SELECT uniqExact(account_id, charge_id) FROM charges'),
    entries: await one('SELECT uniqExact(_partition, _offset) FROM journal'),
    entryIds: await one('SELECT uniqExact(account_id, entry_id) FROM journal'),
  };
}

async function eachRecord(
  at: { readonly brokers: string; readonly topic: string; readonly idleMs: number },
  schemas: Schemas,
  visit: (fields: Fields) => void,
): Promise<number> {
  const values: Buffer[] = [];
  const records = await consoleRecords(at, ({ value, partition, offset }) => {
    if (value === null || value[0] !== 0) throw new Error(`${at.topic}/${partition}@${offset} has no frame`);
    values.push(value);
  });
  for (const value of values) {
    const schema = await schemas.text(value.readUInt32BE(1));
    visit(fieldsOf(decodeAvro(schema, value.subarray(FRAME_BYTES))));
  }
  return records;
}

/** Writer schemas, asked of the registry over plain HTTP. */
class Schemas {
  readonly #url: string;
  readonly #known = new Map<number, string>();

  constructor(url: string) {
    this.#url = url;
  }

  async text(id: number): Promise<string> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const answer = await fetch(`${this.#url}/schemas/ids/${id}`);
    const body: unknown = await answer.json();
    const schema = typeof body === 'object' && body !== null && 'schema' in body ? body.schema : null;
    if (typeof schema !== 'string') throw new Error(`the registry does not know schema ${id}`);
    this.#known.set(id, schema);
    return schema;
  }
}

async function sqlSums(at: SqlAddress, query: string): Promise<Sums> {
  return new Map((await sqlRows(at, query)).map(([name = '', sum = '']) => [name, unitsOf(sum)]));
}

async function sqlRows(at: SqlAddress, query: string): Promise<readonly (readonly string[])[]> {
  const answer = await fetch(`${at.url}/?query=${encodeURIComponent(`${query} FORMAT TabSeparated`)}`, {
    headers: { 'x-clickhouse-user': at.username, 'x-clickhouse-key': at.password },
  });
  const body = await answer.text();
  if (!answer.ok) throw new Error(`ClickHouse answered ${answer.status}: ${body.slice(0, 300)}`);
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

function add(sums: Sums, name: string, amount: bigint): void {
  sums.set(name, (sums.get(name) ?? 0n) + amount);
}

function sumsText(sums: Sums): string {
  const parts = [...sums]
    .filter(([, amount]) => amount !== 0n)
    .map(([name, amount]) => `${name} ${amount}e-${SCALE}`);
  return parts.length === 0 ? 'nothing' : parts.sort().join(', ');
}

/** Decimal text as whole units; digits beyond the scale are an error and not rounded away. */
function unitsOf(decimal: string): bigint {
  const found = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(decimal);
  if (found === null) throw new Error(`${decimal} is no amount`);
  const [, sign = '', whole = '', fraction = ''] = found;
  const amount = BigInt(whole + fraction.padEnd(SCALE, '0'));
  return sign === '-' ? -amount : amount;
}

function fieldsOf(value: AvroValue | undefined): Fields {
  if (!isRecord(value)) throw new Error('a record was expected');
  return value;
}

function isRecord(value: AvroValue | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new Error(`${name} is no text`);
  return value;
}

function units(fields: Fields, name: string): bigint {
  const value = fields[name];
  if (typeof value !== 'bigint') throw new Error(`${name} is no amount`);
  return value;
}

function list(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new Error(`${name} is no list`);
  return value.map(fieldsOf);
}
