/**
 * Logs that are broken on purpose, each in one way that an invariant forbids, to prove that the audit notices.
 *
 * Boundary: only tasks are given these; what producers send is whole.
 */

import { parseAmount } from '../../schemas/amount.ts';
import { decodeFramed, encodeFramed, frameId } from '../../schemas/codec.ts';
import type { RecordName, RecordTypes } from '../../schemas/generated/record-types.ts';
import { MemorySchemaDirectory } from '../../schemas/schema-directory-memory.ts';
import {
  type CommittedAt,
  type Log,
  LogError,
  type OutgoingRecord,
  type TransactionBatch,
  type Transactor,
} from '../../topology/log.ts';
import type { MemoryLog } from '../../topology/log-memory.ts';
import { logWith } from '../support/log-double.ts';
import { writtenIn } from '../support/packed.ts';
import type { Breakage } from './simulate.ts';

type Mend = (records: readonly OutgoingRecord[]) => readonly OutgoingRecord[];

const directory = new MemorySchemaDirectory();

/** What each breakage does, and the invariant under which it must be reported. */
export const BREAKAGES: Readonly<
  Record<string, { readonly invariant: string; readonly breakage: Breakage }>
> = {
  'an entry is booked twice': written(
    'R1',
    (records) => [...records, ...records.filter(of('journal'))],
    once('journal'),
  ),
  'an entry is lost': written('R1', without('journal'), once('journal')),
  'a charge is lost': written('R2', without('charges'), once('charges')),
  'a cost event is written twice': written(
    'R2',
    (records) => [...records, ...records.filter(of('cost-events'))],
    once('cost-events'),
  ),
  'a former owner is not fenced': {
    invariant: 'R4',
    breakage: (log) => wrapped(log, (inner) => new Unfenced(inner, log)),
  },
  'a step is missing from the chain': written('R7', without('rating-steps'), once('rating-steps', 3)),
  'a change of state is not in the changelog': written(
    'R8',
    without('credit-balances-changelog', 'accounts/'),
    once('journal'),
  ),
  'an invoice is lost': written('R9', without('invoices'), always),
  'a refusal is not recorded': written('R10', without('rating-rejected'), always),
  'a use without a price is billed with a default price': written(
    'R15',
    (records) => records.map(defaultPriced),
    always,
  ),
  'an issued invoice is written again': written(
    'R16',
    (records) => [...records, ...records.filter(of('invoices'))],
    always,
  ),
};

function written(
  invariant: string,
  mend: Mend,
  applies: () => (records: readonly OutgoingRecord[]) => boolean,
) {
  const breakage: Breakage = (log) => {
    const isNow = applies();
    return wrapped(
      log,
      (inner) => new Mended(inner, (records) => (isNow(records) ? mend(records) : records)),
    );
  };
  return { invariant, breakage };
}

function always(): (records: readonly OutgoingRecord[]) => boolean {
  return () => true;
}

/** Only in one transaction that writes to the topic. */
function once(topic: string, number = 2): () => (records: readonly OutgoingRecord[]) => boolean {
  return () => {
    let seen = 0;
    return (records) => {
      if (!records.some(of(topic))) return false;
      seen += 1;
      return seen === number;
    };
  };
}

function of(topic: string): (record: OutgoingRecord) => boolean {
  return (record) => record.topic === topic;
}

function without(topic: string, keyPrefix = ''): Mend {
  return (records) =>
    records.filter(
      (record) => record.topic !== topic || record.key?.toString().startsWith(keyPrefix) === false,
    );
}

function defaultPriced(record: OutgoingRecord): OutgoingRecord {
  if (record.topic !== 'charges') return record;
  const charge = decoded('Charge', record.value);
  if (charge?.status !== 'suspense') return record;
  const amount = parseAmount('0.01');
  const value = encodeFramed('Charge', { ...charge, status: 'rated', amount }, directory.idOf('Charge'));
  return { ...record, value };
}

function decoded<N extends RecordName>(name: N, value: Buffer | null): RecordTypes[N] | null {
  if (value === null || frameId(value) === undefined) return null;
  const result = decodeFramed(name, value, (id) => directory.writerSchema(id));
  return result.ok ? result.value : null;
}

function wrapped(log: MemoryLog, around: (inner: Transactor) => Transactor): Log {
  return logWith(log, {
    transactor: async (id, options) => around(await log.transactor(id, options)),
  });
}

class Mended implements Transactor {
  readonly transactionalId: string;
  readonly #inner: Transactor;
  readonly #mend: Mend;

  constructor(inner: Transactor, mend: Mend) {
    this.transactionalId = inner.transactionalId;
    this.#inner = inner;
    this.#mend = mend;
  }

  async commit(batch: TransactionBatch): Promise<readonly CommittedAt[]> {
    return this.#inner.commit({ ...batch, records: this.#mend(writtenIn(batch)), packed: [] });
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}

/** Writes all the same when it is told that it has been replaced. */
class Unfenced implements Transactor {
  readonly transactionalId: string;
  readonly #inner: Transactor;
  readonly #log: MemoryLog;

  constructor(inner: Transactor, log: MemoryLog) {
    this.transactionalId = inner.transactionalId;
    this.#inner = inner;
    this.#log = log;
  }

  async commit(batch: TransactionBatch): Promise<readonly CommittedAt[]> {
    try {
      return await this.#inner.commit(batch);
    } catch (error) {
      if (!(error instanceof LogError) || error.kind !== 'fenced') throw error;
      const appended = await this.#log.append(writtenIn(batch));
      return appended.map((run) => ({ ...run, appendedAt: this.#log.now() }));
    }
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}
