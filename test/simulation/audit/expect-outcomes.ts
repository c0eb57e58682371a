/**
 * What must become of every claim: the first verification within the window decides, or the deadline does.
 *
 * Boundary: as `expect-uses.ts`. Holds for paced runs, where it is not chance which of tick and verification comes first.
 */

import type { OutcomeClaim } from '../../../schemas/generated/outcome-claim.ts';
import type { Criterion, OutcomeDefinition } from '../../../schemas/generated/outcome-definition.ts';
import type { OutcomeVerification } from '../../../schemas/generated/outcome-verification.ts';
import { UNIT } from './arithmetic.ts';
import type { AuditInput, Staged } from './input.ts';

export interface ExpectedDecision {
  readonly claim: OutcomeClaim;
  readonly bucket: 'auto' | 'review' | 'reject';
  readonly basis: 'verification' | 'fallback';
  /** The stage in which it is decided. */
  readonly stage: number;
}

export function claimKey(accountId: string, claimId: string): string {
  return `${accountId} ${claimId}`;
}

/** Decisions that must have been made, by account and claim. A claim that is still open is not among them. */
export function expectDecisions(input: AuditInput): ReadonlyMap<string, ExpectedDecision> {
  const claims = new Map<string, Staged<OutcomeClaim>>();
  for (const claim of input.claims) {
    const key = claimKey(claim.value.accountId, claim.value.claimId);
    if (!claims.has(key)) claims.set(key, claim);
  }
  const found = new Map<string, Staged<OutcomeVerification>>();
  for (const verification of input.verifications) {
    const { accountId, claimId, confidence } = verification.value;
    const key = claimKey(accountId, claimId);
    if (confidence >= 0n && confidence <= UNIT && !found.has(key)) found.set(key, verification);
  }
  const decisions = new Map<string, ExpectedDecision>();
  for (const [key, claim] of claims) {
    const definition = input.definitions.get(claim.value.outcomeType);
    const decision = definition && decisionOf(input, claim, { definition, found: found.get(key) });
    if (decision) decisions.set(key, decision);
  }
  return decisions;
}

function decisionOf(
  input: AuditInput,
  { value: claim, stage }: Staged<OutcomeClaim>,
  known: { definition: OutcomeDefinition; found: Staged<OutcomeVerification> | undefined },
): ExpectedDecision | null {
  const { definition, found } = known;
  if (found !== undefined) {
    const bucket = bucketOf(definition, found.value);
    return { claim, bucket, basis: 'verification', stage: Math.max(stage, found.stage) };
  }
  const deadline = claim.claimedAt + definition.verificationWindowMs;
  const overdue = input.streamTimes.findIndex(
    (time, at) => at >= stage && time !== null && time !== undefined && time >= deadline,
  );
  if (overdue < 0) return null;
  const bucket = definition.fallbackAction === 'charge_base_rate' ? 'auto' : 'reject';
  return { claim, bucket, basis: 'fallback', stage: overdue };
}

function bucketOf(definition: OutcomeDefinition, found: OutcomeVerification): ExpectedDecision['bucket'] {
  const { fields, qualityScore, confidence } = found;
  if (definition.requiredFields.some((name) => !fields[name])) return 'reject';
  if (!isMet(definition.criteria, fields)) return 'reject';
  const minimum = definition.minimumQualityScore;
  if (minimum !== null && (qualityScore === null || qualityScore < minimum)) return 'reject';
  if (confidence > definition.autoAbove) return 'auto';
  return confidence >= definition.reviewFrom ? 'review' : 'reject';
}

function isMet(
  { operator, field, values, children }: Criterion,
  fields: OutcomeVerification['fields'],
): boolean {
  const actual = fields[field ?? ''];
  switch (operator) {
    case 'and':
      return children.every((child) => isMet(child, fields));
    case 'equals':
    case 'in':
      return actual !== undefined && values.includes(actual);
    case 'greater_than':
      return Number(actual) > Number(values[0]);
    case 'at_least':
      return Number(actual) >= Number(values[0]);
    default:
      throw new Error(`the auditor does not know ${operator}`);
  }
}
