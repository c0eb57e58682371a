/** Facts of the credit-balances tests as short sentences, and its answers as text that an accountant can read. */
import { type Amount, formatAmount, parseAmount } from '../../../schemas/amount.ts';
import { subtractAmounts } from '../../../schemas/amount-arithmetic.ts';
import type { Charge } from '../../../schemas/generated/charge.ts';
import type { GrantTerms } from '../../../schemas/generated/contract.ts';
import type { Invoice } from '../../../schemas/generated/invoice.ts';
import type { JournalEntry } from '../../../schemas/generated/journal-entry.ts';
import type { PaymentEvent } from '../../../schemas/generated/payment-event.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { type Instant, parseInstant } from '../../../schemas/instant.ts';
import { creditBalances } from '../../../services/credit-balances/processor.ts';
import { type Scenario, scenario } from '../../support/scenario.ts';
import { charge as sampleCharge } from '../sample-charge.ts';

export type Answers = Scenario['written'];
/** Something that happens: applied to a world, it returns what the service answers. */
export type Fact = (world: Scenario) => Answers;

export const NOON = parseInstant('2026-03-10T12:00:00Z');
const ACCOUNT = parseAccountId('acme');
const CAUSE = { topic: 'usage-events', partition: 0, offset: 0 };

export function creditWorld(): Scenario {
  return scenario(creditBalances, NOON);
}

export function account(currency = 'USD', version = 1): Fact {
  return (world) =>
    world.take('accounts', {
      accountId: ACCOUNT,
      version,
      name: 'Acme',
      currency,
      timeZone: 'UTC',
      status: 'active',
      effectiveAt: parseInstant('2026-01-01T00:00:00Z'),
    });
}

export interface GrantText {
  readonly amount: string;
  readonly priority?: number;
  readonly expires?: string;
}

export function contract(grants: Readonly<Record<string, GrantText>>, effective = '2026-01-01'): Fact {
  const terms = Object.entries(grants).map(
    ([grantId, { amount, priority, expires }]): GrantTerms => ({
      grantId,
      kind: 'promotional',
      amount: parseAmount(amount),
      priority: priority ?? 10,
      expiresAt: expires === undefined ? null : day(expires),
    }),
  );
  return (world) =>
    world.take('contracts', {
      contractId: 'k1',
      accountId: ACCOUNT,
      version: 1,
      effectiveAt: day(effective),
      billingMode: 'prepaid',
      priceBookId: 'book',
      usageMarkup: parseAmount('1'),
      outcomePlan: null,
      grants: terms,
      overdraftLimit: null,
    });
}

export function payment(paymentId: string, amount: string, more: Partial<PaymentEvent> = {}): Fact {
  const event: PaymentEvent = {
    paymentId,
    accountId: ACCOUNT,
    provider: 'stripe',
    providerEventId: `evt_${paymentId}`,
    kind: 'succeeded',
    amount: parseAmount(amount),
    currency: 'USD',
    verified: true,
    occurredAt: NOON,
    ...more,
  };
  return (world) => world.take('payment-events', event);
}

export function refund(paymentId: string, amount: string, providerEventId: string): Fact {
  return payment(paymentId, amount, { kind: 'refunded', providerEventId });
}

export function charge(chargeId: string, amount: string, more: Partial<Charge> = {}): Fact {
  const value = sampleCharge({
    chargeId,
    accountId: ACCOUNT,
    requestId: chargeId,
    amount: parseAmount(amount),
    occurredAt: NOON,
    recordedAt: NOON,
    cause: CAUSE,
    ...more,
  });
  return (world) => world.take('charges', value);
}

export function invoice(exact: string, total: string, more: Partial<Invoice> = {}): Fact {
  const value: Invoice = {
    invoiceId: 'acme/2026-03',
    invoiceNumber: 'BILL-acme-202603',
    accountId: ACCOUNT,
    billingPeriod: '2026-03',
    periodStart: day('2026-03-01'),
    periodEnd: day('2026-04-01'),
    currency: 'USD',
    status: 'issued',
    version: 1,
    lines: [],
    exactTotal: parseAmount(exact),
    total: parseAmount(total),
    roundingTotal: subtractAmounts(parseAmount(total), parseAmount(exact)),
    issuedAt: day('2026-04-01'),
    cause: CAUSE,
    ...more,
  };
  return (world) => world.take('invoices', value);
}

export function tick(date: string): Fact {
  return (world) => world.tick(day(date));
}

export function day(date: string): Instant {
  return parseInstant(`${date}T00:00:00Z`);
}

export function entriesIn(answers: Answers): readonly JournalEntry[] {
  return answers.flatMap((answer) => (answer.topic === 'journal' ? [answer.value] : []));
}

/** For instance `charge:c1 | Dr credits(pay:p1) 4 | Cr revenue 4`, or `refused duplicate p1`. */
export function readable(answers: Answers): readonly string[] {
  return answers.flatMap((answer) => {
    if (answer.topic === 'journal') return [entryText(answer.value)];
    return answer.topic === 'rejected' ? [`refused ${answer.code} ${answer.recordId}`] : [];
  });
}

function entryText({ entryId, postings }: JournalEntry): string {
  const legs = postings.map(({ side, ledgerAccount, grantId, amount }) => {
    const where = grantId === null ? ledgerAccount : `${ledgerAccount}(${grantId})`;
    return `${side === 'debit' ? 'Dr' : 'Cr'} ${where} ${formatAmount(amount)}`;
  });
  return [entryId, ...legs].join(' | ');
}

/** What the world sees at the end of a step, for instance `available 6 overdraft 0: pay:p1 6`. */
export function balanceText(world: Scenario): string {
  const last = world.project().findLast((output) => output.topic === 'balances');
  if (last?.topic !== 'balances') return 'no balance';
  const { available, overdraft, grants } = last.value;
  const parts = grants.map(({ grantId, remaining }) => `${grantId} ${formatAmount(remaining)}`);
  return `available ${formatAmount(available)} overdraft ${formatAmount(overdraft)}: ${parts.join(', ')}`;
}

export function sumOf(amounts: readonly Amount[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}
