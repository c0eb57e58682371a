/**
 * Rule: the credits of a contract are granted once, when the account is known and the contract in force.
 *
 * Invariants:
 *  1. A grant id is booked at most once per account, whatever later versions of the contract say about it.
 *  2. A grant that has expired before it could be booked pays nothing: it is booked and expires at once, so that
 *     credits issued = spent + expired + remaining holds for it too.
 */
import type { Contract, GrantTerms } from '../../schemas/generated/contract.ts';
import type { CreditAccount, WaitingGrant } from '../../schemas/generated/credit-account.ts';
import type { Instant } from '../../schemas/instant.ts';
import { type Booking, receive } from './booking.ts';
import { LEDGER } from './chart-of-accounts.ts';
import { bookExpiry } from './expiry.ts';
import { type Books, type Occasion, scopedKey } from './model.ts';
import { credit, debit, type EntryHead, entryOf } from './posting.ts';

/** The terms in a contract that are neither booked nor waiting yet. */
export function newGrants(
  books: Books,
  contract: Contract,
  waiting: readonly WaitingGrant[],
): readonly GrantTerms[] {
  const seen = new Set(waiting.map((grant) => grant.grantId));
  return contract.grants.filter(({ grantId }) => {
    const isNew = !seen.has(grantId) && books.bookings.get(bookingKey(contract, grantId)) === undefined;
    seen.add(grantId);
    return isNew;
  });
}

function bookingKey({ accountId }: Contract, grantId: string): string {
  return scopedKey(accountId, grantEntryId(accountId, grantId));
}

function grantEntryId(accountId: string, grantId: string): string {
  return `grant:${accountId}:${grantId}`;
}

export function waitingGrant(terms: GrantTerms, contract: Contract, occasion: Occasion): WaitingGrant {
  return {
    grantId: terms.grantId,
    amount: terms.amount,
    priority: terms.priority,
    expiresAt: terms.expiresAt,
    effectiveAt: contract.effectiveAt,
    recordedAt: occasion.recordedAt,
    cause: occasion.cause,
  };
}

/** The bookings of all grants whose contract is in force at `now`. */
export function bookGrants(account: CreditAccount, now: Instant): readonly Booking[] {
  if (!account.known) return [];
  return account.waitingGrants
    .filter((grant) => grant.effectiveAt <= now)
    .flatMap((grant) => bookGrant(account, grant, now));
}

function bookGrant(account: CreditAccount, grant: WaitingGrant, now: Instant): readonly Booking[] {
  const { grantId, amount, expiresAt } = grant;
  const head: EntryHead = {
    entryId: grantEntryId(account.accountId, grantId),
    kind: 'grant',
    reference: grantId,
    occurredAt: grant.effectiveAt,
    bookedAt: grant.recordedAt,
    cause: grant.cause,
  };
  if (expiresAt === null || expiresAt > now) {
    return [receive(head, amount, { debited: LEDGER.promotionExpense, grantId })];
  }
  const unspendable: Booking = (current) =>
    entryOf(current, head, [
      debit(LEDGER.promotionExpense, amount, null),
      credit(LEDGER.credits, amount, grantId),
    ]);
  return [unspendable, bookExpiry({ grantId, expiresAt }, grant)];
}
