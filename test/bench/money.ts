/**
 * P2: money. Random prices times token counts, summed up bill by bill, `Amount` against decimal.js at 40 digits: in three
 * currencies, in dong with sums beyond 64 bits, and with a markup on every line. Every single result is compared as text.
 */
import { type Progress, SILENT } from '../../infra/cli/progress.ts';
import { Random } from '../../infra/main-job/random.ts';
import { type Amount, formatAmount, parseAmount, ZERO } from '../../schemas/amount.ts';
import { addAmounts, multiplyAmounts, timesCount } from '../../schemas/amount-arithmetic.ts';
import { MONEY_DECIMALS, Money, moneyText } from './plain/money.ts';
import { type Comparison, type ContestResult, compete } from './rounds.ts';

const LINES = 1_000_000;
const PRICES_OF_CURRENCY = 256;
const TOKENS_MAX = 20_000;
/** Units of 1e-12: the highest price is a hundred dollars for a million tokens. */
const PRICE_UNITS_MAX = 100_000_000;
const [DOLLAR, EURO, DONG] = [1, 0.92, 26_000];
const MARKUP = '1.35';

interface Way {
  readonly name: string;
  /** What one unit of a price in dollars is in each currency; a bill has one of them, in turn. */
  readonly currencies: readonly number[];
  readonly linesOfBill: number;
  readonly hasMarkup: boolean;
}

const WAYS: readonly Way[] = [
  {
    name: 'price x tokens, summed, in three currencies',
    currencies: [DOLLAR, EURO, DONG],
    linesOfBill: 100,
    hasMarkup: false,
  },
  {
    name: 'the same in dong, 10,000 lines a bill: sums beyond 64 bits',
    currencies: [DONG],
    linesOfBill: 10_000,
    hasMarkup: false,
  },
  {
    name: 'the same in three currencies, a markup on every line',
    currencies: [DOLLAR, EURO, DONG],
    linesOfBill: 100,
    hasMarkup: true,
  },
];

/** Bills one after the other: of each line the number of tokens, and for each currency its prices. */
export interface MoneyCase extends Way {
  readonly prices: readonly (readonly string[])[];
  readonly counts: readonly number[];
}

export function moneyCases(seed: number, lines: number): readonly MoneyCase[] {
  const random = new Random(seed);
  const price = (currency: number): string =>
    formatAmount(parseAmount(`${Math.ceil((random.below(PRICE_UNITS_MAX) + 1) * currency)}e-12`));
  return WAYS.map((way) => ({
    ...way,
    prices: way.currencies.map((currency) =>
      Array.from({ length: PRICES_OF_CURRENCY }, () => price(currency)),
    ),
    counts: Array.from({ length: lines }, () => random.below(TOKENS_MAX)),
  }));
}

/** The sums of all bills. Both sides have a loop of their own, as a program that does only this would. */
function billsInAmounts(work: MoneyCase): () => readonly Amount[] {
  const prices = work.prices.map((texts) => texts.map(parseAmount));
  const markup = work.hasMarkup ? parseAmount(MARKUP) : null;
  const { counts, linesOfBill } = work;
  return () => {
    const sums: Amount[] = [];
    for (let from = 0; from < counts.length; from += linesOfBill) {
      const ofCurrency = prices[sums.length % prices.length] ?? [];
      const to = Math.min(from + linesOfBill, counts.length);
      let sum = ZERO;
      for (let at = from; at < to; at += 1) {
        const line = timesCount(ofCurrency[at % PRICES_OF_CURRENCY] ?? ZERO, counts[at] ?? 0);
        sum = addAmounts(sum, markup === null ? line : multiplyAmounts(line, markup, 'half_even'));
      }
      sums.push(sum);
    }
    return sums;
  };
}

function billsInDecimals(work: MoneyCase): () => readonly Money[] {
  const prices = work.prices.map((texts) => texts.map((text) => new Money(text)));
  const markup = work.hasMarkup ? new Money(MARKUP) : null;
  const { counts, linesOfBill } = work;
  const zero = new Money(0);
  return () => {
    const sums: Money[] = [];
    for (let from = 0; from < counts.length; from += linesOfBill) {
      const ofCurrency = prices[sums.length % prices.length] ?? [];
      const to = Math.min(from + linesOfBill, counts.length);
      let sum = zero;
      for (let at = from; at < to; at += 1) {
        const line = (ofCurrency[at % PRICES_OF_CURRENCY] ?? zero).times(counts[at] ?? 0);
        sum = sum.plus(markup === null ? line : line.times(markup).toDecimalPlaces(MONEY_DECIMALS));
      }
      sums.push(sum);
    }
    return sums;
  };
}

/** Bills of one line each, so that every line is compared, and the bills themselves. */
export function moneyDifferences(work: MoneyCase): number {
  return [{ ...work, linesOfBill: 1 }, work].reduce((sum, each) => {
    const [amounts, moneys] = [billsInAmounts(each)(), billsInDecimals(each)()];
    const different = amounts.filter((amount, at) => formatAmount(amount) !== textOf(moneys[at]));
    return sum + different.length + Math.abs(amounts.length - moneys.length);
  }, 0);
}

function textOf(money: Money | undefined): string | undefined {
  return money === undefined ? undefined : moneyText(money);
}

export async function money(progress: Progress = SILENT, lines = LINES): Promise<Comparison> {
  const contests: ContestResult[] = [];
  let different = 0;
  for (const work of moneyCases(1, lines)) {
    const [run, runPlain] = [billsInAmounts(work), billsInDecimals(work)];
    const sides = [
      { name: 'Amount', run: () => void run() },
      { name: 'decimal.js', run: () => void runPlain() },
    ];
    contests.push(await compete({ name: work.name, operations: lines, operation: 'lines', sides }, progress));
    different += moneyDifferences(work);
  }
  return { contests, compared: contests.length * lines, differences: different };
}
