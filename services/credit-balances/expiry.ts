/**
 * Rule: what a grant has left when stream time reaches its expiry becomes revenue, called breakage.
 *
 * Boundary: a grant expires when a clock tick says so, not when a charge was used; between the two it may still burn.
 */
import type { CreditAccount } from '../../schemas/generated/credit-account.ts';
import type { Instant } from '../../schemas/instant.ts';
import type { Booking } from './booking.ts';
import { LEDGER } from './chart-of-accounts.ts';
import type { Occasion } from './occasion.ts';
import { credit, debit, type EntryHead, entryOf } from './posting.ts';

type ExpiryCause = Pick<Occasion, 'recordedAt' | 'cause'>;

export function bookExpiries(account: CreditAccount, now: Instant, cause: ExpiryCause): readonly Booking[] {
  return account.grants.flatMap(({ grantId, expiresAt }) =>
    expiresAt !== null && expiresAt <= now ? [bookExpiry({ grantId, expiresAt }, cause)] : [],
  );
}

export function bookExpiry(
  grant: { readonly grantId: string; readonly expiresAt: Instant },
  { recordedAt, cause }: ExpiryCause,
): Booking {
  return (account) => {
    const head: EntryHead = {
      entryId: `expiry:${account.accountId}:${grant.grantId}`,
      kind: 'expiry',
      reference: grant.grantId,
      occurredAt: grant.expiresAt,
      bookedAt: recordedAt,
      cause,
    };
    const left = account.grants.find(({ grantId }) => grantId === grant.grantId);
    if (left === undefined) throw new Error(`${head.entryId}: nothing is left to expire`);
    return entryOf(account, head, [
      debit(LEDGER.credits, left.remaining, grant.grantId),
      credit(LEDGER.breakage, left.remaining, null),
    ]);
  };
}

/** When something of this account happens by time alone: a grant expires, or a waiting one takes force. */
export function nextDueAt(account: CreditAccount): Instant | null {
  let next: Instant | null = null;
  for (const { expiresAt } of account.grants) next = earlier(next, expiresAt);
  if (account.known) for (const { effectiveAt } of account.waitingGrants) next = earlier(next, effectiveAt);
  return next;
}

function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return b < a ? b : a;
}
