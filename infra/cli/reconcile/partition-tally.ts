/**
 * Counts one partition of the chain usage = cost = charges = journal = invoices, from the topics alone (A10).
 *
 * Job: every stage is read once and summed by its own rule; ids are matched between neighbours. Boundary: no rule of a
 * service is called, so a service that is wrong cannot hide it here. ClickHouse is compared elsewhere.
 *
 * Invariants:
 *  1. A use is admitted when it is readable, was not refused, and is the first of its id; that makes one cost event
 *     and one charge that amend nothing.
 *  2. A charge that is not in suspense and not zero makes one journal entry with the same amount of revenue.
 *  3. The charges of an account that are not in suspense sum to the exact totals of the newest states of its invoices.
 */
import { type Amount, amountOfUnits, ZERO } from '../../../schemas/amount.ts';
import { addAmounts, subtractAmounts } from '../../../schemas/amount-arithmetic.ts';
import type { JournalEntry } from '../../../schemas/generated/journal-entry.ts';
import type { RecordName, RecordTypes } from '../../../schemas/generated/record-types.ts';
import type { LogRecord } from '../../../topology/log.ts';
import { decode, type Source, scan } from '../topic-scan.ts';
import { IdTable } from './id-table.ts';
import { MoneySums } from './money-sums.ts';

/** Offsets are counted in ranges of this size, to be compared with those of another store. */
export const BUCKET_OFFSETS = 10_000;

/** Where an id was seen. */
export const SEEN = { usage: 1, cost: 2, charge: 4, booked: 8, entry: 16 } as const;

export interface AccountDifference {
  readonly accountId: string;
  readonly charged: Amount;
  readonly invoiced: Amount;
}

export interface PartitionTally {
  readonly partition: number;
  readonly ids: IdTable;
  readonly chargeIds: IdTable;
  readonly refused: number;
  readonly repeated: number;
  readonly unreadable: number;
  readonly usage: MoneySums;
  readonly cost: MoneySums;
  readonly costRecords: MoneySums;
  readonly useCharges: MoneySums;
  readonly charges: MoneySums;
  readonly chargeRecords: MoneySums;
  readonly entries: MoneySums;
  readonly journalRecords: number;
  readonly postings: { readonly debits: MoneySums; readonly credits: MoneySums };
  readonly invoices: MoneySums;
  readonly accounts: readonly AccountDifference[];
  /** By topic, then by range of offsets: how many records. */
  readonly buckets: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

export async function tallyPartition(
  source: Source,
  partition: number,
  moved: (count: number) => void,
): Promise<PartitionTally> {
  const tally = new Tally(source, partition, moved);
  await tally.readRefused();
  await tally.readUsage();
  await tally.readCosts();
  await tally.readCharges();
  await tally.readJournal();
  await tally.readInvoices();
  return tally.result();
}

/** Ids are unique per account only. */
export function idIn(accountId: string, id: string): string {
  return `${accountId}/${id}`;
}

class Tally {
  readonly ids = new IdTable();
  readonly chargeIds = new IdTable();
  readonly usage = new MoneySums();
  readonly cost = new MoneySums();
  readonly costRecords = new MoneySums();
  readonly useCharges = new MoneySums();
  readonly charges = new MoneySums();
  readonly chargeRecords = new MoneySums();
  readonly entries = new MoneySums();
  readonly debits = new MoneySums();
  readonly credits = new MoneySums();
  readonly invoices = new MoneySums();
  readonly #source: Source;
  readonly #partition: number;
  readonly #moved: (count: number) => void;
  readonly #refusedOffsets = new Set<number>();
  readonly #charged = new Map<string, Amount>();
  readonly #invoiced = new Map<string, Map<string, Amount>>();
  readonly #buckets = new Map<string, Map<number, number>>();
  #repeated = 0;
  #unreadable = 0;
  #journalRecords = 0;

  constructor(source: Source, partition: number, moved: (count: number) => void) {
    this.#source = source;
    this.#partition = partition;
    this.#moved = moved;
  }

  async readRefused(): Promise<void> {
    await this.#scan('rating-rejected', (record) => {
      const refusal = decode(this.#source.directory, 'Refusal', record);
      // A refusal for now does not undo the admission: the use waits in suspense.
      if (refusal.ok && refusal.value.transient) return;
      const origin = refusal.ok ? refusal.value : this.#read('DeadLetter', record);
      if (origin?.originTopic === 'usage-events') this.#refusedOffsets.add(origin.originOffset);
    });
  }

