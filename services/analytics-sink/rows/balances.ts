/** Balances as rows of `balances`. */
import type { Balance } from '../../../schemas/generated/balance.ts';
import { causeColumns, tableOf } from '../table.ts';

export const balancesTable = tableOf<Balance>('balances', [
  ['account_id', (out, balance) => out.text(balance.accountId)],
  ['currency', (out, balance) => out.text(balance.currency)],
  ['available', (out, balance) => out.amount(balance.available)],
  ['reserved', (out, balance) => out.amount(balance.reserved)],
  ['held', (out, balance) => out.amount(balance.held)],
  ['overdraft', (out, balance) => out.amount(balance.overdraft)],
  ['grant_ids', (out, balance) => out.texts(balance.grants, (grant) => grant.grantId)],
  ['grant_remainders', (out, balance) => out.amounts(balance.grants, (grant) => grant.remaining)],
  ['grant_priorities', (out, balance) => out.integers(balance.grants, (grant) => grant.priority)],
  ['grant_expiries', (out, balance) => out.instantsOrNull(balance.grants, (grant) => grant.expiresAt)],
  ['entries', (out, balance) => out.integer(balance.entries)],
  ['as_of', (out, balance) => out.instant(balance.asOf)],
  ...causeColumns<Balance>(),
]);
