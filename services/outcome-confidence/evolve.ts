/**
 * How the desk changes: definitions are added, claims opened and closed, evidence kept until it can be used.
 *
 * Invariant: evidence is on the desk only while its claim cannot be decided; a decided case remembers what it was.
 */
import type { OutcomeDecision } from '../../schemas/generated/outcome-decision.ts';
import { bound, casesWaitingFor, definitionFor } from './binding.ts';
import { caseOf, isPlausible, knownCase } from './case.ts';
import { definitionProblem, hasRoom, withVersion } from './definitions.ts';
import { evidenceOf, evidenceProblem, rememberedEvidence } from './evidence.ts';
import { caseKey, definitionKey } from './keys.ts';
import type { Decided, Desk, InputOf, OutcomeInput } from './model.ts';

export function evolve(desk: Desk, fact: OutcomeInput | Decided): void {
  switch (fact.topic) {
    case 'outcome-definitions':
      evolveDefinition(desk, fact);
      break;
    case 'outcome-claims':
      evolveClaim(desk, fact);
      break;
    case 'outcome-verifications':
      evolveVerification(desk, fact);
      break;
    case 'outcome-decisions':
      evolveDecision(desk, fact.value);
      break;
    case 'clock-ticks':
      break;
  }
}

function evolveDefinition(desk: Desk, { value }: InputOf<'outcome-definitions'>): void {
  const key = definitionKey(value.outcomeType, value.version);
  const timeline = desk.timelines.get(value.outcomeType);
  if (definitionProblem(value) !== null || desk.definitions.get(key) !== undefined) return;
  if (!hasRoom(timeline)) return;
  desk.definitions.set(key, value);
  desk.timelines.set(value.outcomeType, withVersion(timeline, value));
  for (const waiting of casesWaitingFor(desk, value)) {
    desk.undefinedCases.delete(caseKey(waiting));
    desk.cases.set(caseKey(waiting), bound(waiting, value));
  }
}

function evolveClaim(desk: Desk, { value }: InputOf<'outcome-claims'>): void {
  if (!isPlausible(value.claimedAt) || knownCase(desk, value) !== undefined) return;
  const definition = definitionFor(desk, value);
  if (definition === undefined) desk.undefinedCases.set(caseKey(value), caseOf(value));
  else desk.cases.set(caseKey(value), bound(caseOf(value), definition));
}

function evolveVerification(desk: Desk, input: InputOf<'outcome-verifications'>): void {
  const key = caseKey(input.value);
  const known = knownCase(desk, input.value);
  if (evidenceProblem(known, desk.evidence.get(key), input.value) !== null) return;
  if (known === undefined || known.definitionVersion === null) desk.evidence.set(key, evidenceOf(input));
  else desk.cases.set(key, { ...known, ...rememberedEvidence(input.value) });
}

function evolveDecision(desk: Desk, decision: OutcomeDecision): void {
  const key = caseKey(decision);
  const open = desk.cases.get(key);
  if (open === undefined) throw new Error(`${decision.decisionId}: decided without a claim`);
  const waited = desk.evidence.get(key);
  if (waited !== undefined) desk.evidence.delete(key);
  const evidence = waited === undefined ? {} : rememberedEvidence(waited);
  desk.cases.set(key, { ...open, ...evidence, decided: true, deadlineAt: null });
}
