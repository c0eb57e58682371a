import { describe, expect, test } from 'vitest';
import { parseAmount as amount } from '../../../schemas/amount.ts';
import { parseInstant } from '../../../schemas/instant.ts';
import { CLAIMED, claim, definition, outcomeWorld, readable, tick, verification } from './facts.ts';
import { rows } from './table.ts';

const AUTO = 'c1 auto billable confidence_auto';

describe('a claim', () => {
  rows([
    { name: 'waits for its verification', given: [definition()], when: claim(), answers: [] },
    {
      name: 'is decided at once when its verification is there already',
      given: [definition(), verification('0.95')],
      when: claim(),
      answers: [AUTO],
    },
    {
      name: 'of an outcome that nobody defined is kept, and says so',
      given: [],
      when: claim(),
      answers: ['refused outcome_unknown c1'],
    },
    {
      name: 'older than the definition has no definition',
      given: [definition({ effectiveAt: parseInstant('2026-03-10T12:00:00.001Z') })],
      when: claim(),
      answers: ['refused outcome_unknown c1'],
    },
    {
      name: 'as old as the definition has it',
      given: [definition({ effectiveAt: CLAIMED }), verification('0.95')],
      when: claim(),
      answers: [AUTO],
    },
    {
      name: 'sent again is a duplicate',
      given: [definition(), claim()],
      when: claim(),
      answers: ['refused duplicate c1'],
    },
    {
      name: 'sent again after its decision is a duplicate',
      given: [definition(), claim(), verification('0.95')],
      when: claim(),
      answers: ['refused duplicate c1'],
    },
    ...[
      { outcomeType: 'other' },
      { caseId: 'other' },
      { traceId: 'other' },
      { projectId: null },
      { costCentre: null },
      { claimedAt: parseInstant('2026-03-10T12:00:01Z') },
    ].map((other) => ({
      name: `with the same id and another ${Object.keys(other)[0]} is a conflict`,
      given: [definition(), claim()],
      when: claim('c1', other),
      answers: ['refused conflict c1'],
    })),
    {
      name: 'sent again while its definition is missing is a duplicate',
      given: [claim()],
      when: claim(),
      answers: ['refused duplicate c1'],
    },
    {
      name: 'dated in seconds is refused',
      given: [definition()],
      when: claim('c1', { claimedAt: parseInstant('1970-01-21T12:00:00Z') }),
      answers: ['refused timestamp_implausible c1'],
    },
    {
      name: 'dated in the far future is refused',
      given: [definition()],
      when: claim('c1', { claimedAt: parseInstant('2200-01-01T00:00:00Z') }),
      answers: ['refused timestamp_implausible c1'],
    },
  ]);
});

describe('a verification', () => {
  rows([
    {
      name: 'before its claim is kept, and says so',
      given: [definition()],
      when: verification('0.95'),
      answers: ['refused claim_unknown v-c1'],
    },
    {
      name: 'of a claim without a definition is kept, and says so',
      given: [claim()],
      when: verification('0.95'),
      answers: ['refused outcome_unknown v-c1'],
    },
    {
      name: 'sent again while it waits is a duplicate',
      given: [definition(), verification('0.95')],
      when: verification('0.95'),
      answers: ['refused duplicate v-c1'],
    },
    {
      name: 'that is second while the first waits is too late',
      given: [definition(), verification('0.95')],
      when: verification('0.1', { verificationId: 'v2' }),
      answers: ['refused claim_already_decided v2'],
    },
    {
      name: 'of a decided claim is too late',
      given: [definition(), claim(), verification('0.95')],
      when: verification('0.1', { verificationId: 'v2' }),
      answers: ['refused claim_already_decided v2'],
    },
    {
      name: 'sent again after the decision is a duplicate',
      given: [definition(), claim(), verification('0.95')],
      when: verification('0.95'),
      answers: ['refused duplicate v-c1'],
    },
    {
      name: 'that waited and is sent again after the decision is a duplicate',
      given: [definition(), verification('0.95'), claim()],
      when: verification('0.95'),
      answers: ['refused duplicate v-c1'],
    },
    {
      name: 'with the same id and another confidence is a conflict',
      given: [definition(), claim(), verification('0.95')],
      when: verification('0.96'),
      answers: ['refused conflict v-c1'],
    },
    {
      name: 'with the same id and other evidence is a conflict',
      given: [definition(), claim(), verification('0.95')],
      when: verification('0.95', { evidenceHash: 'sha256:ff' }),
      answers: ['refused conflict v-c1'],
    },
    {
      name: 'after the fallback is too late',
      given: [definition(), claim(), tick('2026-03-11T12:00:00Z')],
      when: verification('0.95'),
      answers: ['refused claim_already_decided v-c1'],
    },
    {
      name: 'of a claim in review is too late, because a person decides now',
      given: [definition(), claim(), verification('0.8')],
      when: verification('0.95', { verificationId: 'v2' }),
      answers: ['refused claim_already_decided v2'],
    },
  ]);
});

