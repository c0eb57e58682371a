/**
 * The money on the log and in ClickHouse, added up by readers that are not ours: Kafka's console consumer with an Avro
 * decoder of its own, and plain SQL over HTTP.
 *
 * Boundary: shares no code with the readers, the codec and the audit of the system. Amounts are whole units of 1e-12.
 */
import { type AvroValue, decodeAvro } from './avro.ts';
import { consoleRecords } from './console-consumer.ts';

/** What must be equal, digit by digit, whoever added it up. Sums are whole units; a sum of nothing may be missing. */
export interface ForeignTotals {
  /** By currency. */
  readonly charges: Sums;
  readonly trial: Sums;
  /** Credits less debits, by ledger account and currency. */
  readonly ledger: Sums;
  /** Credits less debt, by customer and currency: money that went to another customer changes no other sum. */
  readonly customers: Sums;
  readonly chargeRecords: number;
  readonly chargeIds: number;
  readonly entries: number;
  readonly entryIds: number;
}

const SCALE = 12;
const FRAME_BYTES = 5;
/** Ledger accounts that say what a customer has and owes. */
const OF_CUSTOMERS: readonly string[] = ['credits', 'receivable'];

export type Sums = ReadonlyMap<string, bigint>;
type Adding = Map<string, bigint>;
type Fields = Readonly<Record<string, AvroValue>>;

export async function consoleTotals(at: {
  readonly brokers: string;
  readonly schemaRegistryUrl: string;
  readonly idleMs: number;
}): Promise<ForeignTotals> {
  const schemas = new Schemas(at.schemaRegistryUrl);
  const charges: Adding = new Map();
  const trial: Adding = new Map();
  const ledger: Adding = new Map();
  const customers: Adding = new Map();
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
      const credit = text(posting, 'side') === 'debit' ? -amount : amount;
      const account = text(posting, 'ledgerAccount');
      add(trial, currency, credit);
      add(ledger, `${account} ${currency}`, credit);
      if (OF_CUSTOMERS.includes(account)) add(customers, `${text(entry, 'accountId')} ${currency}`, credit);
    }
  });
  return {
    charges,
    trial,
    ledger,
    customers,
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
  /** Where charges and journal are; the writer's own database when absent. */
  readonly database?: string;
}

export async function sqlTotals(at: SqlAddress): Promise<ForeignTotals> {
  const place = at.database === undefined ? '' : `${at.database}.`;
  const journal = (group: string, where = '1'): Promise<Sums> => {
    const sum = `SELECT ${group} AS name, toString(sum(credit) - sum(debit)) FROM ${place}journal`;
    return sqlSums(at, `${sum} WHERE ${where} GROUP BY name`);
  };
  const one = async (query: string): Promise<number> => Number((await sqlRows(at, query))[0]?.[0]);
  const accounts = OF_CUSTOMERS.map((account) => `'${account}'`).join(', ');
  return {
    charges: await sqlSums(
      at,
      `SELECT currency, toString(sum(amount)) FROM ${place}charges GROUP BY currency`,
    ),
    trial: await journal('currency'),
    ledger: await journal("concat(ledger_account, ' ', currency)"),
    customers: await journal("concat(account_id, ' ', currency)", `ledger_account IN (${accounts})`),
    chargeRecords: await one(`SELECT count() FROM ${place}charges`),
    chargeIds: await one(`SELECT uniqExact(account_id, charge_id) FROM ${place}charges`),
    entries: await one(`SELECT uniqExact(_partition, _offset) FROM ${place}journal`),
    entryIds: await one(`SELECT uniqExact(account_id, entry_id) FROM ${place}journal`),
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

function add(sums: Adding, name: string, amount: bigint): void {
  sums.set(name, (sums.get(name) ?? 0n) + amount);
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
