/**
 * Rule: in which order grants pay, and where money goes that comes in.
 *
 * Invariants:
 *  1. Grants burn by priority, then by expiry (soonest first, never last), then by creation (L2).
 *  2. What grants cannot pay is owed; what comes in pays first what is owed. So an account never has credits and
 *     a debt at once, and credits less debt depends on the amounts alone, not on the order in which they came.
 */
import type { Amount } from '../../schemas/amount.ts';
import { compareAmounts, subtractAmounts } from '../../schemas/amount-arithmetic.ts';
import type { CreditAccount, CreditGrant } from '../../schemas/generated/credit-account.ts';
import type { Posting } from '../../schemas/generated/journal-entry.ts';
import { LEDGER } from './chart-of-accounts.ts';
import { credit, debit } from './posting.ts';

/** Negative, zero or positive, as `Array.sort` expects. */
export function compareBurnOrder(a: CreditGrant, b: CreditGrant): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.expiresAt !== b.expiresAt) {
    if (a.expiresAt === null) return 1;
    if (b.expiresAt === null) return -1;
    return a.expiresAt - b.expiresAt;
  }
  return a.sequence - b.sequence;
}

/** The debits that pay `amount`. A refund takes its own payment's grant first. */
export function burn(account: CreditAccount, amount: Amount, firstGrantId: string | null): Posting[] {
  const postings: Posting[] = [];
  let rest = amount;
  for (const grant of inOrder(account.grants, firstGrantId)) {
    if (rest === 0n) return postings;
    const part = smaller(grant.remaining, rest);
    postings.push(debit(LEDGER.credits, part, grant.grantId));
    rest = subtractAmounts(rest, part);
  }
  if (rest !== 0n) postings.push(debit(LEDGER.receivable, rest, null));
  return postings;
}

/** The credits that take in `amount`: the debt first, the rest as a grant. */
export function settle(account: CreditAccount, amount: Amount, grantId: string): Posting[] {
  const settled = smaller(account.receivable, amount);
  const rest = subtractAmounts(amount, settled);
  const postings: Posting[] = [];
  if (settled !== 0n) postings.push(credit(LEDGER.receivable, settled, null));
  if (rest !== 0n) postings.push(credit(LEDGER.credits, rest, grantId));
  return postings;
}

function inOrder(grants: readonly CreditGrant[], firstGrantId: string | null): readonly CreditGrant[] {
  if (firstGrantId === null) return grants;
  const first = grants.filter((grant) => grant.grantId === firstGrantId);
  return [...first, ...grants.filter((grant) => grant.grantId !== firstGrantId)];
}

function smaller(a: Amount, b: Amount): Amount {
  return compareAmounts(a, b) < 0 ? a : b;
}
