/**
 * The reference data of the main job: accounts, contracts, price books, outcome definitions.
 *
 * Boundary: pure and seeded. The prices are list prices of the kind that providers publish, in dollars per million
 * tokens; the outcome plan and the definitions carry the numbers of the requirements (R1, O1, O3).
 */
import { type Amount, parseAmount } from '../../schemas/amount.ts';
import type { Account } from '../../schemas/generated/account.ts';
import type { Contract, GrantTerms, OutcomePlan } from '../../schemas/generated/contract.ts';
import type { OutcomeDefinition } from '../../schemas/generated/outcome-definition.ts';
import type { ModelPrice, PriceBook, TokenRate } from '../../schemas/generated/price-book.ts';
import { parseAccountId } from '../../schemas/ids.ts';
import { type Instant, instantOfMillis } from '../../schemas/instant.ts';
import { LATE_MODEL, MODELS, type ModelList } from './models.ts';
import { Random } from './random.ts';

const DAY_MS = 86_400_000;

export interface JobPlan {
  readonly seed: number;
  readonly accounts: number;
  readonly usageEvents: number;
  /** The moment up to which the job's history runs; kept in the state folder so that a second run is the same job. */
  readonly anchor: Instant;
}

export interface Currency {
  readonly code: string;
  /** Price of one dollar, as a whole number: the job's books are the dollar book times this. */
  readonly perDollar: number;
}

const DOLLAR: Currency = { code: 'USD', perDollar: 1 };
const CURRENCIES: readonly Currency[] = [
  DOLLAR,
  DOLLAR,
  DOLLAR,
  { code: 'CNY', perDollar: 7 },
  { code: 'JPY', perDollar: 150 },
];
export const ZONES: readonly string[] = [
  'UTC',
  'Asia/Shanghai',
  'America/New_York',
  'Europe/Berlin',
  'Pacific/Auckland',
];

/** Dollars per million tokens, times the currency's rate, as an amount per token. */
function perToken(perMillion: string, factor: number): Amount {
  return parseAmount(`${BigInt(parseAmount(perMillion)) * BigInt(factor)}e-18`);
}

function rate(tokenClass: string, pricePerToken: Amount, abovePromptTokens = 0): TokenRate {
  return { tokenClass, serviceTier: 'standard', abovePromptTokens, boundaryIncluded: false, pricePerToken };
}

function modelPrice(list: ModelList, factor: number): ModelPrice {
  const tier = (times: number, above: number): readonly TokenRate[] => [
    rate('input', perToken(list.input, factor * times), above),
    ...(list.cacheRead === null ? [] : [rate('cache_read', perToken(list.cacheRead, factor * times), above)]),
    rate('output', perToken(list.output, factor * times), above),
  ];
  const rates = [...tier(1, 0), ...(list.hasLongPromptTier ? tier(2, 200_000) : [])];
  return { provider: list.provider, model: list.model, rates };
}

export function priceBooks(plan: JobPlan, version: number): readonly PriceBook[] {
  const late: ModelList = {
    ...LATE_MODEL,
    input: '5',
    cacheRead: '1.25',
    output: '20',
    hasLongPromptTier: false,
  };
  const models = version === 1 ? MODELS : [...MODELS, late];
  const book = (priceBookId: string, purpose: string, currency: Currency): PriceBook => ({
    priceBookId,
    version,
    purpose,
    currency: currency.code,
    effectiveAt: instantOfMillis(plan.anchor - 90 * DAY_MS),
    part: 1,
    parts: 1,
    prices: models.map((list) => modelPrice(list, currency.perDollar)),
  });
  const currencies = [...new Map(CURRENCIES.map((currency) => [currency.code, currency])).values()];
  return [
    book('provider-list', 'cost', DOLLAR),
    ...currencies.map((currency) => book(`standard-${currency.code.toLowerCase()}`, 'customer', currency)),
  ];
}

export interface Customer {
  readonly account: Account;
  readonly contract: Contract;
  readonly currency: Currency;
}

export function customers(plan: JobPlan): readonly Customer[] {
  const random = new Random(plan.seed);
  return Array.from({ length: plan.accounts }, (_, index) => customer(plan, index, random));
}

