/** Exact sums by name, for checks: plain additions over bigints, and nothing of the services. */
import { amountOfUnits, formatAmount } from '../../schemas/amount.ts';

export class Sums {
  readonly #sums = new Map<string, bigint>();

  add(name: string, units: bigint): void {
    this.#sums.set(name, (this.#sums.get(name) ?? 0n) + units);
  }

  get(name: string): bigint {
    return this.#sums.get(name) ?? 0n;
  }

  /** Names with a sum other than zero, in order. */
  entries(): readonly (readonly [string, bigint])[] {
    return [...this.#sums].filter(([, units]) => units !== 0n).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** For instance `CNY 12.5, USD 3`; two lists of sums are equal when their texts are. */
  text(): string {
    const parts = this.entries().map(([name, units]) => `${name} ${formatAmount(amountOfUnits(units))}`);
    return parts.length === 0 ? 'nothing' : parts.join(', ');
  }
}

export class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  entries(): readonly (readonly [string, number])[] {
    return [...this.#counts].filter(([, count]) => count !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  text(): string {
    const parts = this.entries().map(([name, count]) => `${name} ${count}`);
    return parts.length === 0 ? 'none' : parts.join(', ');
  }
}
