/** Outcome decisions as rows of `outcome_decisions`. */
import type { OutcomeDecision } from '../../../schemas/generated/outcome-decision.ts';
import { causeColumns, tableOf } from '../table.ts';

export const outcomeDecisionsTable = tableOf<OutcomeDecision>('outcome_decisions', [
  ['decision_id', (out, decision) => out.text(decision.decisionId)],
  ['claim_id', (out, decision) => out.text(decision.claimId)],
  ['account_id', (out, decision) => out.text(decision.accountId)],
  ['outcome_type', (out, decision) => out.text(decision.outcomeType)],
  ['case_id', (out, decision) => out.text(decision.caseId)],
  ['project_id', (out, decision) => out.text(decision.projectId)],
  ['cost_centre', (out, decision) => out.text(decision.costCentre)],
  ['bucket', (out, decision) => out.text(decision.bucket)],
  ['billable', (out, decision) => out.flag(decision.billable)],
  ['basis', (out, decision) => out.text(decision.basis)],
  ['reason', (out, decision) => out.text(decision.reason)],
  ['confidence', (out, decision) => out.amountOrNull(decision.confidence)],
  ['definition_version', (out, decision) => out.integer(decision.definitionVersion)],
  ['policy_version', (out, decision) => out.text(decision.policyVersion)],
  ['claimed_at', (out, decision) => out.instant(decision.claimedAt)],
  ['decided_at', (out, decision) => out.instant(decision.decidedAt)],
  ...causeColumns<OutcomeDecision>(),
]);
