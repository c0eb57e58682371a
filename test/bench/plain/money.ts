/** Money as most Node programs have it: decimal.js, with as many digits as an amount of ours. */
import { Decimal } from 'decimal.js';

export type Money = Decimal;

/** Its text never has an exponent. */
export const Money = Decimal.clone({
  precision: 40,
  rounding: Decimal.ROUND_HALF_EVEN,
  toExpNeg: -40,
  toExpPos: 60,
});

/** What we keep of a fraction. */
export const MONEY_DECIMALS = 12;

export function moneyText(money: Money): string {
  return money.toFixed();
}
