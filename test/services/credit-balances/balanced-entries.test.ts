/** The last guard before the journal: what does not balance never becomes an entry, whichever rule made it (L1). */
import { describe, expect, test } from 'vitest';
import { parseAmount } from '../../../schemas/amount.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { instantOfMillis } from '../../../schemas/instant.ts';
import { unopened } from '../../../services/credit-balances/account-record.ts';
import { LEDGER } from '../../../services/credit-balances/chart-of-accounts.ts';
import { credit, debit, type EntryHead, entryOf } from '../../../services/credit-balances/posting.ts';

const AT = instantOfMillis(0);
const CAUSE = { topic: 'charges', partition: 0, offset: 0 };
const ACCOUNT = {
  ...unopened(parseAccountId('acme'), { recordedAt: AT, streamTime: null, cause: CAUSE }),
  currency: 'USD',
};
const HEAD: EntryHead = {
  entryId: 'charge:c1',
  kind: 'charge',
  reference: 'c1',
  occurredAt: AT,
  bookedAt: AT,
  cause: CAUSE,
};
const TEN = parseAmount('10');
const ALMOST = parseAmount('9.999999999999');

describe('an entry', () => {
  test('that balances is one', () => {
    const postings = [debit(LEDGER.credits, TEN, 'g1'), credit(LEDGER.revenue, TEN, null)];
    expect(entryOf(ACCOUNT, HEAD, postings)).toMatchObject({
      entryId: 'charge:c1',
      currency: 'USD',
      postings,
    });
  });

  test.each([
    ['a debit alone', [debit(LEDGER.credits, TEN, 'g1')]],
    ['a credit alone', [credit(LEDGER.revenue, TEN, null)]],
    ['two debits', [debit(LEDGER.credits, TEN, 'g1'), debit(LEDGER.receivable, TEN, null)]],
    ['one unit of 1e-12 too few', [debit(LEDGER.credits, TEN, 'g1'), credit(LEDGER.revenue, ALMOST, null)]],
    ['nothing on both sides', [debit(LEDGER.credits, parseAmount('0'), 'g1')]],
    [
      'negative amounts that cancel each other',
      [debit(LEDGER.credits, parseAmount('-1'), 'g1'), credit(LEDGER.revenue, parseAmount('-1'), null)],
    ],
  ])('of %s is refused and names itself', (_, postings) => {
    expect(() => entryOf(ACCOUNT, HEAD, postings)).toThrow(HEAD.entryId);
  });

  test('of an account without a currency is refused', () => {
    const nobody = { ...ACCOUNT, currency: null };
    expect(() => entryOf(nobody, HEAD, [])).toThrow('no currency');
  });
});
