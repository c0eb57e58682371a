/**
 * P2: money. Random prices times token counts, summed, with a markup every so often: `Amount` against decimal.js at 40
 * digits. Every single product and every sum is compared as text.
 */
import { type Progress, SILENT } from '../../infra/cli/progress.ts';
import { Random } from '../../infra/main-job/random.ts';
import { type Amount, formatAmount, parseAmount, ZERO } from '../../schemas/amount.ts';
import { addAmounts, multiplyAmounts, timesCount } from '../../schemas/amount-arithmetic.ts';
import { MONEY_DECIMALS, Money, moneyText } from './plain/money.ts';
import { type Comparison, compete } from './rounds.ts';

const PRICES = 1_024;
const OPERATIONS = 1_000_000;

/** Token counts and prices of one bill; the markup is what every product is multiplied with afterwards. */
export interface MoneyCase {
  readonly prices: readonly string[];
  readonly counts: readonly number[];
  readonly markup: string;
}

export function moneyCase(seed: number, operations: number): MoneyCase {
  const random = new Random(seed);
  return {
    // Per token, from 1e-12 to a few cents.
    prices: Array.from({ length: PRICES }, () =>
      formatAmount(parseAmount(`${random.below(30_000_000_000) + 1}e-12`)),
    ),
    counts: Array.from({ length: operations }, () => random.below(200_000)),
    markup: '1.35',
  };
}

interface Parsed<M> {
  readonly prices: readonly M[];
  readonly markup: M;
}

function oursParsed({ prices, markup }: MoneyCase): Parsed<Amount> {
  return { prices: prices.map(parseAmount), markup: parseAmount(markup) };
}

function plainParsed({ prices, markup }: MoneyCase): Parsed<Money> {
  return { prices: prices.map((text) => new Money(text)), markup: new Money(markup) };
}

function oursProduct({ prices, markup }: Parsed<Amount>, count: number, index: number): Amount {
  const amount = timesCount(prices[index % prices.length] ?? ZERO, count);
  return index % 4 === 0 ? multiplyAmounts(amount, markup, 'half_even') : amount;
}

const NOTHING = new Money(0);

function plainProduct({ prices, markup }: Parsed<Money>, count: number, index: number): Money {
  const amount = (prices[index % prices.length] ?? NOTHING).times(count);
  return index % 4 === 0 ? amount.times(markup).toDecimalPlaces(MONEY_DECIMALS) : amount;
}

/** Every product and the running sum, both ways, as text; returns how many of them differ. */
export function moneyDifferences(moneyCase: MoneyCase): number {
  const [ours, plain] = [oursParsed(moneyCase), plainParsed(moneyCase)];
  let [oursSum, plainSum] = [ZERO, NOTHING];
  let differences = 0;
  for (const [index, count] of moneyCase.counts.entries()) {
    const [oursNext, plainNext] = [oursProduct(ours, count, index), plainProduct(plain, count, index)];
    oursSum = addAmounts(oursSum, oursNext);
    plainSum = plainSum.plus(plainNext);
    const isSame =
      formatAmount(oursNext) === moneyText(plainNext) && formatAmount(oursSum) === moneyText(plainSum);
    if (!isSame) differences += 1;
  }
  return differences;
}

export async function money(progress: Progress = SILENT, operations = OPERATIONS): Promise<Comparison> {
  const work = moneyCase(1, operations);
  const [ours, plain] = [oursParsed(work), plainParsed(work)];
  const sums = { ours: ZERO, plain: NOTHING };
  const contest = await compete(
    {
      name: 'price x tokens, a markup on every fourth, summed',
      operations,
      operation: 'products',
      sides: [
        {
          name: 'Amount',
          run() {
            sums.ours = ZERO;
            for (const [index, count] of work.counts.entries()) {
              sums.ours = addAmounts(sums.ours, oursProduct(ours, count, index));
            }
          },
        },
        {
          name: 'decimal.js',
          run() {
            sums.plain = NOTHING;
            for (const [index, count] of work.counts.entries()) {
              sums.plain = sums.plain.plus(plainProduct(plain, count, index));
            }
          },
        },
      ],
    },
    progress,
  );
  const isSameSum = formatAmount(sums.ours) === moneyText(sums.plain);
  const differences = moneyDifferences(work) + (isSameSum ? 0 : 1);
  return { contests: [contest], compared: 2 * operations + 1, differences };
}
