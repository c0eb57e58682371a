/** Facts of the invoice-rollups tests as short sentences, and its answers as text. */
import { formatAmount, parseAmount } from '../../../schemas/amount.ts';
import type { Charge } from '../../../schemas/generated/charge.ts';
import type { Invoice } from '../../../schemas/generated/invoice.ts';
import type { InvoiceRollup } from '../../../schemas/generated/invoice-rollup.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { type Instant, parseInstant } from '../../../schemas/instant.ts';
import { invoiceRollupsWith } from '../../../services/invoice-rollups/processor.ts';
import { type Scenario, scenario } from '../../support/scenario.ts';

export type Fact = (world: Scenario) => Scenario['written'];

const ACCOUNT = parseAccountId('acme');
const START = parseInstant('2026-03-10T12:00:00Z');

export function invoiceWorld(closeGraceMs = 0): Scenario {
  return scenario(invoiceRollupsWith({ closeGraceMs }), START);
}

export interface AccountText {
  readonly zone?: string;
  readonly currency?: string;
  readonly version?: number;
  readonly from?: string;
}

export function account(text: AccountText = {}): Fact {
  return (world) =>
    world.take('accounts', {
      accountId: ACCOUNT,
      version: text.version ?? 1,
      name: 'Acme',
      currency: text.currency ?? 'USD',
      timeZone: text.zone ?? 'UTC',
      status: 'active',
      effectiveAt: at(text.from ?? '2026-01-01T00:00:00Z'),
    });
}

export interface ChargeText extends Partial<Charge> {
  readonly at?: string;
  readonly quantity?: number;
}

export function charge(chargeId: string, amount: string, text: ChargeText = {}): Fact {
  const { at: usedAt, quantity, ...more } = text;
  const price = parseAmount('0');
  const value: Charge = {
    chargeId,
    accountId: ACCOUNT,
    kind: 'usage',
    status: 'rated',
    lineClass: 'usage',
    requestId: chargeId,
    decisionId: null,
    amends: null,
    amount: parseAmount(amount),
    currency: 'USD',
    components: [{ item: 'input', quantity: quantity ?? 1, unitPrice: price, amount: price }],
    contractId: null,
    contractVersion: null,
    priceBookId: null,
    priceBookVersion: null,
    suspenseReason: null,
    projectId: null,
    costCentre: 'cc-1',
    apiKeyId: null,
    provider: null,
    model: null,
    occurredAt: at(usedAt ?? '2026-03-10T12:00:00Z'),
    recordedAt: START,
    cause: { topic: 'usage-events', partition: 0, offset: 0 },
    ...more,
  };
  return (world) => world.take('charges', value);
}

export function tick(time: string): Fact {
  return (world) => world.tick(at(time));
}

export function at(text: string): Instant {
  return parseInstant(text);
}

export function invoicesIn(answers: Scenario['written']): readonly Invoice[] {
  return answers.flatMap((answer) => (answer.topic === 'invoices' ? [answer.value] : []));
}

export function rollupsIn(answers: Scenario['written']): readonly InvoiceRollup[] {
  return answers.flatMap((answer) => (answer.topic === 'invoice-rollups' ? [answer.value] : []));
}

/**
 * For instance `draft 2026-03 10.01 (usage 10.01)`, `rollup 2026-03 usage/cc-1 10.005 x2`, `final rollup …`, or
 * `refused currency_mismatch c1`.
 */
export function readable(answers: Scenario['written']): readonly string[] {
  return answers.map((answer) => {
    if (answer.topic === 'rejected') return `refused ${answer.code} ${answer.recordId}`;
    if (answer.topic === 'invoices') return invoiceText(answer.value);
    return answer.topic === 'invoice-rollups' ? rollupText(answer.value) : answer.topic;
  });
}

function invoiceText({ status, billingPeriod, total, lines }: Invoice): string {
  const parts = lines.map((line) => `${line.lineClass} ${formatAmount(line.amount)}`);
  return `${status} ${billingPeriod} ${formatAmount(total)} (${parts.join(', ')})`;
}

function rollupText({
  final,
  billingPeriod,
  lineClass,
  costCentre,
  exactAmount,
  charges,
}: InvoiceRollup): string {
  const what = `${billingPeriod} ${lineClass}/${costCentre}`;
  return `${final ? 'final ' : ''}rollup ${what} ${formatAmount(exactAmount)} x${charges}`;
}
