/**
 * Outcome claims over the whole range of confidence, and payments that repeat and come out of order.
 *
 * Boundary: pure and seeded, like `usage.ts`; the exact edges of the buckets (0.7 and 0.9, O3) are always among them.
 */
import { parseAmount } from '../../schemas/amount.ts';
import type { OutcomeClaim } from '../../schemas/generated/outcome-claim.ts';
import type { OutcomeVerification } from '../../schemas/generated/outcome-verification.ts';
import type { PaymentEvent } from '../../schemas/generated/payment-event.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { Random } from './random.ts';
import type { Customer, JobPlan } from './world.ts';

const DAY_MS = 86_400_000;
const EDGES = ['0', '0.699999999999', '0.7', '0.9', '0.900000000001', '1'];
const OUTCOME_TYPES = ['ticket_resolved', 'lead_generated', 'document_translated'];
const CLAIMS_PER_ACCOUNT = 12;

const PASSING_FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ticket_resolved: { status: 'closed', customer_satisfaction: '4' },
  lead_generated: {
    lead_status: 'qualified',
    email: 'buyer@example.com',
    company: 'Example',
    job_title: 'CTO',
  },
  document_translated: { pages: '12' },
};

export interface OutcomeFeed {
  readonly claims: readonly OutcomeClaim[];
  readonly verifications: readonly OutcomeVerification[];
}

/** Claims and verifications are separate lists: each is published in its own shuffled order, so some cross. */
export function outcomes(plan: JobPlan, customers: readonly Customer[]): OutcomeFeed {
  const random = new Random(plan.seed + 2);
  const withPlan = customers.filter(({ contract }) => contract.outcomePlan !== null);
  const claims: OutcomeClaim[] = [];
  const verifications: OutcomeVerification[] = [];
  for (const { account } of withPlan) {
    for (let index = 0; index < CLAIMS_PER_ACCOUNT; index += 1) {
      const claim = claimOf({ plan, random, account, index });
      claims.push(claim);
      // One claim in ten is never verified; its window passes and the fallback decides (O5).
      if (!random.chance(100)) verifications.push(verificationOf(claim, random));
    }
  }
  return { claims: random.shuffle(claims), verifications: random.shuffle(verifications) };
}

function claimOf(draws: {
  readonly plan: JobPlan;
  readonly random: Random;
  readonly account: Customer['account'];
  readonly index: number;
}): OutcomeClaim {
  const { plan, random, account, index } = draws;
  return {
    claimId: `claim-${account.accountId}-${index}`,
    accountId: account.accountId,
    outcomeType: random.pick(OUTCOME_TYPES),
    caseId: `case-${account.accountId}-${index}`,
    traceId: null,
    projectId: `project-${random.below(3)}`,
    costCentre: `cc-${100 + random.below(8)}`,
    claimedAt: instantOfMillis(plan.anchor - 30 * DAY_MS + random.below(28) * DAY_MS + random.below(DAY_MS)),
  };
}

function verificationOf(claim: OutcomeClaim, random: Random): OutcomeVerification {
  const fails = random.chance(80);
  return {
    verificationId: `verification-${claim.claimId}`,
    claimId: claim.claimId,
    accountId: claim.accountId,
    confidence: parseAmount(random.chance(150) ? random.pick(EDGES) : `${random.below(10_001)}e-4`),
    qualityScore: parseAmount(`${random.below(101)}e-2`),
    fields: fails ? { status: 'open' } : (PASSING_FIELDS[claim.outcomeType] ?? {}),
    verifier: 'crm-webhook',
    verifierVersion: '3.1',
    evidenceHash: `sha256:${claim.claimId}`,
    verifiedAt: instantOfMillis(claim.claimedAt + 1_000),
  };
}

/** Two top-ups for most accounts; some repeated, some failed first, some refunded, in shuffled order. */
export function payments(plan: JobPlan, customers: readonly Customer[]): readonly PaymentEvent[] {
  const random = new Random(plan.seed + 3);
  const all: PaymentEvent[] = [];
  for (const { account, currency } of customers) {
    for (let index = 0; index < random.below(3); index += 1) {
      const payment: PaymentEvent = {
        paymentId: `pay-${account.accountId}-${index}`,
        accountId: account.accountId,
        provider: 'stripe',
        providerEventId: `evt-${account.accountId}-${index}`,
        kind: 'succeeded',
        amount: parseAmount(String((5 + random.below(50)) * currency.perDollar)),
        currency: currency.code,
        verified: true,
        occurredAt: instantOfMillis(plan.anchor - random.below(29) * DAY_MS),
      };
      all.push(payment);
      if (random.chance(100)) all.push(payment);
      if (random.chance(60))
        all.push({ ...payment, kind: 'refunded', providerEventId: `${payment.providerEventId}-r` });
    }
  }
  return random.shuffle(all);
}
