/**
 * The balance of an account as the world sees it: a projection of the state that the journal built.
 *
 * Boundary: `reserved` and `held` stay zero until reservations and disputes exist.
 */
import { ZERO } from '../../schemas/amount.ts';
import { addAmounts } from '../../schemas/amount-arithmetic.ts';
import type { Balance } from '../../schemas/generated/balance.ts';
import type { CreditAccount } from '../../schemas/generated/credit-account.ts';

/** Null for an account that has no currency yet, since there is nothing to say about its money. */
export function balanceOf(account: CreditAccount): Balance | null {
  if (account.currency === null) return null;
  return {
    accountId: account.accountId,
    currency: account.currency,
    available: account.grants.reduce((sum, grant) => addAmounts(sum, grant.remaining), ZERO),
    reserved: ZERO,
    held: ZERO,
    overdraft: account.receivable,
    grants: account.grants.map(({ grantId, remaining, priority, expiresAt }) => ({
      grantId,
      remaining,
      priority,
      expiresAt,
    })),
    entries: account.entries,
    asOf: account.asOf,
    cause: account.cause,
  };
}
