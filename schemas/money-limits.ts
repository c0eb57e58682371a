/**
 * The largest amounts that are booked, charged or agreed.
 *
 * Job: one place for the bounds that keep every product and every sum inside 38 digits, so that no amount that passes can
 * end a service. Boundary: numbers only; who refuses what beyond them, and how, is a matter of each service.
 *
 * Invariants:
 *  1. `plan` times `factor` is at most `booked`, so an outcome never costs more than can be booked.
 *  2. A hundred thousand million amounts of `booked` still add up.
 */
import { type Amount, parseAmount } from './amount.ts';

interface MoneyLimits {
  /** One charge, payment, refund or grant. */
  readonly booked: Amount;
  /** A price, a base rate or a base fee of a contract. */
  readonly plan: Amount;
  /** A markup or an overage factor. */
  readonly factor: Amount;
}

export const MONEY_LIMITS: MoneyLimits = {
  booked: parseAmount('1e15'),
  plan: parseAmount('1e11'),
  factor: parseAmount('1e4'),
};

/** Whether an amount, taken or given back, is small enough to be booked. */
export function isBookable(amount: Amount): boolean {
  return amount <= MONEY_LIMITS.booked && -amount <= MONEY_LIMITS.booked;
}
