/**
 * What a person wants to know of each record, as nodes of the tree. Amounts are shown to the last digit.
 */
import { formatAmount } from '../../../schemas/amount.ts';
import type { Charge } from '../../../schemas/generated/charge.ts';
import type { CostEvent } from '../../../schemas/generated/cost-event.ts';
import type { Invoice } from '../../../schemas/generated/invoice.ts';
import type { JournalEntry } from '../../../schemas/generated/journal-entry.ts';
import type { UsageEvent } from '../../../schemas/generated/usage-event.ts';
import { formatInstant } from '../../../schemas/instant.ts';
import type { Located, LocatedInvoice } from './located.ts';
import { leaf, type TraceNode } from './tree.ts';

interface Content {
  readonly kind: string;
  readonly id: string;
  readonly facts: TraceNode['facts'];
  readonly lines: readonly TraceNode[];
}

export function nodeOf(located: Located, children: readonly TraceNode[]): TraceNode {
  const { topic, partition, offset, value } = located;
  const { kind, id, facts, lines } = contentOf(located);
  const cause = 'cause' in value ? value.cause : null;
  return { kind, id, place: { topic, partition, offset }, cause, facts, children: [...lines, ...children] };
}

export function invoiceNode(located: LocatedInvoice, lineClass: string): TraceNode {
  const node = nodeOf(located, []);
  return { ...node, children: node.children.filter(({ id }) => id === lineClass) };
}

function contentOf(located: Located): Content {
  const { topic, value } = located;
  switch (topic) {
    case 'usage-events':
      return { kind: 'use', id: value.requestId, facts: usageFacts(value), lines: [] };
    case 'cost-events':
      return {
        kind: 'cost',
        id: value.costEventId,
        facts: costFacts(value),
        lines: value.components.map(({ tokenClass, ...rest }) => componentLine(tokenClass, rest)),
      };
    case 'charges':
      return {
        kind: 'charge',
        id: value.chargeId,
        facts: chargeFacts(value),
        lines: value.components.map(({ item, ...rest }) => componentLine(item, rest)),
      };
    case 'journal':
      return {
        kind: 'journal entry',
        id: value.entryId,
        facts: entryFacts(value),
        lines: value.postings.map(postingLine),
      };
    case 'invoices':
      return {
        kind: 'invoice',
        id: value.invoiceNumber,
        facts: invoiceFacts(value),
        lines: value.lines.map(invoiceLine),
      };
    case 'outcome-claims': {
      const { claimId, outcomeType, caseId, claimedAt } = value;
      return {
        kind: 'claim',
        id: claimId,
        facts: { outcome: outcomeType, case: caseId, claimed: formatInstant(claimedAt) },
        lines: [],
      };
    }
    case 'outcome-verifications': {
      const { verificationId, confidence, verifier, verifierVersion, evidenceHash } = value;
      const facts = {
        confidence: formatAmount(confidence),
        verifier: `${verifier} ${verifierVersion}`,
        evidence: evidenceHash,
      };
      return { kind: 'verification', id: verificationId, facts, lines: [] };
    }
    case 'outcome-decisions': {
      const { decisionId, bucket, billable, basis, reason, definitionVersion, policyVersion } = value;
      const facts = {
        decided: `${bucket}, ${billable ? 'billable' : 'not billable'} (${reason}, by ${basis})`,
        definition: `version ${definitionVersion}, policy ${policyVersion}`,
      };
      return { kind: 'decision', id: decisionId, facts, lines: [] };
    }
    case 'payment-events': {
      const { paymentId, provider, providerEventId, kind, amount, currency } = value;
      const facts = {
        amount: `${formatAmount(amount)} ${currency}`,
        provider: `${provider} ${kind} ${providerEventId}`,
      };
      return { kind: 'payment', id: paymentId, facts, lines: [] };
    }
  }
}

function usageFacts(use: UsageEvent): TraceNode['facts'] {
  const tokens = `${use.inputTokens} in (${use.cacheReadTokens} cached, ${use.cacheWriteTokens} written), ${use.outputTokens} out (${use.reasoningTokens} reasoning)`;
  return {
    account: use.accountId,
    model: `${use.provider} ${use.model}, ${use.serviceTier}, ${use.status}`,
    tokens,
    used: formatInstant(use.occurredAt),
    trace: use.traceId,
  };
}

function costFacts(cost: CostEvent): TraceNode['facts'] {
  return {
    amount: money(cost),
    ...(cost.suspenseReason === null ? {} : { suspense: cost.suspenseReason }),
    ...(cost.amends === null ? {} : { completes: cost.amends }),
    ...(cost.priceBookId === null ? {} : { prices: `${cost.priceBookId} version ${cost.priceBookVersion}` }),
    allocation: cost.allocationMethod,
  };
}

function chargeFacts(charge: Charge): TraceNode['facts'] {
  return {
    amount: money(charge),
    what: `${charge.kind}, ${charge.status}, line ${charge.lineClass}`,
    ...(charge.suspenseReason === null ? {} : { suspense: charge.suspenseReason }),
    ...(charge.amends === null ? {} : { completes: charge.amends }),
    ...(charge.contractId === null
      ? {}
      : { contract: `${charge.contractId} version ${charge.contractVersion}` }),
    ...(charge.priceBookId === null
      ? {}
      : { prices: `${charge.priceBookId} version ${charge.priceBookVersion}` }),
  };
}

function entryFacts(entry: JournalEntry): TraceNode['facts'] {
  return { kind: entry.kind, reference: entry.reference, booked: formatInstant(entry.bookedAt) };
}

function invoiceFacts(invoice: Invoice): TraceNode['facts'] {
  const { status, version, currency, issuedAt } = invoice;
  return {
    status: `${status}, version ${version}${issuedAt === null ? '' : `, issued ${formatInstant(issuedAt)}`}`,
    period: `${invoice.billingPeriod} (${formatInstant(invoice.periodStart)} to ${formatInstant(invoice.periodEnd)})`,
    exact: `${formatAmount(invoice.exactTotal)} ${currency}`,
    total: `${formatAmount(invoice.total)} ${currency} (rounding ${formatAmount(invoice.roundingTotal)})`,
  };
}

function invoiceLine(line: Invoice['lines'][number]): TraceNode {
  return leaf('line', line.lineClass, {
    exact: formatAmount(line.exactAmount),
    amount: `${formatAmount(line.amount)} (rounding ${formatAmount(line.rounding)})`,
    charges: String(line.charges),
  });
}

function componentLine(item: string, component: Omit<Charge['components'][number], 'item'>): TraceNode {
  const { quantity, unitPrice, amount } = component;
  return leaf(item, `${quantity} x ${formatAmount(unitPrice)} = ${formatAmount(amount)}`);
}

function postingLine({ ledgerAccount, side, amount, grantId }: JournalEntry['postings'][number]): TraceNode {
  return leaf(
    side,
    `${ledgerAccount} ${formatAmount(amount)}${grantId === null ? '' : ` (grant ${grantId})`}`,
  );
}

function money({ amount, currency }: Pick<Charge, 'amount' | 'currency'>): string {
  return `${formatAmount(amount)} ${currency}`;
}
