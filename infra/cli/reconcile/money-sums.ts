/**
 * Counts and exact sums by currency, as text when they leave.
 */
import { type Amount, formatAmount, ZERO } from '../../../schemas/amount.ts';
import { addAmounts } from '../../../schemas/amount-arithmetic.ts';

export class MoneySums {
  count = 0;
  readonly #sums = new Map<string, Amount>();

  add(currency: string, amount: Amount): void {
    this.count += 1;
    this.addAmount(currency, amount);
  }

  addAmount(currency: string, amount: Amount): void {
    if (amount !== ZERO) this.#sums.set(currency, addAmounts(this.#sums.get(currency) ?? ZERO, amount));
  }

  merge(other: MoneySums): void {
    this.count += other.count;
    for (const [currency, amount] of other.#sums) this.addAmount(currency, amount);
  }

  /** By currency, those that are not zero. */
  get amounts(): Readonly<Record<string, string>> {
    const rows = [...this.#sums].filter(([, amount]) => amount !== ZERO).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(rows.map(([currency, amount]) => [currency, formatAmount(amount)]));
  }

  equals(other: MoneySums): boolean {
    return JSON.stringify(this.amounts) === JSON.stringify(other.amounts);
  }
}
