/** Accounts of credit-balances as they stand in its changelog, and charges of them. */
import { parseAmount } from '../../schemas/amount.ts';
import { encodeFramed } from '../../schemas/codec.ts';
import type { CreditAccount } from '../../schemas/generated/credit-account.ts';
import { type AccountId, parseAccountId } from '../../schemas/ids.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import type { SchemaDirectory } from '../../schemas/schema-directory.ts';
import type { LogRecord } from '../../topology/log.ts';
import type { StateChange } from '../../topology/store.ts';
import { charge } from '../services/sample-charge.ts';

const DUE_MS = Date.UTC(2030, 0);
const AS_OF_MS = Date.UTC(2026, 2, 10, 12);

export function accountIdOf(number: number): AccountId {
  return parseAccountId(`bench-account-${number}`);
}

/** The changes of a step that opened these accounts. */
export function accountChanges(from: number, to: number): readonly StateChange[] {
  return Array.from({ length: to - from }, (_, index) => {
    const value = accountState(from + index);
    const dueAt = instantOfMillis(DUE_MS);
    return { table: 'accounts', key: value.accountId, record: 'CreditAccount', value, dueAt };
  });
}

function accountState(number: number): CreditAccount {
  return {
    accountId: accountIdOf(number),
    currency: 'USD',
    known: true,
    grants: [
      {
        grantId: 'welcome',
        remaining: parseAmount(`${number % 1_000}.000000000001`),
        priority: 10,
        sequence: 1,
        expiresAt: instantOfMillis(DUE_MS),
      },
    ],
    receivable: parseAmount('0'),
    waitingGrants: [],
    waitingPayments: [],
    entries: 1 + number,
    asOf: instantOfMillis(AS_OF_MS),
    cause: { topic: 'charges', partition: 0, offset: number },
  };
}

/** A charge of one account as a record of the topic. */
export function chargeRecord(directory: SchemaDirectory, offset: number, accountNumber: number): LogRecord {
  const accountId = accountIdOf(accountNumber);
  const value = charge({
    accountId,
    chargeId: `bench-charge-${offset}`,
    requestId: `bench-use-${offset}`,
    amount: parseAmount('0.000123456789'),
    cause: { topic: 'usage-events', partition: 0, offset },
  });
  return {
    topic: 'charges',
    partition: 0,
    offset,
    appendedAt: AS_OF_MS + offset,
    key: Buffer.from(accountId),
    value: encodeFramed('Charge', value, directory.idOf('Charge')),
    headers: [],
  };
}
