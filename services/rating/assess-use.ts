/**
 * Finds everything that decides the price of one use, or names the first thing that is missing.
 *
 * Boundary: looks things up and writes no charge, so that `evolve` may ask again what `decide` asked.
 *
 * Invariants:
 *  1. All terms are those in force when the use occurred.
 *  2. Nothing missing is replaced by something near: the answer is then a code and the queues to wait in.
 *  3. What is priceable can be booked: a price that makes a use dearer than `MONEY_LIMITS.booked` is as good as none.
 */
import type { PriceBookVersion } from '../../schemas/generated/price-book-index.ts';
import type { SuspendedUse } from '../../schemas/generated/rating-suspended-use.ts';
import type { AccountTerms, ContractTerms } from '../../schemas/generated/rating-terms.ts';
import { isBookable } from '../../schemas/money-limits.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';
import type { ModelRates } from '../pricing/model.ts';
import { bookInForce, isIncomplete, modelIn } from '../pricing/price-books.ts';
import { missingClass } from '../pricing/price-tokens.ts';
import { ratesFor } from '../pricing/resolve-model.ts';
import type { View } from './model.ts';
import { inForce } from './terms.ts';
import { amountOf } from './usage-charge.ts';

/** At the highest price and markup there are, so many tokens can still be booked, and need no second look. */
const TOKENS_PLAIN_MAX = 5_000_000;

/** What a charge needs of a use: a usage event is one, and so is what is kept of it in suspense. */
export type Use = Omit<SuspendedUse, 'waits'>;

export interface Priceable {
  readonly kind: 'priceable';
  readonly account: AccountTerms;
  readonly contract: ContractTerms;
  readonly book: PriceBookVersion;
  readonly rates: ModelRates;
}

export interface Blocked {
  readonly kind: 'blocked';
  readonly code: RefusalCode;
  readonly field: string;
  readonly message: string;
  readonly account: AccountTerms | null;
  readonly contract: ContractTerms | null;
  /** The queues whose thing may end the wait. */
  readonly things: readonly string[];
}

export function assessUse(view: View, use: Use): Priceable | Blocked {
  const terms = view.terms.get(use.accountId);
  const account = terms === undefined ? null : inForce(terms.accounts, use.occurredAt);
  const contract = terms === undefined ? null : inForce(terms.contracts, use.occurredAt);
  const parties = { account, contract };
  if (account === null) return block(use, parties, ['account_unknown', 'accountId', use.accountId]);
  if (contract === null) return block(use, parties, ['contract_missing', 'accountId', use.accountId]);
  const { priceBookId } = contract;
  const book = bookInForce(view, { purpose: 'customer', priceBookId }, use.occurredAt);
  if (book === null) {
    const code = isIncomplete(view, priceBookId, use.occurredAt) ? 'reference_incomplete' : 'price_missing';
    return block(use, parties, [code, 'priceBookId', `price book ${priceBookId}`]);
  }
  if (book.currency !== account.currency) {
    const currencies = `account in ${account.currency}, price book ${priceBookId} in ${book.currency}`;
    return block(use, parties, ['currency_mismatch', 'currency', currencies]);
  }
  const model = modelIn(view, book, use);
  if (model === null) return block(use, parties, ['price_missing', 'model', `${use.provider}/${use.model}`]);
  const rates = ratesFor(model, use);
  if (rates === null) return block(use, parties, ['price_missing', 'serviceTier', use.serviceTier]);
  const missing = missingClass(rates, use);
  if (missing !== null) return block(use, parties, ['price_missing', `${missing}Tokens`, use.model]);
  const isPlain = use.inputTokens + use.outputTokens <= TOKENS_PLAIN_MAX;
  if (!isPlain && !isBookable(amountOf(use, rates, contract.usageMarkup))) {
    return block(use, parties, ['charge_out_of_range', 'amount', `the price of ${use.model}`]);
  }
  return { kind: 'priceable', account, contract, book, rates };
}

/** The queue of everything that waits for the account or a contract. */
export function termsThing(accountId: string): string {
  return `terms:${accountId}`;
}

/** The queue of uses of a model that a price book does not price. */
export function priceThing(priceBookId: string, model: string): string {
  return `price:${priceBookId}:${model}`;
}

function block(
  use: Use,
  { account, contract }: Pick<Blocked, 'account' | 'contract'>,
  [code, field, message]: readonly [RefusalCode, string, string],
): Blocked {
  const things = [termsThing(use.accountId)];
  if (account !== null && contract !== null) things.push(priceThing(contract.priceBookId, use.model));
  return { kind: 'blocked', code, field, message, account, contract, things };
}
