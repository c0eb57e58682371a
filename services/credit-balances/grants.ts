/**
 * Rule: the credits of a contract are granted once, when the account is known and the contract in force.
 *
 * Invariants:
 *  1. A grant id is booked at most once per account, whatever later versions of the contract say about it.
 *  2. A grant that has expired before it could be booked pays nothing: it is booked and expires at once, so that
 *     credits issued = spent + expired + remaining holds for it too.
 */
import { ZERO } from '../../schemas/amount.ts';
import type { Contract } from '../../schemas/generated/contract.ts';
import type { CreditAccount, WaitingGrant } from '../../schemas/generated/credit-account.ts';
import type { AccountId } from '../../schemas/ids.ts';
import type { Instant } from '../../schemas/instant.ts';
import { unopened } from './account-record.ts';
import { type Booking, bookedAmountMax, receive } from './booking.ts';
import { LEDGER } from './chart-of-accounts.ts';
import { bookExpiry } from './expiry.ts';
import { type Books, scopedKey } from './model.ts';
import type { Occasion } from './occasion.ts';
import { credit, debit, type EntryHead, entryOf } from './posting.ts';

/** The account with the grants of a contract that are neither booked nor waiting yet. */
export function withNewGrants(books: Books, contract: Contract, occasion: Occasion): CreditAccount {
  const { accountId, effectiveAt } = contract;
  const account = books.accounts.get(accountId) ?? unopened(accountId, occasion);
  const seen = new Set(account.waitingGrants.map((grant) => grant.grantId));
  const { recordedAt, cause } = occasion;
  const added: WaitingGrant[] = [];
  for (const { grantId, amount, priority, expiresAt } of contract.grants) {
    const booked = books.bookings.get(scopedKey(accountId, grantEntryId(accountId, grantId)));
    if (amount <= ZERO || amount > bookedAmountMax || booked !== undefined || seen.has(grantId)) continue;
    seen.add(grantId);
    added.push({ grantId, amount, priority, expiresAt, effectiveAt, recordedAt, cause });
  }
  return added.length === 0 ? account : { ...account, waitingGrants: [...account.waitingGrants, ...added] };
}

/** The bookings of all grants whose contract is in force at `now`. */
export function bookGrants(account: CreditAccount, now: Instant): readonly Booking[] {
  if (!account.known) return [];
  return account.waitingGrants
    .filter((grant) => grant.effectiveAt <= now)
    .flatMap((grant) => bookGrant(account, grant, now));
}

function grantEntryId(accountId: AccountId, grantId: string): string {
  return `grant:${accountId}:${grantId}`;
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
