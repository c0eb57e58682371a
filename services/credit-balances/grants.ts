/**
 * Rule: the credits of a contract are granted once, when the account is known and the contract in force.
 *
 * Invariants:
 *  1. A grant id is booked at most once per account, whatever later versions of the contract say about it.
 *  2. A grant that has expired before it could be booked pays nothing: it is booked and expires at once, so that
 *     credits issued = spent + expired + remaining holds for it too.
 */
import { type Amount, ZERO } from '../../schemas/amount.ts';
import type { Contract } from '../../schemas/generated/contract.ts';
import type { CreditAccount, WaitingGrant } from '../../schemas/generated/credit-account.ts';
import type { AccountId } from '../../schemas/ids.ts';
import type { Instant } from '../../schemas/instant.ts';
import { isBookable } from '../../schemas/money-limits.ts';
import { unopened } from './account-record.ts';
import { type Booking, receive } from './booking.ts';
import { LEDGER } from './chart-of-accounts.ts';
import { bookExpiry } from './expiry.ts';
import { type Books, scopedKey } from './model.ts';
import type { Occasion } from './occasion.ts';
import type { PaymentRefusal } from './payments.ts';
import { credit, debit, type EntryHead, entryOf } from './posting.ts';
import { roomForGrants } from './room.ts';

/** The account with the grants of a contract that are neither booked nor waiting yet, as far as it has room. */
export function withNewGrants(books: Books, contract: Contract, occasion: Occasion): CreditAccount {
  const account = books.accounts.get(contract.accountId) ?? unopened(contract.accountId, occasion);
  const added = newGrants(books, contract, occasion).slice(0, roomForGrants(account));
  return added.length === 0 ? account : { ...account, waitingGrants: [...account.waitingGrants, ...added] };
}

/** What is not taken of the grants of a contract. */
export function grantProblems(
  books: Books,
  contract: Contract,
  occasion: Occasion,
): readonly (PaymentRefusal & { readonly recordId: string })[] {
  const { contractId, accountId, grants } = contract;
  const problems = grants.flatMap(({ grantId, amount }) => {
    const problem = problemOfAmount(grantId, amount);
    return problem === null ? [] : [{ ...problem, recordId: `${contractId}:${grantId}` }];
  });
  const excess = newGrants(books, contract, occasion).slice(roomForGrants(books.accounts.get(accountId)));
  const [first] = excess;
  if (first === undefined) return problems;
  const message = `${excess.length} grants of the contract find no room, ${first.grantId} and what follows it`;
  return [...problems, { code: 'grants_exhausted', field: 'grants', message, recordId: contractId }];
}

function problemOfAmount(grantId: string, amount: Amount): PaymentRefusal | null {
  if (amount <= ZERO) {
    return { code: 'amount_not_positive', field: 'grants', message: `grant ${grantId} gives nothing` };
  }
  if (isBookable(amount)) return null;
  return { code: 'invalid_value', field: 'grants', message: `grant ${grantId} gives more than there is` };
}

/** Grants that are neither booked nor waiting; the first of two with one id. */
function newGrants(
  books: Books,
  contract: Contract,
  { recordedAt, cause }: Occasion,
): readonly WaitingGrant[] {
  const { accountId, effectiveAt } = contract;
  const waiting = books.accounts.get(accountId)?.waitingGrants ?? [];
  const seen = new Set(waiting.map(({ grantId }) => grantId));
  const found: WaitingGrant[] = [];
  for (const { grantId, amount, priority, expiresAt } of contract.grants) {
    const booked = books.bookings.get(scopedKey(accountId, grantEntryId(accountId, grantId)));
    if (problemOfAmount(grantId, amount) !== null || booked !== undefined || seen.has(grantId)) continue;
    seen.add(grantId);
    found.push({ grantId, amount, priority, expiresAt, effectiveAt, recordedAt, cause });
  }
  return found;
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
