/**
 * A case: a claim and how far its decision is.
 *
 * Invariants:
 *  1. A case is decided once.
 *  2. Of two claims with one id the first stands; the second is a duplicate or a conflict.
 */
import type { OutcomeCase } from '../../schemas/generated/outcome-case.ts';
import type { OutcomeClaim } from '../../schemas/generated/outcome-claim.ts';
import { type Instant, parseInstant } from '../../schemas/instant.ts';
import { caseKey } from './keys.ts';
import type { Desk } from './model.ts';

const claimedFrom = parseInstant('2020-01-01T00:00:00Z');
const claimedBefore = parseInstant('2200-01-01T00:00:00Z');

/** Seconds or microseconds sent as milliseconds land far outside of these years. */
export function isPlausible(claimedAt: Instant): boolean {
  return claimedAt >= claimedFrom && claimedAt < claimedBefore;
}

export function caseOf(claim: OutcomeClaim): OutcomeCase {
  return {
    claimId: claim.claimId,
    accountId: claim.accountId,
    outcomeType: claim.outcomeType,
    caseId: claim.caseId,
    traceId: claim.traceId,
    projectId: claim.projectId,
    costCentre: claim.costCentre,
    claimedAt: claim.claimedAt,
    definitionVersion: null,
    deadlineAt: null,
    decided: false,
    verificationId: null,
    confidence: null,
    evidenceHash: null,
  };
}

export function sameClaim(known: OutcomeCase, claim: OutcomeClaim): boolean {
  return (
    known.outcomeType === claim.outcomeType &&
    known.caseId === claim.caseId &&
    known.traceId === claim.traceId &&
    known.projectId === claim.projectId &&
    known.costCentre === claim.costCentre &&
    known.claimedAt === claim.claimedAt
  );
}

export function knownCase(desk: Desk, ids: Parameters<typeof caseKey>[0]): OutcomeCase | undefined {
  const key = caseKey(ids);
  return desk.cases.get(key) ?? desk.undefinedCases.get(key);
}
