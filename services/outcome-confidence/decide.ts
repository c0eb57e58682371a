/**
 * What follows from each input: a decision, a refusal, or nothing but waiting.
 *
 * Boundary: reads the desk and never writes it; `evolve.ts` does, from the same rules.
 *
 * Invariants:
 *  1. A claim is decided once, by its first verification or by the first tick at or after its deadline.
 *  2. A claim, a verification and a definition give the same decision in whatever order they arrive. What comes too
 *     early is kept and refused for now, so that somebody sees what is missing.
 */
import type { AccountId } from '../../schemas/ids.ts';
import type { Instant } from '../../schemas/instant.ts';
import type { RefusalCode } from '../../schemas/refusals.ts';
import { boundDefinition, casesWaitingFor, definitionFor } from './binding.ts';
import { caseOf, isPlausible, knownCase, sameClaim } from './case.ts';
import { decisionOnEvidence, decisionOnTimeout } from './decision.ts';
import { definitionProblem, hasRoom, sameDefinition } from './definitions.ts';
import { evidenceOf, evidenceProblem } from './evidence.ts';
import { caseKey, definitionKey } from './keys.ts';
import type { Decided, Desk, InputOf, OutcomeInput, Refused } from './model.ts';

/** One tick decides at most this many overdue claims; the rest follows with the next one. */
export const overduePerTickMax = 20_000;

type Answers = readonly (Decided | Refused)[];

export function decide(desk: Desk, input: OutcomeInput): Answers {
  switch (input.topic) {
    case 'outcome-definitions':
      return decideDefinition(desk, input);
    case 'outcome-claims':
      return decideClaim(desk, input);
    case 'outcome-verifications':
      return decideVerification(desk, input);
    case 'clock-ticks':
      return decideTick(desk, input);
  }
}

function decideDefinition(desk: Desk, { value, streamTime }: InputOf<'outcome-definitions'>): Answers {
  const { outcomeType, version } = value;
  const about = { accountId: null, recordId: `${outcomeType}/${version}` };
  const field = definitionProblem(value);
  if (field !== null) return [refuse('invalid_value', { ...about, field })];
  const known = desk.definitions.get(definitionKey(outcomeType, version));
  if (known !== undefined) {
    return [
      refuse(sameDefinition(known, value) ? 'duplicate' : 'version_conflict', { ...about, field: 'version' }),
    ];
  }
  if (!hasRoom(desk.timelines.get(outcomeType))) {
    return [refuse('versions_exhausted', { ...about, field: 'version' })];
  }
  return casesWaitingFor(desk, value).flatMap((open) => {
    const evidence = desk.evidence.get(caseKey(open));
    return evidence === undefined ? [] : [decisionOnEvidence(open, value, { evidence, streamTime })];
  });
}

function decideClaim(desk: Desk, { value, streamTime }: InputOf<'outcome-claims'>): Answers {
  const about = { accountId: value.accountId, recordId: value.claimId };
  if (!isPlausible(value.claimedAt))
    return [refuse('timestamp_implausible', { ...about, field: 'claimedAt' })];
  const known = knownCase(desk, value);
  if (known !== undefined) {
    return [refuse(sameClaim(known, value) ? 'duplicate' : 'conflict', { ...about, field: 'claimId' })];
  }
  const definition = definitionFor(desk, value);
  if (definition === undefined) return [refuse('outcome_unknown', { ...about, field: 'outcomeType' })];
  const evidence = desk.evidence.get(caseKey(value));
  return evidence === undefined
    ? []
    : [decisionOnEvidence(caseOf(value), definition, { evidence, streamTime })];
}

function decideVerification(desk: Desk, input: InputOf<'outcome-verifications'>): Answers {
  const { value, streamTime } = input;
  const known = knownCase(desk, value);
  const about = { accountId: value.accountId, recordId: value.verificationId };
  const problem = evidenceProblem(known, desk.evidence.get(caseKey(value)), value);
  if (problem !== null) {
    return [
      refuse(problem, { ...about, field: problem === 'confidence_out_of_range' ? 'confidence' : null }),
    ];
  }
  if (known === undefined) return [refuse('claim_unknown', { ...about, field: 'claimId' })];
  if (known.definitionVersion === null) return [refuse('outcome_unknown', { ...about, field: null })];
  return [
    decisionOnEvidence(known, boundDefinition(desk, known), { evidence: evidenceOf(input), streamTime }),
  ];
}

function decideTick(desk: Desk, { streamTime, value, cause }: InputOf<'clock-ticks'>): Answers {
  const now: Instant = streamTime ?? value.time;
  return desk.cases
    .due(now)
    .slice(0, overduePerTickMax)
    .map((key) => desk.cases.get(key))
    .filter((overdue) => overdue !== undefined)
    .map((overdue) => decisionOnTimeout(overdue, boundDefinition(desk, overdue), { now, cause }));
}

interface About {
  readonly accountId: AccountId | null;
  readonly recordId: string;
  readonly field: string | null;
}

const MESSAGES: Readonly<Partial<Record<RefusalCode, string>>> = {
  invalid_value: 'the definition has a value that is not understood',
  version_conflict: 'this version says something else already',
  versions_exhausted: 'the outcome has as many versions as are kept',
  timestamp_implausible: 'the claim is not from these years',
  duplicate: 'the same came before',
  conflict: 'the same id came before with other content',
  outcome_unknown: 'kept until a definition of the outcome is in force at the time of the claim',
  claim_unknown: 'kept until the claim arrives',
  claim_already_decided: 'another verification or the deadline came first',
  confidence_out_of_range: 'the confidence is not between 0 and 1',
};

function refuse(code: RefusalCode, about: About): Refused {
  return { topic: 'rejected', code, message: MESSAGES[code] ?? code, ...about };
}
