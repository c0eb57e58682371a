/**
 * The decision record of a case.
 *
 * Boundary: the verdict is made in `judge.ts`; here it is written down with what it stands on.
 *
 * Invariant: the cause is the evidence itself, or the tick that passed the deadline, whichever record came last. So the
 * same claim and verification give the same decision in either order.
 */
import type { OutcomeCase } from '../../schemas/generated/outcome-case.ts';
import type { Cause } from '../../schemas/generated/outcome-decision.ts';
import type { OutcomeDefinition } from '../../schemas/generated/outcome-definition.ts';
import type { OutcomeEvidence } from '../../schemas/generated/outcome-evidence.ts';
import type { Instant } from '../../schemas/instant.ts';
import { judge, judgeTimeout, type Verdict } from './judge.ts';
import type { Decided } from './model.ts';

export function decisionOnEvidence(
  open: OutcomeCase,
  definition: OutcomeDefinition,
  { evidence, streamTime }: { readonly evidence: OutcomeEvidence; readonly streamTime: Instant | null },
): Decided {
  return decision(open, definition, {
    ...judge(definition, evidence),
    basis: 'verification',
    confidence: evidence.confidence,
    decidedAt: streamTime ?? evidence.recordedAt,
    cause: evidence.cause,
  });
}

export function decisionOnTimeout(
  open: OutcomeCase,
  definition: OutcomeDefinition,
  { now, cause }: { readonly now: Instant; readonly cause: Cause },
): Decided {
  return decision(open, definition, {
    ...judgeTimeout(definition),
    basis: 'fallback',
    confidence: null,
    decidedAt: now,
    cause,
  });
}

interface Grounds extends Verdict {
  readonly basis: 'verification' | 'fallback';
  readonly confidence: OutcomeEvidence['confidence'] | null;
  readonly decidedAt: Instant;
  readonly cause: Cause;
}

function decision(open: OutcomeCase, definition: OutcomeDefinition, grounds: Grounds): Decided {
  const value = {
    decisionId: `decision:${open.accountId}:${open.claimId}`,
    claimId: open.claimId,
    accountId: open.accountId,
    outcomeType: open.outcomeType,
    caseId: open.caseId,
    projectId: open.projectId,
    costCentre: open.costCentre,
    bucket: grounds.bucket,
    billable: grounds.billable,
    basis: grounds.basis,
    reason: grounds.reason,
    confidence: grounds.confidence,
    definitionVersion: definition.version,
    policyVersion: definition.policyVersion,
    claimedAt: open.claimedAt,
    decidedAt: grounds.decidedAt,
    cause: grounds.cause,
  };
  return { topic: 'outcome-decisions', key: open.accountId, value };
}
