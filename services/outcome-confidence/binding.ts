/**
 * Rule: a claim is bound to the definition in force when it was claimed.
 *
 * Invariants:
 *  1. A case is bound when its claim is read or, failing that, when the definition arrives; once bound, it stays bound.
 *  2. A bound case that has no decision has a deadline.
 */
import type { OutcomeCase } from '../../schemas/generated/outcome-case.ts';
import type { OutcomeDefinition } from '../../schemas/generated/outcome-definition.ts';
import { instantOfMillis } from '../../schemas/instant.ts';
import { versionInForce } from './definitions.ts';
import { definitionKey } from './keys.ts';
import type { Desk } from './model.ts';

export function bound(open: OutcomeCase, { version, verificationWindowMs }: OutcomeDefinition): OutcomeCase {
  return {
    ...open,
    definitionVersion: version,
    deadlineAt: instantOfMillis(open.claimedAt + verificationWindowMs),
  };
}

/** The definition of a claim's outcome in force when it was claimed. */
export function definitionFor(
  desk: Pick<Desk, 'timelines' | 'definitions'>,
  { outcomeType, claimedAt }: Pick<OutcomeCase, 'outcomeType' | 'claimedAt'>,
): OutcomeDefinition | undefined {
  const version = versionInForce(desk.timelines.get(outcomeType), claimedAt);
  return version === null ? undefined : desk.definitions.get(definitionKey(outcomeType, version));
}

/** The definition that a case is bound to. */
export function boundDefinition(
  desk: Desk,
  { outcomeType, definitionVersion }: OutcomeCase,
): OutcomeDefinition {
  const definition =
    definitionVersion === null
      ? undefined
      : desk.definitions.get(definitionKey(outcomeType, definitionVersion));
  if (definition === undefined)
    throw new Error(`${outcomeType}: version ${definitionVersion} is bound but not there`);
  return definition;
}

/** The cases that wait for this very definition; no other is in force for them, or they would not wait. */
export function casesWaitingFor(desk: Desk, definition: OutcomeDefinition): readonly OutcomeCase[] {
  const cases: OutcomeCase[] = [];
  for (const key of desk.undefinedCases.keys()) {
    const waiting = desk.undefinedCases.get(key);
    if (waiting?.outcomeType !== definition.outcomeType) continue;
    if (definition.effectiveAt <= waiting.claimedAt) cases.push(waiting);
  }
  return cases;
}
