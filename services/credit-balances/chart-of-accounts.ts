/**
 * The chart of accounts: every ledger account that a posting may name.
 *
 * Invariants:
 *  1. A name is never changed or reused, because journals are kept for ever.
 *  2. Assets and expenses grow by debit; liabilities and revenue grow by credit. Prepaid credit is a liability until it
 *     is spent or expires.
 */
export const LEDGER = {
  cash: 'cash',
  /** What we owe the customer in service; each posting names its grant. */
  credits: 'credits',
  /** What the customer owes beyond its credits: the overdraft of a prepaid account, the open bill of a postpaid one. */
  receivable: 'receivable',
  revenue: 'revenue',
  /** The cost of credits that came with a contract and not for cash. */
  promotionExpense: 'promotion-expense',
  /** Revenue from credits that expired unused. */
  breakage: 'breakage',
  /** What rounding to the payable unit added to invoices, less what it took away. */
  rounding: 'rounding',
} as const;

export type LedgerAccount = (typeof LEDGER)[keyof typeof LEDGER];

export const LEDGER_CLASSES: Readonly<Record<LedgerAccount, 'asset' | 'liability' | 'revenue' | 'expense'>> =
  {
    cash: 'asset',
    credits: 'liability',
    receivable: 'asset',
    revenue: 'revenue',
    'promotion-expense': 'expense',
    breakage: 'revenue',
    rounding: 'revenue',
  };