function customer(plan: JobPlan, index: number, random: Random): Customer {
  const currency = random.pick(CURRENCIES);
  const accountId = parseAccountId(`acct-${String(index).padStart(5, '0')}`);
  const effectiveAt = instantOfMillis(plan.anchor - 31 * DAY_MS);
  const account: Account = {
    accountId,
    version: 1,
    name: index % 3 === 0 ? `客户 ${index}` : `Customer ${index}`,
    currency: currency.code,
    timeZone: random.pick(ZONES),
    status: 'active',
    effectiveAt,
  };
  const contract: Contract = {
    contractId: `contract-${index}`,
    accountId,
    version: 1,
    effectiveAt,
    billingMode: random.chance(500) ? 'prepaid' : 'postpaid',
    priceBookId: `standard-${currency.code.toLowerCase()}`,
    usageMarkup: parseAmount(random.pick(['1', '1.2', '1.35'])),
    outcomePlan: random.chance(400) ? outcomePlan(currency) : null,
    grants: grants(plan, { index, currency, random }),
    overdraftLimit: null,
  };
  return { account, contract, currency };
}

function scaled(text: string, currency: Currency): Amount {
  return parseAmount(`${BigInt(parseAmount(text)) * BigInt(currency.perDollar)}e-12`);
}

/** Mode A of the requirements: 99.00 with 100 outcomes, 80 % of the price beyond them (R1). */
function outcomePlan(currency: Currency): OutcomePlan {
  const price = (outcomeType: string, text: string, base: string) => ({
    outcomeType,
    price: scaled(text, currency),
    baseRate: scaled(base, currency),
  });
  return {
    baseFee: scaled('99', currency),
    includedOutcomes: 100,
    overageFactor: parseAmount('0.8'),
    prices: [
      price('ticket_resolved', '2.50', '0.50'),
      price('lead_generated', '5.00', '1.00'),
      price('document_translated', '0.10', '0.02'),
    ],
  };
}

function grants(
  plan: JobPlan,
  customer: { readonly index: number; readonly currency: Currency; readonly random: Random },
): readonly GrantTerms[] {
  const { index, currency, random } = customer;
  const welcome: GrantTerms = {
    grantId: `welcome-${index}`,
    kind: 'promotional',
    amount: scaled('5', currency),
    priority: 10,
    expiresAt: instantOfMillis(plan.anchor - 60_000),
  };
  const included: GrantTerms = {
    grantId: `included-${index}`,
    kind: 'included',
    amount: scaled('20', currency),
    priority: 20,
    expiresAt: null,
  };
  return [...(random.chance(600) ? [welcome] : []), ...(random.chance(300) ? [included] : [])];
}

/** The definitions of the requirements (O1), each with the thresholds 0.9 and 0.7 (O3). */
export function outcomeDefinitions(plan: JobPlan): readonly OutcomeDefinition[] {
  const leaf = (field: string, operator: string, values: readonly string[]) => ({
    operator,
    field,
    values,
    children: [],
  });
  const define = (outcomeType: string, rest: Partial<OutcomeDefinition>): OutcomeDefinition => ({
    outcomeType,
    version: 1,
    effectiveAt: instantOfMillis(plan.anchor - 90 * DAY_MS),
    validationMethod: 'webhook_callback',
    criteria: leaf('status', 'equals', ['closed']),
    requiredFields: [],
    minimumQualityScore: null,
    verificationWindowMs: DAY_MS,
    fallbackAction: 'charge_base_rate',
    autoAbove: parseAmount('0.9'),
    reviewFrom: parseAmount('0.7'),
    policyVersion: 'policy-1',
    ...rest,
  });
  return [
    define('ticket_resolved', {
      criteria: {
        operator: 'and',
        field: null,
        values: [],
        children: [
          leaf('status', 'equals', ['closed']),
          leaf('customer_satisfaction', 'greater_than', ['3']),
        ],
      },
    }),
    define('lead_generated', {
      validationMethod: 'crm_integration',
      criteria: leaf('lead_status', 'in', ['qualified', 'contacted']),
      requiredFields: ['email', 'company', 'job_title'],
      minimumQualityScore: parseAmount('0.7'),
      verificationWindowMs: 7 * DAY_MS,
      fallbackAction: 'reject',
    }),
    define('document_translated', {
      validationMethod: 'api_response',
      criteria: leaf('pages', 'at_least', ['1']),
      verificationWindowMs: 30_000,
    }),
  ];
}
