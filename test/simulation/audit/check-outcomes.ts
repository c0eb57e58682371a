/** Outcomes: every claim is decided once and as its definition says; what is billable is charged once. */
import type { Report } from './check-uses.ts';
import { claimKey, type ExpectedDecision } from './expect-outcomes.ts';
import type { Outputs } from './outputs.ts';

export function checkOutcomes(
  expected: ReadonlyMap<string, ExpectedDecision> | null,
  outputs: Outputs,
  report: Report,
): void {
  const found = new Map<string, string>();
  const billable = new Set<string>();
  for (const { accountId, claimId, bucket, basis, billable: isBillable, decisionId } of outputs.decisions) {
    const key = claimKey(accountId, claimId);
    if (found.has(key)) report('R2', `claim ${key} is decided twice`);
    found.set(key, `${bucket} by ${basis}`);
    if (isBillable !== (bucket === 'auto'))
      report('R2', `claim ${key}: ${bucket} and billable ${isBillable}`);
    if (isBillable) billable.add(`${accountId} ${decisionId}`);
  }
  for (const { accountId, decisionId, lineClass } of outputs.charges) {
    if (lineClass === 'outcome' && !billable.has(`${accountId} ${decisionId}`)) {
      report('R2', `${accountId} ${decisionId}: an outcome is charged that is not billable`);
    }
  }
  if (expected === null) return;
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const decision = expected.get(key);
    const must = decision === undefined ? 'open' : `${decision.bucket} by ${decision.basis}`;
    const is = found.get(key) ?? 'open';
    if (is !== must) report('R2', `claim ${key} is ${is}, must be ${must}`);
  }
}
