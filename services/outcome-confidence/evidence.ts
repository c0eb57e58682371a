/**
 * Rule: the first verification of a claim is its evidence; what comes after it is too late.
 *
 * Invariant: which one is first depends on the order of the verifications alone, not on when the claim or its
 * definition arrived.
 */
import { ZERO } from '../../schemas/amount.ts';
import type { OutcomeCase } from '../../schemas/generated/outcome-case.ts';
import type { OutcomeEvidence } from '../../schemas/generated/outcome-evidence.ts';
import type { OutcomeVerification } from '../../schemas/generated/outcome-verification.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';
import { ONE } from './definitions.ts';
import type { InputOf } from './model.ts';

type Evidence = Pick<OutcomeEvidence, 'verificationId' | 'confidence' | 'evidenceHash'>;

export function evidenceOf({ value, recordedAt, cause }: InputOf<'outcome-verifications'>): OutcomeEvidence {
  const { verificationId, claimId, accountId, confidence, qualityScore, fields, evidenceHash } = value;
  return {
    verificationId,
    claimId,
    accountId,
    confidence,
    qualityScore,
    fields,
    evidenceHash,
    recordedAt,
    cause,
  };
}

/** Why a verification is not taken as evidence, or null. */
export function evidenceProblem(
  known: OutcomeCase | undefined,
  waiting: OutcomeEvidence | undefined,
  verification: OutcomeVerification,
): RefusalCode | null {
  if (verification.confidence < ZERO || verification.confidence > ONE) return 'confidence_out_of_range';
  const first = known?.decided === true ? known : waiting;
  if (first === undefined) return null;
  if (first.verificationId !== verification.verificationId) return 'claim_already_decided';
  return sameEvidence(first, verification) ? 'duplicate' : 'conflict';
}

function sameEvidence(known: OutcomeCase | OutcomeEvidence, { confidence, evidenceHash }: Evidence): boolean {
  return known.confidence === confidence && known.evidenceHash === evidenceHash;
}

/** The evidence as the case remembers it. */
export function rememberedEvidence({ verificationId, confidence, evidenceHash }: Evidence): Evidence {
  return { verificationId, confidence, evidenceHash };
}
