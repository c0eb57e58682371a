/**
 * Claims over the whole range of confidence, and payments that repeat, fail, are refunded and come out of order.
 *
 * Boundary: pure and seeded, like `uses.ts`. A verification comes before the deadline of its claim or never, because in
 * between it would be chance whether the tick or the verification is read first.
 */
import type { Random } from '../../infra/main-job/random.ts';
import type { Customer } from '../../infra/main-job/world.ts';
import { parseAmount } from '../../schemas/amount.ts';
import type { OutcomeClaim } from '../../schemas/generated/outcome-claim.ts';
import type { OutcomeVerification } from '../../schemas/generated/outcome-verification.ts';
import type { PaymentEvent } from '../../schemas/generated/payment-event.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import type { Publication } from '../../topology/publication.ts';
import type { Sending, World } from './timeline.ts';

const SECOND_MS = 1_000;
const EDGES = ['0', '0.699999999999', '0.7', '0.9', '0.900000000001', '1', '-0.1', '1.000000000001'];
const PASSING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ticket_resolved: { status: 'closed', customer_satisfaction: '4' },
  lead_generated: { lead_status: 'qualified', email: 'a@example.com', company: 'A', job_title: 'CTO' },
  document_translated: { pages: '12' },
};

export function facts(world: World, random: Random): readonly Sending[] {
  return world.people.flatMap((customer) => [
    ...(customer.contract.outcomePlan !== null || random.chance(100)
      ? outcomes(customer, world, random)
      : []),
    ...payments(customer, world, random),
  ]);
}

function outcomes({ account }: Customer, world: World, random: Random): readonly Sending[] {
  const sendings: Sending[] = [];
  for (let index = random.below(8); index > 0; index -= 1) {
    // Half a second past, so that no deadline falls on a tick.
    const second = Math.floor((world.from + random.below(world.until - world.from)) / SECOND_MS);
    const claimedAt = instantOfMillis(second * SECOND_MS + 500);
    const claim: OutcomeClaim = {
      claimId: `claim-${index}`,
      accountId: account.accountId,
      outcomeType: random.pick(Object.keys(PASSING)),
      caseId: `case-${index}`,
      traceId: null,
      projectId: null,
      costCentre: 'cc-1',
      claimedAt,
    };
    const found = verificationOf(claim, random);
    const all: Publication[] = [{ topic: 'outcome-claims', value: claim }];
    if (random.chance(80)) all.push({ topic: 'outcome-claims', value: claim });
    if (random.chance(40)) all.push({ topic: 'outcome-claims', value: { ...claim, caseId: 'another' } });
    if (!random.chance(150)) {
      all.push({ topic: 'outcome-verifications', value: found });
      if (random.chance(100)) all.push({ topic: 'outcome-verifications', value: found });
      if (random.chance(60)) {
        const other = { ...verificationOf(claim, random), verificationId: `${found.verificationId}-again` };
        all.push({ topic: 'outcome-verifications', value: other });
      }
    }
    // All in one second, since the shortest window is half a minute; a claim of its own group may cross.
    for (const publication of all) {
      const group = `${publication.topic} ${account.accountId} ${index}`;
      sendings.push({ at: claimedAt + random.below(SECOND_MS), group, publication });
    }
  }
  return sendings;
}

function verificationOf(claim: OutcomeClaim, random: Random): OutcomeVerification {
  return {
    verificationId: `verification-${claim.claimId}`,
    claimId: claim.claimId,
    accountId: claim.accountId,
    confidence: parseAmount(random.chance(350) ? random.pick(EDGES) : `${random.below(10_001)}e-4`),
    qualityScore: parseAmount(`${random.below(101)}e-2`),
    fields: random.chance(80) ? { status: 'open' } : (PASSING[claim.outcomeType] ?? {}),
    verifier: 'crm-webhook',
    verifierVersion: '1',
    evidenceHash: `sha256:${claim.claimId}`,
    verifiedAt: instantOfMillis(claim.claimedAt + 1),
  };
}

function payments({ account, currency }: Customer, world: World, random: Random): readonly Sending[] {
  const sendings: Sending[] = [];
  for (let index = random.below(4); index > 0; index -= 1) {
    const units = (5 + random.below(50)) * currency.perDollar;
    const at = world.from + random.below(world.until - world.from);
    const paid: PaymentEvent = {
      paymentId: `pay-${index}`,
      accountId: account.accountId,
      provider: 'stripe',
      providerEventId: `event-${index}`,
      kind: 'succeeded',
      amount: parseAmount(String(units)),
      currency: currency.code,
      verified: !random.chance(30),
      occurredAt: instantOfMillis(at),
    };
    const part = parseAmount(String(1 + random.below(units)));
    const all: PaymentEvent[] = [paid];
    if (random.chance(200)) all.push(paid);
    if (random.chance(50)) all.push({ ...paid, amount: parseAmount(String(units + 1)) });
    if (random.chance(100)) all.push({ ...paid, kind: 'failed', providerEventId: `event-${index}-f` });
    for (let refund = random.chance(200) ? 1 + random.below(2) : 0; refund > 0; refund -= 1) {
      const providerEventId = `event-${index}-r${refund}`;
      all.push({ ...paid, kind: 'refunded', providerEventId, amount: part, verified: true });
    }
    for (const value of random.shuffle(all)) {
      const group = `payment ${account.accountId} ${index}`;
      sendings.push({ at, group, publication: { topic: 'payment-events', value } });
    }
  }
  return sendings;
}
