/**
 * Rule: the verdict on one claim, from its definition and what was verified (O3, O5).
 *
 * Invariants:
 *  1. Required fields, criteria and quality are looked at in this order and before the confidence: however sure
 *     a verifier is, an outcome that does not meet its definition is not billed.
 *  2. Confidence above `autoAbove` is billed; from `reviewFrom` up to `autoAbove`, both included, a person decides and
 *     nothing is billed yet; below, it is rejected.
 *  3. Bucket `auto` and billable always go together, also for a fallback.
 */
import type { OutcomeDefinition } from '../../schemas/generated/outcome-definition.ts';
import type { OutcomeEvidence } from '../../schemas/generated/outcome-evidence.ts';
import { fieldOf, meets } from './criteria.ts';

export interface Verdict {
  readonly bucket: 'auto' | 'review' | 'reject';
  readonly billable: boolean;
  readonly reason:
    | 'required_field_missing'
    | 'criteria_not_met'
    | 'quality_below_minimum'
    | 'confidence_auto'
    | 'confidence_review'
    | 'confidence_low'
    | 'verification_timeout';
}

export function judge(definition: OutcomeDefinition, evidence: OutcomeEvidence): Verdict {
  const { criteria, requiredFields, minimumQualityScore, autoAbove, reviewFrom } = definition;
  const { fields, qualityScore, confidence } = evidence;
  if (requiredFields.some((name) => fieldOf(fields, name) === undefined))
    return rejected('required_field_missing');
  if (!meets(criteria, fields)) return rejected('criteria_not_met');
  if (minimumQualityScore !== null && (qualityScore === null || qualityScore < minimumQualityScore)) {
    return rejected('quality_below_minimum');
  }
  if (confidence > autoAbove) return { bucket: 'auto', billable: true, reason: 'confidence_auto' };
  if (confidence >= reviewFrom) return { bucket: 'review', billable: false, reason: 'confidence_review' };
  return rejected('confidence_low');
}

/** No verification came in time: the definition says whether the base rate is charged all the same. */
export function judgeTimeout(definition: OutcomeDefinition): Verdict {
  return definition.fallbackAction === 'charge_base_rate'
    ? { bucket: 'auto', billable: true, reason: 'verification_timeout' }
    : rejected('verification_timeout');
}

function rejected(reason: Verdict['reason']): Verdict {
  return { bucket: 'reject', billable: false, reason };
}
