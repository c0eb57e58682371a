/** Facts of the outcome-confidence tests as short sentences, and its answers as text. */
import { parseAmount } from '../../../schemas/amount.ts';
import type { OutcomeClaim } from '../../../schemas/generated/outcome-claim.ts';
import type { Criterion, OutcomeDefinition } from '../../../schemas/generated/outcome-definition.ts';
import type { OutcomeVerification } from '../../../schemas/generated/outcome-verification.ts';
import { parseAccountId } from '../../../schemas/ids.ts';
import { parseInstant } from '../../../schemas/instant.ts';
import { outcomeConfidence } from '../../../services/outcome-confidence/processor.ts';
import { type Scenario, scenario } from '../../support/scenario.ts';

export type Fact = (world: Scenario) => Scenario['written'];

export const CLAIMED = parseInstant('2026-03-10T12:00:00Z');
const ACCOUNT = parseAccountId('acme');
const HOUR_MS = 3_600_000;

export function outcomeWorld(): Scenario {
  return scenario(outcomeConfidence, CLAIMED);
}

/** A criterion that is always met. */
export const NOTHING: Criterion = { operator: 'and', field: null, values: [], children: [] };

export function leaf(field: string, operator: string, ...values: string[]): Criterion {
  return { operator, field, values, children: [] };
}

export function node(operator: string, ...children: Criterion[]): Criterion {
  return { operator, field: null, values: [], children };
}

/** Resolved tickets: verified within 24 hours, else the base rate is charged (document 000, section 2.3). */
export const RESOLVED: OutcomeDefinition = {
  outcomeType: 'ticket_resolved',
  version: 1,
  effectiveAt: parseInstant('2026-01-01T00:00:00Z'),
  validationMethod: 'webhook_callback',
  criteria: NOTHING,
  requiredFields: [],
  minimumQualityScore: null,
  verificationWindowMs: 24 * HOUR_MS,
  fallbackAction: 'charge_base_rate',
  autoAbove: parseAmount('0.9'),
  reviewFrom: parseAmount('0.7'),
  policyVersion: 'policy-1',
};

export function definition(more: Partial<OutcomeDefinition> = {}): Fact {
  return (world) => world.take('outcome-definitions', { ...RESOLVED, ...more });
}

export function claim(claimId = 'c1', more: Partial<OutcomeClaim> = {}): Fact {
  const value: OutcomeClaim = {
    claimId,
    accountId: ACCOUNT,
    outcomeType: 'ticket_resolved',
    caseId: `case-${claimId}`,
    traceId: null,
    projectId: 'support',
    costCentre: 'cc-7',
    claimedAt: CLAIMED,
    ...more,
  };
  return (world) => world.take('outcome-claims', value);
}

export function verification(
  confidence: string,
  more: Partial<OutcomeVerification> = {},
  claimId = 'c1',
): Fact {
  const value: OutcomeVerification = {
    verificationId: `v-${claimId}`,
    claimId,
    accountId: ACCOUNT,
    confidence: parseAmount(confidence),
    qualityScore: null,
    fields: {},
    verifier: 'desk',
    verifierVersion: '1',
    evidenceHash: 'sha256:00',
    verifiedAt: CLAIMED,
    ...more,
  };
  return (world) => world.take('outcome-verifications', value);
}

export function tick(text: string): Fact {
  return (world) => world.tick(parseInstant(text));
}

/** For instance `c1 auto billable confidence_auto`, or `refused duplicate c1`. */
export function readable(answers: Scenario['written']): readonly string[] {
  return answers.flatMap((answer) => {
    if (answer.topic === 'rejected') return [`refused ${answer.code} ${answer.recordId}`];
    if (answer.topic !== 'outcome-decisions') return [];
    const { claimId, bucket, billable, reason } = answer.value;
    return [`${claimId} ${bucket} ${billable ? 'billable' : 'free'} ${reason}`];
  });
}