describe('a definition', () => {
  rows([
    {
      name: 'decides the claims that waited for it, once verified',
      given: [claim('c2'), claim('c1'), verification('0.95', {}, 'c2'), verification('0.95')],
      when: definition(),
      answers: [AUTO, 'c2 auto billable confidence_auto'],
    },
    {
      name: 'that takes effect at the instant of the claim decides it',
      given: [claim(), verification('0.95')],
      when: definition({ effectiveAt: CLAIMED }),
      answers: [AUTO],
    },
    {
      name: 'lets a claim without a verification wait on',
      given: [claim()],
      when: definition(),
      answers: [],
    },
    {
      name: 'of another outcome decides nothing',
      given: [claim(), verification('0.95')],
      when: definition({ outcomeType: 'other' }),
      answers: [],
    },
    {
      name: 'that takes effect after the claim decides nothing',
      given: [claim(), verification('0.95')],
      when: definition({ effectiveAt: parseInstant('2026-04-01T00:00:00Z') }),
      answers: [],
    },
    {
      name: 'sent again is a duplicate',
      given: [definition()],
      when: definition(),
      answers: ['refused duplicate ticket_resolved/1'],
    },
    {
      name: 'with the same version and other content is refused',
      given: [definition()],
      when: definition({ policyVersion: 'policy-2' }),
      answers: ['refused version_conflict ticket_resolved/1'],
    },
  ]);

  test.each([
    ['validationMethod', { validationMethod: 'guess' }],
    ['criteria', { criteria: { operator: 'like', field: 'a', values: ['b'], children: [] } }],
    ['verificationWindowMs', { verificationWindowMs: 0 }],
    ['verificationWindowMs', { verificationWindowMs: 367 * 86_400_000 }],
    ['fallbackAction', { fallbackAction: 'charge_double' }],
    ['autoAbove', { autoAbove: amount('1.1') }],
    ['reviewFrom', { reviewFrom: amount('-0.1') }],
    ['reviewFrom', { reviewFrom: amount('0.91') }],
  ])('with a wrong %s is refused', (field, wrong) => {
    const world = outcomeWorld();
    expect(definition(wrong)(world)).toEqual([
      expect.objectContaining({ code: 'invalid_value', field, accountId: null }),
    ]);
    expect(readable(claim()(world))).toEqual(['refused outcome_unknown c1']);
  });
});

test('evidence is kept only until it is used', () => {
  const world = outcomeWorld();
  definition()(world);
  verification('0.95')(world);
  world.store.commit();
  expect(world.store.sizes()).toMatchObject({ evidence: 1, cases: 0 });
  claim()(world);
  world.store.commit();
  expect(world.store.sizes()).toMatchObject({ evidence: 0, cases: 1 });
});
