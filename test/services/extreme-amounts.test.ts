/**
 * Amounts at the edge of what 38 digits hold, through every rule that adds or multiplies them: a refusal or suspense, and
 * never an error, which would end the service at every restart.
 */
import { describe, expect, test } from 'vitest';
import { type Amount, formatAmount, parseAmount, ZERO } from '../../schemas/amount.ts';
import { timesCount } from '../../schemas/amount-arithmetic.ts';
import type { Contract } from '../../schemas/generated/contract.ts';
import { isBookable, MONEY_LIMITS } from '../../schemas/money-limits.ts';
import { USAGE_LIMITS } from '../../schemas/usage-rules.ts';
import { costAttribution } from '../../services/cost-attribution/processor.ts';
import { creditBalances } from '../../services/credit-balances/processor.ts';
import { invoiceRollups } from '../../services/invoice-rollups/processor.ts';
import { PRICE_BOOK_LIMITS } from '../../services/pricing/price-book-index.ts';
import { rating } from '../../services/rating/processor.ts';
import { type Scenario, scenario } from '../support/scenario.ts';
import { at, book, rate } from './pricing/fixtures.ts';
import { brief, chargesIn } from './rating/answers.ts';
import { account, contract, decision, MODE_A, use } from './rating/fixtures.ts';
import { charge } from './sample-charge.ts';

const MOST = parseAmount('99999999999999999999999999.999999999999');
const LEAST = parseAmount('-99999999999999999999999999.999999999999');
const UNIT = parseAmount('0.000000000001');
const TOKENS_MOST = USAGE_LIMITS.countMax;

function bookAt(pricePerToken: Amount) {
  const rates = [rate('input', '0'), rate('output', '0')].map((each) => ({ ...each, pricePerToken }));
  return book({ prices: [{ provider: 'openai', model: 'gpt-4o', rates }] });
}

function ratingWorld(terms: Partial<Contract>, pricePerToken: Amount): Scenario {
  const world = scenario(rating);
  world.take('accounts', account());
  world.take('contracts', contract(terms));
  world.take('price-books', bookAt(pricePerToken));
  return world;
}

describe('a use', () => {
  const { priceMax } = PRICE_BOOK_LIMITS;
  const usageMarkup = MONEY_LIMITS.factor;
  test.each([
    ['1 token at the highest price and markup', 1, 'rated 100000000'],
    ['10 million tokens at the highest price and markup', 10_000_000, 'rated 1000000000000000'],
    ['one token more than can be booked', 10_000_001, 'suspense 0'],
    ['as many tokens as there are', TOKENS_MOST, 'suspense 0'],
  ])('%s', (_, inputTokens, then) => {
    const answers = ratingWorld({ usageMarkup }, priceMax).take(
      'usage-events',
      use({ inputTokens, outputTokens: 0 }),
    );
    expect(brief(answers)[0]).toMatch(then);
    if (then === 'suspense 0') expect(brief(answers)[1]).toBe('refused charge_out_of_range amount');
    for (const { amount } of chargesIn(answers)) expect(isBookable(amount)).toBe(true);
  });

  test('that is too dear is charged when a price arrives that is not', () => {
    const world = ratingWorld({ usageMarkup }, priceMax);
    world.take('usage-events', use({ inputTokens: TOKENS_MOST, outputTokens: 0 }));
    const cheaper = { ...bookAt(UNIT), version: 2 };
    expect(brief(world.take('price-books', cheaper))).toEqual(['fill:r-1 usage_backfill rated 10000 USD']);
  });

  test('needs no second look as long as its tokens are few enough at the highest price and markup', () => {
    const dearest = timesCount(priceMax, 10_000 * 5_000_000);
    expect(isBookable(dearest)).toBe(true);
  });

  test('has a cost, however dear', () => {
    const world = scenario(costAttribution);
    world.take('price-books', { ...bookAt(priceMax), purpose: 'cost' });
    const [event] = world.take('usage-events', use({ inputTokens: TOKENS_MOST, outputTokens: TOKENS_MOST }));
    expect(event).toMatchObject({ topic: 'cost-events', value: { costStatus: 'priced' } });
  });
});