  async readUsage(): Promise<void> {
    await this.#scan('usage-events', (record) => {
      if (this.#refusedOffsets.has(record.offset)) return;
      const use = this.#read('UsageEvent', record);
      if (use === null) return;
      if (this.ids.mark(idIn(use.accountId, use.requestId), SEEN.usage)) this.#repeated += 1;
      else this.usage.count += 1;
    });
  }

  async readCosts(): Promise<void> {
    await this.#scan('cost-events', (record) => {
      const cost = this.#read('CostEvent', record);
      if (cost === null) return;
      this.costRecords.add(cost.currency, cost.amount);
      this.cost.addAmount(cost.currency, cost.amount);
      if (cost.amends !== null) return;
      this.cost.count += 1;
      this.ids.mark(idIn(cost.accountId, cost.requestId), SEEN.cost);
    });
  }

  async readCharges(): Promise<void> {
    await this.#scan('charges', (record) => {
      const charge = this.#read('Charge', record);
      if (charge === null) return;
      const { accountId, chargeId, requestId, amount, currency } = charge;
      this.chargeRecords.add(currency, amount);
      if (requestId !== null) {
        this.useCharges.addAmount(currency, amount);
        if (charge.amends === null) {
          this.useCharges.count += 1;
          this.ids.mark(idIn(accountId, requestId), SEEN.charge);
        }
      }
      if (charge.status === 'suspense') return;
      add(this.#charged, idIn(accountId, currency), amount);
      if (amount === ZERO) return;
      this.charges.add(currency, amount);
      this.chargeIds.mark(idIn(accountId, chargeId), SEEN.booked);
    });
  }

  async readJournal(): Promise<void> {
    await this.#scan('journal', (record) => {
      const entry = this.#read('JournalEntry', record);
      if (entry === null) return;
      this.#journalRecords += 1;
      for (const { side, amount } of entry.postings) {
        (side === 'debit' ? this.debits : this.credits).add(entry.currency, amount);
      }
      if (entry.kind !== 'charge') return;
      this.entries.add(entry.currency, revenueOf(entry));
      this.chargeIds.mark(idIn(entry.accountId, entry.reference), SEEN.entry);
    });
  }

  async readInvoices(): Promise<void> {
    await this.#scan('invoices', (record) => {
      const invoice = this.#read('Invoice', record);
      if (invoice === null) return;
      const account = idIn(invoice.accountId, invoice.currency);
      const states = this.#invoiced.get(account) ?? new Map<string, Amount>();
      this.#invoiced.set(account, states);
      states.set(invoice.invoiceId, invoice.exactTotal);
    });
  }

  result(): PartitionTally {
    const {
      ids,
      chargeIds,
      usage,
      cost,
      costRecords,
      useCharges,
      charges,
      chargeRecords,
      entries,
      invoices,
    } = this;
    const accounts = this.#accountDifferences();
    return {
      partition: this.#partition,
      ...{
        ids,
        chargeIds,
        usage,
        cost,
        costRecords,
        useCharges,
        charges,
        chargeRecords,
        entries,
        invoices,
        accounts,
      },
      refused: this.#refusedOffsets.size,
      repeated: this.#repeated,
      unreadable: this.#unreadable,
      journalRecords: this.#journalRecords,
      postings: { debits: this.debits, credits: this.credits },
      buckets: this.#buckets,
    };
  }

  #accountDifferences(): readonly AccountDifference[] {
    const differences: AccountDifference[] = [];
    for (const account of new Set([...this.#charged.keys(), ...this.#invoiced.keys()])) {
      const charged = this.#charged.get(account) ?? ZERO;
      let invoiced = ZERO;
      for (const total of this.#invoiced.get(account)?.values() ?? []) {
        invoiced = addAmounts(invoiced, total);
        this.invoices.count += 1;
      }
      this.invoices.addAmount(account.slice(account.lastIndexOf('/') + 1), invoiced);
      if (charged !== invoiced) differences.push({ accountId: account, charged, invoiced });
    }
    return differences;
  }

  #read<N extends RecordName>(name: N, record: LogRecord): RecordTypes[N] | null {
    const decoded = decode(this.#source.directory, name, record);
    if (decoded.ok) return decoded.value;
    this.#unreadable += 1;
    return null;
  }

  async #scan(topic: string, visit: (record: LogRecord) => void): Promise<void> {
    const buckets = new Map<number, number>();
    this.#buckets.set(topic, buckets);
    await scan(this.#source, [{ topic, partition: this.#partition }], {
      visit(record) {
        const bucket = Math.floor(record.offset / BUCKET_OFFSETS);
        buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
        visit(record);
      },
      moved: this.#moved,
    });
  }
}

function add(sums: Map<string, Amount>, key: string, amount: Amount): void {
  sums.set(key, addAmounts(sums.get(key) ?? ZERO, amount));
}

/** A charge in the customer's favour debits revenue. */
function revenueOf({ postings }: JournalEntry): Amount {
  let revenue = amountOfUnits(0n);
  for (const { ledgerAccount, side, amount } of postings) {
    if (ledgerAccount !== 'revenue') continue;
    revenue = side === 'credit' ? addAmounts(revenue, amount) : subtractAmounts(revenue, amount);
  }
  return revenue;
}