describe('a contract', () => {
  const [price = { outcomeType: 'x', price: ZERO, baseRate: ZERO }] = MODE_A.prices;
  const plan = (changes: Partial<typeof MODE_A>) => contract({ outcomePlan: { ...MODE_A, ...changes } });
  const beyond = parseAmount('100000000000.000000000001');
  test.each([
    ['a base fee', plan({ baseFee: MOST })],
    ['a base fee a unit above', plan({ baseFee: beyond })],
    ['a price', plan({ prices: [{ ...price, price: MOST }] })],
    ['a base rate', plan({ prices: [{ ...price, baseRate: beyond }] })],
    ['a factor', plan({ overageFactor: MOST })],
    ['a negative factor', plan({ overageFactor: LEAST })],
  ])('with %s beyond measure is refused', (_, value) => {
    const world = scenario(rating);
    world.take('accounts', account());
    expect(brief(world.take('contracts', value))).toEqual(['refused invalid_value outcomePlan']);
  });

  test('at the highest numbers makes fees and outcomes that can be booked', () => {
    const dearest = { ...price, price: MONEY_LIMITS.plan, baseRate: MONEY_LIMITS.plan };
    const value = plan({
      baseFee: MONEY_LIMITS.plan,
      includedOutcomes: 0,
      overageFactor: MONEY_LIMITS.factor,
      prices: [dearest],
    });
    const world = scenario(rating);
    world.take('accounts', account());
    const fee = world.take('contracts', value);
    const outcome = world.take('outcome-decisions', decision({ outcomeType: price.outcomeType }));
    const amounts = chargesIn([...fee, ...outcome]).map(({ amount }) => amount);
    expect(amounts.map(formatAmount)).toEqual(['100000000000', '1000000000000000']);
    expect(amounts.every(isBookable)).toBe(true);
  });
});

describe.each([creditBalances, invoiceRollups])('a charge for $service', (processor) => {
  const isTaken = (amount: Amount): readonly string[] => {
    const world = scenario(processor, at('2026-03-10T12:00:00Z'));
    world.take('accounts', account());
    world.take('charges', charge({ chargeId: 'before', amount: parseAmount('1') }));
    return world
      .take('charges', charge({ amount }))
      .flatMap((answer) => (answer.topic === 'rejected' ? [`${answer.code} ${answer.field}`] : []));
  };
  const { booked } = MONEY_LIMITS;
  test.each([
    ['the largest there is', MOST, ['invalid_value amount']],
    ['the smallest there is', LEAST, ['invalid_value amount']],
    ['10^26 less a unit', parseAmount('99999999999999999999999999'), ['invalid_value amount']],
    ['a unit above', parseAmount('1000000000000000.000000000001'), ['invalid_value amount']],
    ['a unit below', parseAmount('-1000000000000000.000000000001'), ['invalid_value amount']],
    ['the most that is booked', booked, []],
    ['the most that is given back', parseAmount('-1000000000000000'), []],
    ['one unit', UNIT, []],
  ])('%s', (_, amount, then) => {
    expect(isTaken(amount)).toEqual(then);
  });

  test('beyond measure counts nowhere', () => {
    const world = scenario(processor, at('2026-03-10T12:00:00Z'));
    const other = scenario(processor, at('2026-03-10T12:00:00Z'));
    for (const each of [world, other]) each.take('accounts', account());
    world.take('charges', charge({ chargeId: 'huge', amount: MOST }));
    for (const each of [world, other]) each.take('charges', charge());
    const shown = (each: Scenario) => each.project().map((output) => ({ ...output.value, cause: null }));
    expect(shown(world)).toEqual(shown(other));
  });
});

test('an account whose charges are refused waits for nothing', () => {
  const world = scenario(invoiceRollups, at('2026-03-10T12:00:00Z'));
  expect(world.take('charges', charge({ amount: MOST }))).toMatchObject([{ code: 'invalid_value' }]);
  expect(world.take('accounts', account())).toEqual([]);
});

test('more tokens than can be counted exactly are shown as the most that can', () => {
  const world = scenario(invoiceRollups, at('2026-03-10T12:00:00Z'));
  world.take('accounts', account());
  const component = { item: 'input', unitPrice: ZERO, amount: ZERO, quantity: USAGE_LIMITS.sequenceMax };
  for (const chargeId of ['a', 'b']) {
    world.take('charges', charge({ chargeId, components: [component, component] }));
  }
  const quantities = world.project().flatMap((output) => {
    if (output.topic === 'invoice-rollups') return [output.value.quantity];
    return output.topic === 'invoices' ? output.value.lines.map(({ quantity }) => quantity) : [];
  });
  expect(new Set(quantities)).toEqual(new Set([USAGE_LIMITS.sequenceMax]));
});
